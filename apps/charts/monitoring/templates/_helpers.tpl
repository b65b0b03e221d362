{{/* Labels of every object. */}}
{{- define "labels" -}}
app.kubernetes.io/name: sparki-{{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: sparki
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* What Alertmanager tells of a group: the alerts in it that fire, and of one in which none does those that have ended. */}}
{{- define "summaries" -}}
{{ `{{ range .Alerts.Firing }}{{ .Annotations.summary }} {{ end }}{{ if eq .Status "resolved" }}{{ range .Alerts.Resolved }}{{ .Annotations.summary }} {{ end }}{{ end }}` }}
{{- end }}
