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

/** How a Helm release's inputs changed; only another name or namespace makes another release of it. */
export function releaseDifference(olds: Properties, news: Properties): Difference {
  return { detailed: differences(olds, news, ["name", "namespace"]) };
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
  else if (hasUnknown(after) || JSON.stringify(before) !== JSON.stringify(after)) report(path, "update");
}

function keyed(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `["${key}"]`;
}
