import { openActions, wordsNotAllowed } from "../../../policies/declared/rendering.ts";

describe("wordsNotAllowed", () => {
  it.each([
    '{{ include "labels" . | nindent 4 }}',
    '{{ template "labels" $ }}',
    "{{- range $name, $json := .Values.dashboards }}{{ $name }}{{ $json | quote }}{{ . }}{{- end }}",
    "{{- with .Values.imagePullSecrets }}{{ toYaml . }}{{- end }}",
    "{{ (first .Values.list).name }}",
    "{{ $.Release.Name }}{{ .Chart.Name }}",
    '{{ `{{ .Anything }} lookup` }}{{ "}} now" }}{{/* tpl . */}}',
    "{{ if eq 1 1.5 }}{{ else if true }}{{ end }} {{- /* a */ -}}",
    "{{ range .Values.a }}{{ with .b }}{{ . }}{{ else }}{{ . }}{{ end }}{{ end }}",
  ])("lets pass %s", (template) => expect(wordsNotAllowed(template)).toEqual([]));

  it.each([
    ["{{ lookup }}", "lookup"],
    ["{{ .Release.IsUpgrade }}", ".Release.IsUpgrade"],
    ["{{ $x.Release }}", "$x.Release"],
    ["{{ toYaml . }}", ". as a value"],
    ["{{ toYaml $ }}", "$ as a value"],
    ["{{ . | toYaml }}", ". as a value"],
    ['{{ . | include "labels" }}', ". as a value"],
    ['{{ include "labels" (dict "a" .) }}', ". as a value"],
    ["{{ with . }}{{ end }}", ". as a value"],
    ["{{ with .Values.a }}{{ else }}{{ toYaml . }}{{ end }}", ". as a value"],
    ["{{ with .Values.a }}{{ else with . }}{{ end }}", ". as a value"],
    ["{{ range .Values.a }}{{ end }}{{ toYaml . }}", ". as a value"],
    ['{{ define "x" }}{{ toYaml . }}{{ end }}', ". as a value"],
    ["{{ range .Values.a }}{{ toYaml $ }}{{ end }}", "$ as a value"],
    ["{{ break }}", "break"],
    ["{{ ``}}{{ now }}", "now"],
    ["{{ now", "now"],
  ])("names in %s what it is not to use", (template, word) => expect(wordsNotAllowed(template)).toContain(word));
});

describe("openActions", () => {
  it("names the lines of actions that do not end, and of those that run into another", () => {
    expect(openActions("a: {{ .Values.a }\nb: {{ .Values.b }}\nc: {{ .Values.c")).toEqual([1, 3]);
  });

  it("finds none in braces of texts, comments and YAML", () => {
    expect(openActions('a: {b: {{ "}{" }}, c: {{- /* } { */ -}} {{ `{` }} }')).toEqual([]);
  });
});
