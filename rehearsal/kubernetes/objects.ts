import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import { PartialFailure } from "../provider/model.ts";
import { isList, isRecord, type Properties, type Value } from "../provider/properties.ts";

/** Whether an object has come to what it asks for, and if not, why not yet or why never. */
type Readiness =
  | { readonly is: "ready" }
  | { readonly is: "waiting"; readonly reason: string }
  | { readonly is: "failed"; readonly reason: string };

const READY: Readiness = { is: "ready" };

const SKIP_AWAIT = "pulumi.com/skipAwait";
const PATCH_FORCE = "pulumi.com/patchForce";

/** The readiness of a live object, as the real provider awaits it; a kind that has nothing to await is ready. */
export function readinessOf(live: Properties): Readiness {
  if (annotationsOf(live)[SKIP_AWAIT] === "true") return READY;
  if (live.kind === "Deployment") return deployment(live);
  if (live.kind === "Job") return job(live);
  if (live.kind === "Pod") return pod(live);
  return READY;
}

function deployment({ metadata, spec, status }: Properties): Readiness {
  const wanted = number(record(spec).replicas, 1);
  const now = record(status);
  const progress = conditionOf(status, "Progressing");
  if (progress?.reason === "ProgressDeadlineExceeded") return { is: "failed", reason: textOf(progress.message) };
  if (number(now.observedGeneration, 0) < number(record(metadata).generation, 0))
    return { is: "waiting", reason: "the controller has not seen it yet" };
  const updated = number(now.updatedReplicas, 0);
  const available = number(now.availableReplicas, 0);
  const total = number(now.replicas, 0);
  if (updated >= wanted && available >= wanted && total <= updated) return READY;
  return { is: "waiting", reason: `${available} of ${wanted} replicas are available, ${updated} updated` };
}

function job({ status }: Properties): Readiness {
  const failed = conditionOf(status, "Failed");
  if (failed?.status === "True") return { is: "failed", reason: `${textOf(failed.reason)}: ${textOf(failed.message)}` };
  if (conditionOf(status, "Complete")?.status === "True") return READY;
  return { is: "waiting", reason: `${number(record(status).active, 0)} pods are active` };
}

function pod({ status }: Properties): Readiness {
  const phase = textOf(record(status).phase);
  if (phase === "Failed") return { is: "failed", reason: "the pod failed" };
  const isReady = phase === "Succeeded" || conditionOf(status, "Ready")?.status === "True";
  return isReady ? READY : { is: "waiting", reason: `the pod is ${phase}` };
}

function conditionOf(status: Value | undefined, type: string): Properties | undefined {
  const { conditions } = record(status);
  return isList(conditions) ? conditions.filter(isRecord).find((each) => each.type === type) : undefined;
}

function annotationsOf({ metadata }: Properties): Properties {
  return record(record(metadata).annotations);
}

function record(value: Value | undefined): Properties {
  return isRecord(value) ? value : {};
}

