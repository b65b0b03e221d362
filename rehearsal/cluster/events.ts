import type { KubernetesApi } from "./api.ts";
import type { ObjectReference } from "./objects.ts";

export interface Occurrence {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

interface Recorded {
  readonly name: string;
  count: number;
}

/** How many different events of living objects are remembered for counting; older ones start a new event. */
const REMEMBERED = 1000;

/** Writes Events as a kubelet does: the same thing happening again raises the count of the first. */
export class Events {
  readonly #api: KubernetesApi;
  readonly #recorded = new Map<string, Recorded>();
  #sequence = 0;

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** Never rejects: an event that cannot be written, as in a namespace being deleted, is lost. */
  async record(object: ObjectReference, node: string, occurrence: Occurrence): Promise<void> {
    const key = `${object.uid}/${occurrence.reason}/${occurrence.message}`;
    const known = this.#recorded.get(key);
    const path = `/api/v1/namespaces/${object.namespace}/events`;
    try {
      if (known === undefined) await this.#api.create(path, this.#first(key, object, node, occurrence));
      else await this.#again(path, known);
    } catch {
      this.#recorded.delete(key);
    }
  }

  #first(key: string, object: ObjectReference, node: string, occurrence: Occurrence) {
    this.#sequence += 1;
    const name = `${object.name}.${Date.now().toString(16)}${this.#sequence.toString(16)}`;
    this.#recorded.set(key, { name, count: 1 });
    const oldest = this.#recorded.keys().next().value;
    if (this.#recorded.size > REMEMBERED && oldest !== undefined) this.#recorded.delete(oldest);
    const now = new Date().toISOString();
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: object.namespace },
      involvedObject: object,
      ...occurrence,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "kubelet", host: node },
      reportingComponent: "kubelet",
      reportingInstance: node,
    };
  }

  async #again(path: string, known: Recorded): Promise<void> {
    known.count += 1;
    const change = { count: known.count, lastTimestamp: new Date().toISOString() };
    await this.#api.patch(`${path}/${known.name}`, "merge-patch", change);
  }
}
