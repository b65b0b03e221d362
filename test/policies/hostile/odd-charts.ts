import { DEPLOYMENT, type Edit, edits, MONITORS, NETWORK, ROUTES, RULES, SERVICE } from "./chart-edits.ts";
import type { HostileChart } from "./charts.ts";

const PEER = "        - ipBlock: {cidr: {{ . }}}\n";
const peer = (title: string, cidr: string): Edit => [
  title,
  NETWORK,
  PEER,
  `        - ipBlock: {cidr: ${cidr}}\n`,
  "ingress",
];
const RESOURCES = "resources: {{- toYaml .Values.resources | nindent 12 }}";
const resources = (title: string, limits: string): Edit => [
  title,
  DEPLOYMENT,
  RESOURCES,
  `resources: {limits: ${limits}, requests: ${limits}}`,
  "resources",
];
const variable = (title: string, from: string, to: string): Edit => [title, DEPLOYMENT, from, to, "env"];
const LIVENESS = "livenessProbe:\n            httpGet: {path: /health, port: http}";
/** A Service that is declared, whose end tells the reader how to read what follows. */
const SERVICE_THEN_DIRECTIVE = `apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
  labels: {{- include "labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{- include "selectorLabels" . | nindent 4 }}
  ports: [{name: http, port: 8080, targetPort: http, protocol: TCP}]
...
%YAML 1.2
---
apiVersion: apps/v1
`;

