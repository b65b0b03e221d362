import { BOARDS, DEPLOYMENT, type Edit, edits, MONITORS, ROUTES, RULES } from "./chart-edits.ts";
import type { HostileChart } from "./charts.ts";

const LIVENESS = "            periodSeconds: 10\n            timeoutSeconds: 5\n            failureThreshold: 3\n";
const liveness = (title: string, more: string): Edit => [title, DEPLOYMENT, LIVENESS, more, "livenessProbe"];
const READINESS = "            periodSeconds: 5\n            timeoutSeconds: 3\n            failureThreshold: 2\n";
const readiness = (title: string, more: string): Edit => [title, DEPLOYMENT, READINESS, more, "readinessProbe"];
const POD_LABELS = '    metadata:\n      labels: {{- include "labels" . | nindent 8 }}\n';
const podLabels = (title: string, release: string, says: string): Edit => [
  title,
  DEPLOYMENT,
  POD_LABELS,
  `    metadata:\n      labels:\n        {{- include "selectorLabels" . | nindent 8 }}\n        app.kubernetes.io/part-of: sparki\n        app.kubernetes.io/managed-by: Helm\n${release}`,
  says,
];

/** Numbers with which what is declared is there, and does nothing. */
const OF_PODS: readonly Edit[] = [
  liveness("a liveness that fails after a day", "            periodSeconds: 10\n            failureThreshold: 8640\n"),
  liveness("a liveness that is asked once a day", "            periodSeconds: 86400\n"),
  liveness("a liveness that waits for an answer for hours", "            timeoutSeconds: 9999\n"),
  liveness("a liveness that begins tomorrow", "            initialDelaySeconds: 86400\n"),
  liveness("a liveness that fails at once", "            periodSeconds: 10\n            failureThreshold: 0\n"),
  readiness("a readiness that is never lost", "            periodSeconds: 60\n            failureThreshold: 1440\n"),
  readiness("a readiness that takes a day to get", "            successThreshold: 8640\n"),
  [
    "a pod that leaves at once",
    DEPLOYMENT,
    'sleep: {seconds: {{ include "preStopSeconds" . }}}',
    "sleep: {seconds: 1}",
    "lifecycle",
  ],
  [
    "a pod that is never told to leave",
    DEPLOYMENT,
    'sleep: {seconds: {{ include "preStopSeconds" . }}}',
    "sleep: {seconds: 86000}",
    "lifecycle",
  ],
  [
    "a pod whose grace is its sleep",
    DEPLOYMENT,
    'sleep: {seconds: {{ include "preStopSeconds" . }}}',
    "sleep: {seconds: 60}",
    "lifecycle",
  ],
  [
    "a pod that is killed as it leaves",
    DEPLOYMENT,
    "terminationGracePeriodSeconds: {{",
    "terminationGracePeriodSeconds: 0 #{{",
    "terminationGracePeriodSeconds",
  ],
  [
    "a pod that leaves for a day",
    DEPLOYMENT,
    "terminationGracePeriodSeconds: {{",
    "terminationGracePeriodSeconds: 86400 #{{",
    "terminationGracePeriodSeconds",
  ],
  podLabels(
    "pods of a release that is another one",
    "        sparki.tools/release: '1'\n",
    "labels.sparki.tools/release",
  ),
  podLabels("pods of no release", "", "labels.sparki.tools/release"),
  ["fewer pods than the floor", "templates/autoscaler.yaml", "minReplicas: {{", "minReplicas: 1 #{{", "minReplicas"],
  ["a scale below the floor", "templates/autoscaler.yaml", "maxReplicas: {{ .", "maxReplicas: 1 #{{ .", "maxReplicas"],
  [
    "a scale by no processor",
    "templates/autoscaler.yaml",
    "averageUtilization: 60",
    "averageUtilization: 1000",
    "averageUtilization",
  ],
];

const GROUPS = "  groups: {{-";
const alert = (title: string, rule: string): Edit => [
  title,
  RULES,
  GROUPS,
  `  groups:\n    - {name: evil, rules: [${rule}]}\n    {{-`,
  "groups",
];
const TOLD =
  "annotations: {summary: a, runbook_url: 'https://github.com/alexarno/sparki-deploy/blob/main/docs/alerts.md'}";
const ROUTED = "labels: {severity: page, stack: prod}";
const RECEIVED = "  inhibitRules:\n    - sourceMatch:\n";
const DEFAULT_ROUTE = "    receiver: {{ (first .Values.routing.receivers).name }}";
const ROUTE =
  '      - receiver: {{ .receiver }}\n        matchers: [{name: {{ .label }}, matchType: "=", value: {{ .value | quote }}}]\n';
