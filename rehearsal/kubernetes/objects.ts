import { setTimeout as delay } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";
import { type ObjectKey, ResourcePaths } from "./resource-path.ts";

const FIELD_MANAGER = "pulumi-kubernetes";
const DELETION_LIMIT_SECONDS = 120;

/** Objects of any kind on one API server, written by server-side apply as the real provider does. */
export class Objects {
  readonly #api: KubernetesApi;
  readonly #paths: ResourcePaths;

  constructor(api: KubernetesApi) {
    this.#api = api;
    this.#paths = new ResourcePaths(api);
  }

  /** Creates or changes the object and returns it as the API server keeps it. */
  async apply(object: Properties): Promise<Properties> {
    const path = await this.#paths.pathOf(keyOf(object));
    return this.#api.patch<Properties>(path, "apply-patch", object, { fieldManager: FIELD_MANAGER, force: true });
  }

  async read(object: Properties): Promise<Properties | undefined> {
    return this.#api.get<Properties>(await this.#paths.pathOf(keyOf(object)));
  }

  /** Deletes the object and what it owns, and resolves once the API server has forgotten it. */
  async delete(object: Properties, signal: AbortSignal): Promise<void> {
    const path = await this.#paths.pathOf(keyOf(object));
    await this.#api.delete(path, { propagationPolicy: "Foreground" });
    const deadline = performance.now() + DELETION_LIMIT_SECONDS * 1000;
    while ((await this.#api.get(path)) !== undefined) {
      if (performance.now() > deadline) {
        throw new Error(`${idOf(object)} is still being deleted after ${DELETION_LIMIT_SECONDS} s`);
      }
      await delay(200, undefined, { signal });
    }
  }
}

/** The provider's id of an object: `namespace/name`, or the name alone. */
export function idOf(object: Properties): string {
  const { name, namespace } = metadataOf(object);
  return namespace === undefined ? name : `${namespace}/${name}`;
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