const OF_PODS: readonly Edit[] = [
  peer("a network in octal", "012.050.0200.0/24"),
  peer("a network in hexadecimal", "0x0a.40.128.0/24"),
  peer("a network in three parts", "10.40.32768/24"),
  peer("a prefix with a nought", "10.40.128.0/024"),
  peer("a network with bits of a host", "10.40.128.7/24"),
  peer("a network in IPv6", "'::ffff:10.40.128.0/120'"),
  resources("no limits", "{}"),
  resources("limits of nothing", "{cpu: '0', memory: '0'}"),
  resources("limits of CPU alone", "{cpu: '1'}"),
  resources("limits that are empty", "{cpu: '', memory: ''}"),
  resources("limits in a list", "[]"),
  resources("limits of a whole data centre", "{cpu: '900', memory: 900Gi}"),
  resources("limits in bytes", "{cpu: '1', memory: '1'}"),
  resources("a limit of devices", "{cpu: '1', memory: 1Gi, nvidia.com/gpu: '1'}"),
  [
    "a liveness that asks what readiness asks",
    DEPLOYMENT,
    LIVENESS,
    LIVENESS.replace("/health", "/ready"),
    "livenessProbe",
  ],
  [
    "a readiness that asks what liveness asks",
    DEPLOYMENT,
    "{path: {{ .Values.readinessPath | quote }}, port: http}",
    "{path: /health, port: http}",
    "readinessProbe",
  ],
  variable("another track", "value: {{ .Values.track }}}", "value: one-box}"),
  variable("another release's id", "value: {{ .Values.release.id | quote }}}", "value: '1'}"),
  variable(
    "a variable twice",
    "            - {name: TRACK, value: {{ .Values.track }}}\n",
    "            - {name: TRACK, value: {{ .Values.track }}}\n            - {name: TRACK, value: {{ .Values.track }}}\n",
  ),
  variable("a variable too few", "            - {name: TRACK, value: {{ .Values.track }}}\n", ""),
  variable(
    "a variable from the node",
    "value: {{ .Values.track }}}",
    "valueFrom: {fieldRef: {fieldPath: status.hostIP}}}",
  ),
  ["a million pods", DEPLOYMENT, "spec:\n  {{- if", "spec:\n  replicas: 1000000\n  {{- if", "replicas"],
  [
    "a scale without an end",
    "templates/autoscaler.yaml",
    "maxReplicas: {{ .Values.maxReplicas }}",
    "maxReplicas: 100000",
    "maxReplicas",
  ],
  [
    "a leave of years",
    DEPLOYMENT,
    "terminationGracePeriodSeconds: {{",
    "terminationGracePeriodSeconds: 99999999 #{{",
    "terminationGracePeriodSeconds",
  ],
  ["a disk of the node", DEPLOYMENT, "sizeLimit: 64Mi", "sizeLimit: 64Ti", "volumes"],
  ["a volume without an end", DEPLOYMENT, "sizeLimit: 64Mi", "sizeLimit: ''", "volumes"],
  ["a volume of the node's memory", DEPLOYMENT, "sizeLimit: 64Mi", "sizeLimit: 64Mi, medium: Memory", "volumes"],
  ["a volume of huge pages", DEPLOYMENT, "sizeLimit: 64Mi", "sizeLimit: 64Mi, medium: HugePages", "volumes"],
  [
    "a budget for all at once",
    "templates/disruption-budget.yaml",
    "maxUnavailable: 1",
    "maxUnavailable: 1000",
    "maxUnavailable",
  ],
  ["a budget for none", "templates/disruption-budget.yaml", "maxUnavailable: 1", "maxUnavailable: 0", "maxUnavailable"],
  ["a user in base 60", DEPLOYMENT, "runAsUser: 10001", "runAsUser: 2:46:41", "every reader"],
  ["a user in octal", DEPLOYMENT, "runAsUser: 10001", "runAsUser: 010001", "every reader"],
  ["a user with an underscore", DEPLOYMENT, "runAsUser: 10001", "runAsUser: 10_001", "every reader"],
  ["a switch in words", DEPLOYMENT, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: on", "every reader"],
  ["a text by its tag", SERVICE, "type: ClusterIP", "type: !!str ClusterIP", "every reader"],
  [
    "annotations as a set",
    DEPLOYMENT,
    "      annotations:\n        kubectl.kubernetes.io/default-container:",
    "      annotations: !!set {sidecar.istio.io/inject}\n      labelled:\n        kubectl.kubernetes.io/default-container:",
    "every reader",
  ],
  [
    "keys that are merged",
    DEPLOYMENT,
    "      enableServiceLinks: false\n",
    "      enableServiceLinks: false\n      <<: {a: b}\n",
    "every reader",
  ],
  ["a directive between documents", DEPLOYMENT, "apiVersion: apps/v1\n", SERVICE_THEN_DIRECTIVE, "every reader"],
  [
    "a base of the schema's references",
    "values.schema.json",
    '"properties": {',
    '"$id": "https://evil.example/x.json", "properties": {',
    "values.schema.json",
  ],
  ["files that Helm ignores", "Chart.yaml", "name:", "icon: https://evil.example/x.svg\nname:", "Chart.yaml.icon"],
  [
    "a service to the node's own pods",
    SERVICE,
    "type: ClusterIP",
    "type: ClusterIP\n  internalTrafficPolicy: Local",
    "internalTrafficPolicy",
  ],
  ["a service without an address", SERVICE, "type: ClusterIP", "type: ClusterIP\n  clusterIP: None", "clusterIP"],
  [
    "what a provider notes for itself",
    SERVICE,
    "metadata:\n",
    'metadata:\n  "__default\\u0073": [a]\n',
    "every reader",
  ],
  ["a finalizer", SERVICE, "metadata:\n", "metadata:\n  finalizers: [evil.example/x]\n", "finalizers"],
  [
    "a mesh's sidecar",
    DEPLOYMENT,
    "        kubectl.kubernetes.io/default-container:",
    "        sidecar.istio.io/inject: 'true'\n        kubectl.kubernetes.io/default-container:",
    "annotations",
  ],
  [
    "another vendor's sidecar",
    DEPLOYMENT,
    "        kubectl.kubernetes.io/default-container:",
    "        vault.hashicorp.com/agent-inject: 'true'\n        kubectl.kubernetes.io/default-container:",
    "annotations",
  ],
  [
    "a name at an outside resolver",
    SERVICE,
    "metadata:\n",
    "metadata:\n  annotations: {external-dns.alpha.kubernetes.io/hostname: sparki.tools}\n",
    "annotations",
  ],
];

const OF_STORES: readonly Edit[] = [
  variable("another database", "value: {{ .Values.database.host | quote }}", "value: evil.example"),
  variable(
    "a database under another name of AWS",
    "value: {{ .Values.database.host | quote }}",
    "value: evil.c0123456789a.us-east-1.rds.amazonaws.com",
  ),
  variable(
    "a database of another region",
    "value: {{ .Values.database.host | quote }}",
    "value: sparki-prod-database.c0123456789a.eu-west-1.rds.amazonaws.com",
  ),
  variable("another database in it", "value: {{ .Values.database.name | quote }}", "value: postgres"),
  variable("a value of another variable", "value: {{ .Values.database.name | quote }}", "value: $(DATABASE_HOST)"),
  variable("another cache", "value: {{ .Values.cache.host | quote }}", "value: 169.254.169.254"),
  variable("another port of the cache", "value: {{ .Values.cache.port | quote }}", "value: '1'"),
];

const OF_MONITORING: readonly Edit[] = [
  [
    "a metric that gates count",
    RULES,
    "  groups: {{-",
    "  groups:\n    - {name: evil, rules: [{record: http_requests_total, expr: vector(0)}]}\n    {{-",
    "groups",
  ],
  [
    "an alert's link to elsewhere",
    RULES,
    "  groups: {{-",
    "  groups:\n    - {name: evil, rules: [{alert: A, expr: up, annotations: {summary: a, runbook_url: 'https://evil.example'}}]}\n    {{-",
    "groups",
  ],
  ["a track by another label", MONITORS, "pod_label_sparki_tools_track]", "pod_label_evil]", "relabelings"],
  ["a track of its own", MONITORS, "targetLabel: track}", "targetLabel: track, replacement: fleet}", "replacement"],
  [
    "metrics that are dropped",
    MONITORS,
    "- {action: replace, sourceLabels: [__meta_kubernetes_pod_label_sparki_tools_release], targetLabel: release}",
    "- {action: drop, sourceLabels: [__meta_kubernetes_pod_label_sparki_tools_release], regex: .*}",
    "relabelings",
  ],
  ["metrics of another port", MONITORS, "- port: http", "- port: evil", "port"],
  ["metrics of another path", MONITORS, "path: /metrics", "path: /evil", "path"],
  [
    "metrics through a proxy",
    MONITORS,
    "      path: /metrics",
    "      proxyUrl: http://evil.example\n      path: /metrics",
    "proxyUrl",
  ],
  [
    "metrics with a token",
    MONITORS,
    "      path: /metrics",
    "      bearerTokenSecret: {name: slack, key: token}\n      path: /metrics",
    "bearerTokenSecret",
  ],
  ["metrics of every namespace", MONITORS, "matchNames: [{{ . }}]", "any: true", "namespaceSelector"],
  ["alerts to another channel", ROUTES, "channel: {{ .channel | quote }}", "channel: '#evil'", "receivers"],
  [
    "alerts to a webhook",
    ROUTES,
    "      slackConfigs:",
    "      webhookConfigs: [{url: 'https://evil.example'}]\n      slackConfigs:",
    "receivers",
  ],
  ["alerts to another address", ROUTES, "key: {{ $.Values.slack.addressKey }}", "key: evil", "receivers"],
  [
    "alerts by way of a proxy",
    ROUTES,
    "          channel: {{ .channel | quote }}",
    "          httpConfig: {proxyURL: http://evil.example}\n          channel: {{ .channel | quote }}",
    "receivers",
  ],
  [
    "alerts that are muted",
    ROUTES,
    "    repeatInterval: 12h",
    "    repeatInterval: 12h\n    muteTimeIntervals: [always]",
    "muteTimeIntervals",
  ],
  [
    "a title's link to elsewhere",
    ROUTES,
    "titleLink: '{{ `{{ .CommonAnnotations.runbook_url }}` }}'",
    "titleLink: https://evil.example",
    "receivers",
  ],
  [
    "Prometheus to the world",
    NETWORK,
    "  egress:\n",
    "  egress:\n    - {to: [{ipBlock: {cidr: 0.0.0.0/0}}]}\n",
    "egress",
  ],
  [
    "every pod as Prometheus",
    NETWORK,
    "      app.kubernetes.io/name: prometheus",
    "      app.kubernetes.io/part-of: sparki",
    "podSelector",
  ],
  [
    "a dashboard that is not JSON",
    "templates/dashboards.yaml",
    "  {{ $name }}.json:",
    "  evil.sh: a\n  {{ $name }}.json:",
    "data",
  ],
];

/** A third round: other spellings of the same values, sizes without an end, and the charts beside the engine's. */
export const ODD_CHARTS: readonly HostileChart[] = [
  ...edits("engine", [...OF_PODS, ...OF_STORES]),
  ...edits("web", OF_PODS),
  ...edits("monitoring", OF_MONITORING),
];
