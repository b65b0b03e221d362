import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import { PartialFailure } from "../provider/failures.ts";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";
import { outputsOf } from "./drift.ts";
import { readinessOf } from "./readiness.ts";
import { type ObjectKey, ResourcePaths } from "./resource-path.ts";

const FIELD_MANAGER = "pulumi-kubernetes";
const LOOK_MILLISECONDS = 200;

/** How long something may take. */
export interface Patience {
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
}

/** Objects of any kind on one API server, written by server-side apply as the real provider does. */
export class Objects {
  readonly #api: KubernetesApi;
  readonly #paths: ResourcePaths;

  constructor(api: KubernetesApi) {
    this.#api = api;
    this.#paths = new ResourcePaths(api);
  }

  /** Creates or changes the object and waits until it is ready; one that exists but is not ready is a PartialFailure. */
  async apply(object: Properties, patience: Patience): Promise<Properties> {
    const path = await this.#paths.pathOf(keyOf(object));
    const query = { fieldManager: FIELD_MANAGER, force: true };
    const applied = await this.#api.patch<Properties>(path, "apply-patch", object, query);
    return outputsOf(await this.#ready(path, object, applied, patience));
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
    const live = await this.#api.get<Properties>(await this.#paths.pathOf(keyOf(object)));
    return live && outputsOf(live);
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
        const partial = { id: idOf(object), inputs: object, properties: outputsOf(live) };
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

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
