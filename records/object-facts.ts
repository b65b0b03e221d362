import { isRecord } from "./canonical.ts";

/** A Kubernetes object as a chart renders it. */
export type RenderedObject = Readonly<Record<string, unknown>>;

/** What a reviewer must see without reading a chart, the most dangerous first. */
export const TOPICS = ["permission", "flow", "limit", "unknown"] as const;
export type Topic = (typeof TOPICS)[number];

/** One thing that an object says of who may do or reach what, and of how much it may take. */
export interface Fact {
  readonly topic: Topic;
  /** What it is about: the same subject with another value is a change. */
  readonly subject: string;
  /** Empty where the subject says all. */
  readonly value: string;
}

/** Kinds whose facts are read here, or that decide nothing of the kind; every other one is said to be unknown. */
const READ_KINDS = new Set([
  "AlertmanagerConfig",
  "ClusterRole",
  "ClusterRoleBinding",
  "ConfigMap",
  "Deployment",
  "HorizontalPodAutoscaler",
  "Namespace",
  "NetworkPolicy",
  "PodDisruptionBudget",
  "PodMonitor",
  "PrometheusRule",
  "Role",
  "RoleBinding",
  "Secret",
  "SecretProviderClass",
  "Service",
  "ServiceAccount",
  "TargetGroupBinding",
]);
const POD_KINDS = new Set(["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"]);
const PROBES = ["startupProbe", "readinessProbe", "livenessProbe"];

/** Everything of the kind that these objects say, each once. */
export function factsOf(objects: readonly RenderedObject[]): Fact[] {
  return objects.flatMap((object) => {
    const at = objectTitle(object);
    const { kind, spec } = object;
    const known = typeof kind === "string" && (READ_KINDS.has(kind) || POD_KINDS.has(kind));
    return [
      ...(known
        ? []
        : [fact("unknown", `${at}: what this kind allows cannot be summarised, so read its manifest`, "")]),
      ...(kind === "NetworkPolicy" ? flowsOf(at, record(spec)) : []),
      ...(kind === "Service" ? serviceFacts(at, record(spec)) : []),
      ...rightsOf(at, object),
      ...(podSpecOf(object) === undefined ? [] : podFacts(at, record(podSpecOf(object)))),
      ...sizeFacts(at, object),
    ];
  });
}

/** Such as `Deployment sparki-engine/engine-fleet`. */
export function objectTitle({ kind, metadata }: RenderedObject): string {
  const { namespace, name } = record(metadata);
  const place = [namespace, name].filter((word) => typeof word === "string").join("/");
  return `${typeof kind === "string" ? kind : "object"} ${place}`.trim();
}

function fact(topic: Topic, subject: string, value: unknown): Fact {
  return { topic, subject, value: typeof value === "string" ? value : value === "" ? "" : JSON.stringify(value) };
}

/** A policy's flows by direction, peer and port; a missing list of peers or ports means all of them. */
function flowsOf(at: string, spec: RenderedObject): Fact[] {
  const flow = (direction: string, word: string, rule: RenderedObject, peers: unknown) => {
    const who = list(peers).length === 0 ? ["anyone"] : list(peers).map(peerText);
    const ports = list(rule.ports).length === 0 ? ["every port"] : list(rule.ports).map(portText);
    return who.flatMap((peer) => ports.map((port) => fact("flow", `${at}: ${direction} ${word} ${peer}, ${port}`, "")));
  };
  const selector = fact("flow", `${at}: its pods`, JSON.stringify(spec.podSelector ?? {}));
  const types = fact("flow", `${at}: denies everything that it does not allow`, list(spec.policyTypes).join(" and "));
  return [
    selector,
    types,
    ...list(spec.ingress).flatMap((rule) => flow("in", "from", record(rule), record(rule).from)),
    ...list(spec.egress).flatMap((rule) => flow("out", "to", record(rule), record(rule).to)),
  ];
}

function peerText(peer: unknown): string {
  const { ipBlock, namespaceSelector, podSelector } = record(peer);
  if (isRecord(ipBlock)) {
    const except = list(ipBlock.except);
    return `${ipBlock.cidr}${except.length === 0 ? "" : ` except ${except.join(", ")}`}`;
  }
  const pods = podSelector === undefined ? "all pods" : `pods ${selectorText(podSelector)}`;
  const place = namespaceSelector === undefined ? "" : ` of namespaces ${selectorText(namespaceSelector)}`;
  return `${pods}${place}`;
}

function selectorText(selector: unknown): string {
  const { matchLabels, ...rest } = record(selector);
  const labels = Object.entries(record(matchLabels)).map(([key, value]) => `${key}=${value}`);
  const others = Object.keys(rest).length === 0 ? [] : [JSON.stringify(rest)];
  return [...labels, ...others].join(",") || "of any label";
}

function portText(port: unknown): string {
  const { protocol = "TCP", port: number, endPort } = record(port);
  return `${protocol} ${number ?? "every port"}${endPort === undefined ? "" : ` to ${endPort}`}`;
}