function number(value: Value | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** What an object is and where it lives, as its own fields say. */
interface ObjectKey {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Ignored for kinds that live in no namespace. */
  readonly namespace: string;
}

interface Discovery {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Finds the URL path of objects by asking the API server which resource serves a kind; remembers the answers. */
class ResourcePaths {
  readonly #api: KubernetesApi;
  readonly #discovered = new Map<string, Promise<Discovery | undefined>>();

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** Throws when the API server serves no such kind, as with a definition that is not installed. */
  async pathOf(key: ObjectKey): Promise<string> {
    const root = rootOf(key.apiVersion);
    const resource = await this.#resourceOf(key, root);
    const place = resource.namespaced ? `/namespaces/${key.namespace}` : "";
    return `${root}${place}/${resource.name}/${key.name}`;
  }

  async #resourceOf(key: ObjectKey, root: string) {
    const discovery = this.#discovered.get(root) ?? this.#api.get<Discovery>(root);
    this.#discovered.set(root, discovery);
    const resources = (await discovery)?.resources ?? [];
    // Subresources such as deployments/status list the same kind.
    const found = resources.find(({ kind, name }) => kind === key.kind && !name.includes("/"));
    if (found !== undefined) return found;
    this.#discovered.delete(root);
    throw new Error(`no matches for kind "${key.kind}" in version "${key.apiVersion}"`);
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

const FIELD_MANAGER = "pulumi-kubernetes";
const LOOK_MILLISECONDS = 200;

/** How long something may take. */
export interface Patience {
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
}

/** Real pods need real time to start, however fast the modelled time runs. */
const SHORTEST_LIMIT_SECONDS = 60;

/** What a limit of so many modelled seconds is in real ones; never under a minute, unless less was asked for. */
export function limitAt(seconds: number, timeScale: number): number {
  return Math.max(Math.min(seconds, SHORTEST_LIMIT_SECONDS), Math.round(seconds * timeScale));
}

/** Objects of any kind on one API server, written by server-side apply as the real provider does. */
export class Objects {
  readonly #api: KubernetesApi;
  readonly #paths: ResourcePaths;

  constructor(api: KubernetesApi) {
    this.#api = api;
    this.#paths = new ResourcePaths(api);
  }

  /**
   * Creates or changes the object and waits until it is ready; one that exists but is not ready is a PartialFailure. What
   * someone else has set is left to them, unless the object is marked to take it.
   */
  async apply(object: Properties, patience: Patience): Promise<Properties> {
    const path = await this.#paths.pathOf(keyOf(object));
    const query = { fieldManager: FIELD_MANAGER, force: annotationsOf(object)[PATCH_FORCE] === "true" };
    const applied = await this.#api.patch<Properties>(path, "apply-patch", object, query);
    return this.#ready(path, object, applied, patience);
  }

  /** Throws what the API server says of a create where there is such an object already. */
  async assertAbsent(object: Properties): Promise<void> {
    if ((await this.read(object)) === undefined) return;
    const { kind, metadata } = object;
    const name = isRecord(metadata) ? metadata.name : "";
    throw new Error(
      `resource ${idOf(object)} was not successfully created by the Kubernetes API server: ${textOf(kind).toLowerCase()}s "${name}" already exists`,
    );
  }

  /** The live object that these fields name; undefined when there is none. */
  async read(object: Properties): Promise<Properties | undefined> {
    return this.#api.get<Properties>(await this.#paths.pathOf(keyOf(object)));
  }

  /** Deletes the object and what it owns, and resolves once the API server has forgotten it. */
  async delete(object: Properties, { limitSeconds, signal }: Patience): Promise<void> {
    const path = await this.#paths.pathOf(keyOf(object));
    await this.#api.delete(path, { propagationPolicy: "Foreground" });
    const deadline = performance.now() + limitSeconds * 1000;
    while ((await this.#api.get(path)) !== undefined) {
      if (performance.now() > deadline)
        throw new Error(`${idOf(object)} is still being deleted after ${limitSeconds} s`);
      await delay(LOOK_MILLISECONDS, undefined, { signal });
    }
  }

  async #ready(path: string, object: Properties, applied: Properties, patience: Patience): Promise<Properties> {
    const deadline = performance.now() + patience.limitSeconds * 1000;
    let live = applied;
    for (let state = readinessOf(live); state.is !== "ready"; state = readinessOf(live)) {
      const isLate = performance.now() > deadline;
      if (state.is === "failed" || isLate) {
        const when = state.is === "failed" ? "failed" : `is not ready after ${patience.limitSeconds} s`;
        const partial = { id: idOf(object), inputs: object, properties: live };
        throw new PartialFailure(`${textOf(object.kind)} ${idOf(object)} ${when}: ${state.reason}`, partial);
      }
      await delay(LOOK_MILLISECONDS, undefined, { signal: patience.signal });
      live = (await this.#api.get<Properties>(path)) ?? live;
    }
    return live;
  }
}

/** The provider's id of an object: `namespace/name`, or the name alone. */
export function idOf(object: Properties): string {
  const { name, namespace } = metadataOf(object);
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The fields that name an object of a type token and an id, as an import gives them. */
export function namedBy(type: string, id: string): Properties {
  const [, apiVersion = "", kind = ""] = type.split(":");
  const [name = "", namespace] = id.split("/").reverse();
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind, metadata: namespace ? { name, namespace } : { name } };
}

function keyOf(object: Properties): ObjectKey {
  const { name, namespace = "default" } = metadataOf(object);
  return { apiVersion: textOf(object.apiVersion), kind: textOf(object.kind), name, namespace };
}

function metadataOf(object: Properties): { name: string; namespace?: string } {
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  const name = textOf(metadata.name);
  return typeof metadata.namespace === "string" ? { name, namespace: metadata.namespace } : { name };
}

/** The text, or an empty one where there is none. */
export function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
