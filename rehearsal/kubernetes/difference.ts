import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import type { Difference, DifferenceKind } from "../provider/model.ts";
import { hasUnknown, isRecord, type Properties, type Value } from "../provider/properties.ts";

/** Fields that make another object of it. */
const IDENTITY = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
/** Fields that the API server refuses to change. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  CSIDriver: ["spec"],
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  Job: ["spec.completionMode", "spec.completions", "spec.selector", "spec.template"],
  PersistentVolumeClaim: ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  Pod: ["spec"],
  RoleBinding: ["roleRef"],
  Secret: ["type"],
  Service: ["spec.clusterIP"],
  StatefulSet: ["spec.podManagementPolicy", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
  StorageClass: ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
};

/** Kinds whose contents the real provider takes for unchangeable unless a setting of it says otherwise. */
const REPLACED_BY_DEFAULT = ["ConfigMap", "Secret"];

/**
 * How an object's inputs changed; a changed name, or a field the API server would refuse to change, replaces it, and so
 * do contents of a kind that is not among the mutable ones.
 */
export function objectDifference(olds: Properties, news: Properties, mutable: readonly string[]): Difference {
  const kind = typeof news.kind === "string" ? news.kind : "";
  const isFixed = olds.immutable === true || (REPLACED_BY_DEFAULT.includes(kind) && !mutable.includes(kind));
  const contents = isFixed ? ["data", "binaryData", "stringData", "immutable"] : [];
  const detailed = differences(olds, news, [...IDENTITY, ...(IMMUTABLE[kind] ?? []), ...contents]);
  const isReplaced = Object.values(detailed).some((change) => change.endsWith("-replace"));
  // The same name cannot exist twice.
  return { detailed, deleteBeforeReplace: isReplaced && !IDENTITY.some((path) => path in detailed) };
}

/** What a Helm release's state says of it: the inputs that it was last told, and what Helm had then, or has now. */
interface KnownRelease {
  readonly inputs: Properties;
  readonly live: Properties;
}

/**
 * How a Helm release differs from its new inputs: by what it was told last, and by what someone else made of that. Only
 * another name or namespace makes another release of it.
 */
export function releaseDifference({ inputs, live }: KnownRelease, news: Properties): Difference {
  const asked = differences(inputs, news, ["name", "namespace"]);
  return { detailed: { ...differences(sharedWith(news, live), sharedWith(live, news), []), ...asked } };
}

/** Of `value` what is in `other` too: settings that only Helm knows are nobody's wish. */
function sharedWith(other: Properties, value: Properties): Properties {
  const shared = Object.entries(value).flatMap(([key, own]): [string, Value][] => {
    const its = other[key];
    if (its === undefined) return [];
    return [[key, isRecord(own) && isRecord(its) ? sharedWith(its, own) : own]];
  });
  return Object.fromEntries(shared);
}

function differences(olds: Properties, news: Properties, replacing: readonly string[]): Record<string, DifferenceKind> {
  const found: Record<string, DifferenceKind> = {};
  compare(olds, news, "", (path, kind) => {
    const replaces = replacing.some(
      (field) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`),
    );
    found[path] = replaces ? `${kind}-replace` : kind;
  });
  return found;
}

type Report = (path: string, kind: "add" | "delete" | "update") => void;

function compare(before: Value | undefined, after: Value | undefined, path: string, report: Report): void {
  if (before === undefined && after === undefined) return;
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(before[key], after[key], path === "" ? key : `${path}${keyed(key)}`, report);
    }
  } else if (before === undefined) report(path, "add");
  else if (after === undefined) report(path, "delete");
  else if (hasUnknown(after) || !isDeepStrictEqual(before, after)) report(path, "update");
}

function keyed(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `["${key}"]`;
}

/** What the real provider tells a cluster by. */
const CLUSTER_SETTINGS = ["kubeconfig", "context", "cluster"];
const IDENTIFIER = "clusterIdentifier";

/**
 * How a provider's configuration changed. Another cluster replaces the provider and everything on it, and so does one that
 * is not known yet; where the cluster's identifier is given, that alone decides.
 */
export function configurationDifference(olds: Properties, news: Properties): Difference {
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => hasUnknown(news[key] ?? null) || !isDeepStrictEqual(olds[key], news[key]),
  );
  const replacing = replacingSettings(olds, news, changed);
  const detailed = changed.map((key) => [key, replacing.includes(key) ? "update-replace" : "update"] as const);
  return { detailed: Object.fromEntries(detailed) };
}

function replacingSettings(olds: Properties, news: Properties, changed: readonly string[]): readonly string[] {
  const isIdentified = news[IDENTIFIER] !== undefined && olds[IDENTIFIER] !== undefined;
  if (isIdentified) return changed.includes(IDENTIFIER) ? [IDENTIFIER] : [];
  const unknown = CLUSTER_SETTINGS.filter((key) => hasUnknown(news[key] ?? null));
  if (unknown.length > 0) return unknown;
  const isOther = !isDeepStrictEqual(activeCluster(olds.kubeconfig), activeCluster(news.kubeconfig));
  return isOther ? CLUSTER_SETTINGS.filter((key) => changed.includes(key)) : [];
}

/** The cluster of the current context. */
function activeCluster(kubeconfig: Value | undefined): unknown {
  const { contexts, clusters, "current-context": current } = Object(parse(`${kubeconfig ?? ""}`));
  const named = (list: unknown, name: unknown) =>
    Array.isArray(list) ? list.find((each) => Object(each).name === name) : undefined;
  return Object(named(clusters, Object(Object(named(contexts, current)).context).cluster)).cluster;
}

/** What the API server adds by itself: never an input. */
const SERVER_FIELDS = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/**
 * The inputs that would make the object as it is now: what someone changed since the last update (`before` is its
 * output) is taken from the live object, everything else stays as the program wrote it.
 */
export function driftedInputs(inputs: Properties, before: Properties, live: Properties): Properties {
  const drifted = Object.entries(inputs).flatMap(([key, input]): [string, Value][] => {
    const value = driftedValue(input, before[key], live[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(drifted);
}

function driftedValue(input: Value, before: Value | undefined, live: Value | undefined): Value | undefined {
  if (isRecord(input) && isRecord(live)) return driftedInputs(input, isRecord(before) ? before : {}, live);
  // Write-only fields, such as a Secret's stringData, never come back.
  if (before === undefined && live === undefined) return input;
  return JSON.stringify(before) === JSON.stringify(live) ? input : live;
}

/** The inputs of an imported object: all of it but what the API server adds. */
export function importedInputs(live: Properties): Properties {
  const { status: _, ...rest } = live;
  const metadata = isRecord(live.metadata) ? live.metadata : {};
  const own = Object.entries(metadata).filter(([key]) => !SERVER_FIELDS.includes(key));
  return { ...rest, metadata: Object.fromEntries(own) };
}