function serviceFacts(
  at: string,
  { type = "ClusterIP", externalIPs, externalName, loadBalancerSourceRanges }: RenderedObject,
) {
  const open = { externalIPs, externalName, loadBalancerSourceRanges };
  const more = Object.entries(open).filter(([, value]) => value !== undefined);
  return [
    fact("flow", `${at}: its type`, type),
    ...more.map(([key, value]) => fact("flow", `${at}: ${key}`, JSON.stringify(value))),
  ];
}

/** Roles, who has them, and the identities that pods get. */
function rightsOf(at: string, object: RenderedObject): Fact[] {
  const { kind, rules, roleRef, subjects, metadata } = object;
  const allowed = list(rules).map((rule) => {
    const { verbs, resources, nonResourceURLs, resourceNames } = record(rule);
    const what = [...list(resources), ...list(nonResourceURLs)].join(", ");
    const only = list(resourceNames).length === 0 ? "" : ` named ${list(resourceNames).join(", ")}`;
    return fact("permission", `${at}: may ${list(verbs).join(", ")} ${what}${only}`, "");
  });
  const { kind: role, name } = record(roleRef);
  const bound = list(subjects).map((subject) => {
    const { kind: who, namespace, name: whose } = record(subject);
    const place = namespace === undefined ? "" : `${namespace}/`;
    return fact("permission", `${at}: gives ${role} ${name} to ${who} ${place}${whose}`, "");
  });
  if (kind !== "ServiceAccount") return [...allowed, ...bound];
  const notes = Object.entries(record(record(metadata).annotations));
  return [
    ...allowed,
    ...bound,
    fact("permission", `${at}: an identity for pods`, ""),
    fact("permission", `${at}: mounts the API's token`, String(object.automountServiceAccountToken ?? true)),
    ...notes.map(([key, value]) => fact("permission", `${at}: ${key}`, String(value))),
  ];
}

function podSpecOf({ kind, spec }: RenderedObject): unknown {
  if (typeof kind !== "string" || !POD_KINDS.has(kind)) return undefined;
  if (kind === "Pod") return spec;
  const job = kind === "CronJob" ? record(record(record(spec).jobTemplate).spec) : record(spec);
  return record(job.template).spec;
}

/** What its pods may do, whom they are, what they mount, and how much they may take. */
function podFacts(at: string, spec: RenderedObject): Fact[] {
  const own = ["serviceAccountName", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "automountServiceAccountToken"];
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((key) => list(spec[key]));
  return [
    ...own.flatMap((key) => (spec[key] === undefined ? [] : [fact("permission", `${at}: ${key}`, String(spec[key]))])),
    ...leaves(spec.securityContext).map(([path, value]) => fact("permission", `${at}: securityContext.${path}`, value)),
    ...list(spec.imagePullSecrets).map((secret) => fact("permission", `${at}: pulls with ${record(secret).name}`, "")),
    ...list(spec.volumes).map((volume) => {
      const { name, ...source } = record(volume);
      return fact("permission", `${at}: mounts ${name}`, JSON.stringify(source));
    }),
    ...leaves({ terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds }).map(([path, value]) =>
      fact("limit", `${at}: ${path}`, value),
    ),
    ...containers.flatMap((container) => containerFacts(`${at}, ${record(container).name}`, record(container))),
  ];
}

function containerFacts(at: string, container: RenderedObject): Fact[] {
  const ports = list(container.ports).filter((port) => record(port).hostPort !== undefined);
  return [
    ...leaves(container.securityContext).map(([path, value]) =>
      fact("permission", `${at}: securityContext.${path}`, value),
    ),
    ...ports.map((port) => fact("flow", `${at}: port ${record(port).hostPort} of its node`, "")),
    ...leaves(container.resources).map(([path, value]) => fact("limit", `${at}: ${path}`, value)),
    ...PROBES.flatMap((probe) =>
      leaves(container[probe]).map(([path, value]) => fact("limit", `${at}: ${probe}.${path}`, value)),
    ),
  ];
}

function sizeFacts(at: string, { kind, spec }: RenderedObject): Fact[] {
  const sizes: Readonly<Record<string, readonly string[]>> = {
    Deployment: ["replicas", "strategy", "progressDeadlineSeconds"],
    StatefulSet: ["replicas"],
    HorizontalPodAutoscaler: ["minReplicas", "maxReplicas", "metrics"],
    PodDisruptionBudget: ["maxUnavailable", "minAvailable", "unhealthyPodEvictionPolicy"],
  };
  const keys = typeof kind === "string" ? (sizes[kind] ?? []) : [];
  return keys.flatMap((key) =>
    leaves({ [key]: record(spec)[key] }).map(([path, value]) => fact("limit", `${at}: ${path}`, value)),
  );
}

/** Every value below this one by its path; what is missing has none. */
function leaves(value: unknown, path = ""): [path: string, value: string][] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return [[path, value.join(", ")]];
  if (Array.isArray(value)) return value.flatMap((each, index) => leaves(each, `${path}[${index}]`));
  if (!isRecord(value)) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, path === "" ? key : `${path}.${key}`));
}

function record(value: unknown): RenderedObject {
  return isRecord(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
