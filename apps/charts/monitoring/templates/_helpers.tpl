{{/* Labels of every object. */}}
{{- define "labels" -}}
app.kubernetes.io/name: sparki-{{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: sparki
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
