import { createHash } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { UNKNOWN } from "../../shared/engine-values.ts";
import type { Properties, Value } from "../provider/properties.ts";

/** What helm knows about the newest revision of a release. */
export interface ReleaseState {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** `deployed`, `failed`, `pending-upgrade` ... */
  readonly status: string;
  readonly chart: string;
  readonly version: string;
  readonly appVersion: string;
  /** Rendered objects as YAML documents. */
  readonly manifest: string;
}

/** The outputs of the real provider's Release; the manifest itself is left out because it may hold what is secret. */
export function releaseOutputs(inputs: Properties, state: ReleaseState): Properties {
  const { manifest, ...status } = state;
  const checksum = createHash("sha256").update(manifest).digest("hex");
  return { ...inputs, status: { ...status }, checksum, resourceNames: resourceNames(manifest) };
}

/** What a preview can say of a release that would change: everything but what helm will make of it. */
export function releasePreview(inputs: Properties): Properties {
  return { ...inputs, status: UNKNOWN, checksum: UNKNOWN, resourceNames: UNKNOWN };
}

/** The objects of a manifest by `Kind.group/apiVersion`, each by its name, and the namespace where it states one. */
function resourceNames(manifest: string): Value {
  const names = new Map<string, string[]>();
  for (const document of parseAllDocuments(manifest)) {
    const object: RenderedObject | null = document.toJS();
    if (object?.kind === undefined) continue;
    const [version = "", group] = (object.apiVersion ?? "").split("/").reverse();
    const kind = group === undefined ? object.kind : `${object.kind}.${group}`;
    const key = group === undefined ? `${kind}/${version}` : `${kind}/${group}/${version}`;
    const { name, namespace } = object.metadata ?? {};
    names.set(key, [...(names.get(key) ?? []), namespace === undefined ? `${name}` : `${namespace}/${name}`].sort());
  }
  return Object.fromEntries(names);
}

interface RenderedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}
