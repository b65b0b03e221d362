{{/* Another secret is another class, so that no running pod's files change under it. */}}
{{- define "databaseClass" -}}
{{ .Release.Name }}-database-{{ sha256sum .Values.database.secretArn | trunc 8 }}
{{- end }}