const board = (title: string, text: string): Edit => [title, BOARDS, "{{ $json | quote }}", `'${text}'`, "data"];

/** Alerts that nobody is told, and what is shown to who is on call. */
const OF_MONITORING: readonly Edit[] = [
  alert("an alert without a severity", `{alert: A, expr: up, labels: {stack: prod}, ${TOLD}}`),
  alert(
    "an alert of a severity that is not routed",
    `{alert: A, expr: up, labels: {severity: none, stack: prod}, ${TOLD}}`,
  ),
  alert("an alert of another stack", `{alert: A, expr: up, labels: {severity: page, stack: staging}, ${TOLD}}`),
  alert("an alert that is told after a week", `{alert: A, expr: up, for: 168h, ${ROUTED}, ${TOLD}}`),
  alert("an alert that says nothing", `{alert: A, expr: up, ${ROUTED}}`),
  alert("an alert of no expression", `{alert: A, expr: '', ${ROUTED}, ${TOLD}}`),
  alert("an alert that is a record too", `{alert: A, record: sparki:a:b, expr: up, ${ROUTED}, ${TOLD}}`),
  alert("a rule that is neither", "{expr: up}"),
  alert("an alert with a name of many lines", `{alert: "A\\n::error::", expr: up, ${ROUTED}, ${TOLD}}`),
  [
    "rules that are looked at once a day",
    RULES,
    GROUPS,
    "  groups:\n    - {name: evil, interval: 1d, rules: []}\n    {{-",
    "groups",
  ],
  [
    "an alert that silences all others",
    ROUTES,
    RECEIVED,
    `  inhibitRules:\n    - sourceMatch: [{name: alertname, matchType: "!=", value: ""}]\n      targetMatch: [{name: alertname, matchType: "!=", value: ""}]\n      equal: []\n    - sourceMatch:\n`,
    "inhibitRules",
  ],
  [
    "pages that silence pages",
    ROUTES,
    '      targetMatch: [{name: severity, matchType: "=", value: ticket}]',
    '      targetMatch: [{name: severity, matchType: "=", value: page}]',
    "inhibitRules",
  ],
  [
    "silence for what differs",
    ROUTES,
    "      equal: [objective, service, stack]",
    "      equal: [stack]",
    "inhibitRules",
  ],
  ["alerts to the heartbeat", ROUTES, DEFAULT_ROUTE, "    receiver: heartbeat", "receiver"],
  [
    "alerts that are told once a year",
    ROUTES,
    "    repeatInterval: 12h",
    "    repeatInterval: 8760h",
    "repeatInterval",
  ],
  ["alerts that wait for a month", ROUTES, "    groupWait: 30s", "    groupWait: 720h", "groupWait"],
  ["a route for everything", ROUTES, ROUTE, "      - receiver: {{ .receiver }}\n        matchers: []\n", "routes"],
  [
    "pages to the heartbeat",
    ROUTES,
    ROUTE,
    '      - receiver: heartbeat\n        matchers: [{name: severity, matchType: "=", value: page}]\n',
    "routes",
  ],
  ["metrics of once an hour", MONITORS, "{{ $.Values.scrape.intervalSeconds }}s", "1h", "interval"],
  ["metrics that are never there in time", MONITORS, "scrapeTimeout: 5s", "scrapeTimeout: 3600s", "scrapeTimeout"],
  board("a dashboard that is a sentence", "not JSON"),
  board("a dashboard that is a list of nothing", "null"),
  board("a dashboard that says two things", '{"title": "a", "title": "b"}'),
  board("a dashboard with a script", '{"panels": [{"type": "text", "content": "<script>x</script>"}]}'),
  board("a dashboard with an image from elsewhere", '{"panels": [{"content": "![](https://evil.example/x.png)"}]}'),
  board("a dashboard with a link that runs", '{"links": [{"url": "javascript:alert(1)"}]}'),
  board("a dashboard with a page in it", '{"links": [{"url": "data:text/html;base64,PHM+"}]}'),
];

/** A fourth round: what is declared, with numbers, routes and texts by which it does not do what it is there for. */
export const UNFORESEEN_CHARTS: readonly HostileChart[] = [
  ...edits("engine", OF_PODS),
  ...edits("web", OF_PODS),
  ...edits("monitoring", OF_MONITORING),
];
