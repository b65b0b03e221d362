{{/* Labels that never change: what selects the pods of this track. */}}
{{- define "selectorLabels" -}}
app.kubernetes.io/name: sparki-{{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
sparki.tools/track: {{ .Values.track }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "labels" -}}
{{ include "selectorLabels" . }}
app.kubernetes.io/part-of: sparki
app.kubernetes.io/managed-by: {{ .Release.Service }}
sparki.tools/release: {{ .Values.release.id | quote }}
{{- end }}

{{/* Seconds that a leaving pod goes on serving: until the load balancer has noticed and open requests have ended. */}}
{{- define "preStopSeconds" -}}
{{ add .Values.shutdown.noticeSeconds .Values.deregistrationDelaySeconds }}
{{- end }}
