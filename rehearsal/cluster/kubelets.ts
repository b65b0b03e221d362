import type { CertificateAuthority } from "../certificates.ts";
import { ApiError, type KubernetesApi } from "./api.ts";
import type { ContainerLog } from "./container-log.ts";
import { NODES, type Node, registerNode, serveKubelet } from "./nodes.ts";
import type { KubernetesObject, Pod } from "./objects.ts";
import { isOver, pathOf } from "./pod-identity.ts";
import { type KubeletContext, PodWorker } from "./pod-worker.ts";
import { pause, type Timing } from "./timing.ts";
import { follow } from "./watch.ts";

const TOO_MANY_REQUESTS = 429;

/** A node that has joined the cluster. */
interface JoinedNode {
  readonly node: Node;
  /** Ends its lease. */
  readonly leaving: AbortController;
  readonly server: { close(): Promise<void> };
}

/** What was in a zone that is lost. */
interface LostZone {
  readonly gone: readonly JoinedNode[];
  /** Ends the wait for the node controller. */
  readonly found: AbortController;
  readonly evicted: Promise<void>;
}

/** The kubelets of all nodes in one: runs every pod that the scheduler binds to one of them. */
export class Kubelets {
  readonly #context: KubeletContext;
  readonly #authority: CertificateAuthority;
  readonly #nodes = new Map<string, JoinedNode>();
  readonly #workers = new Map<string, PodWorker>();
  readonly #names = new Map<string, PodWorker>();
  readonly #lost = new Map<string, LostZone>();

  constructor(context: KubeletContext, authority: CertificateAuthority) {
    this.#context = context;
    this.#authority = authority;
  }

  /** Registers the nodes and takes up the pods that they already have; resolves once the nodes are Ready. */
  async start(nodes: readonly Node[]): Promise<void> {
    const { api, signal } = this.#context;
    await Promise.all(nodes.map((node) => this.#join(node)));
    await this.#forgetOthers();
    const watching = {
      path: "/api/v1/pods",
      query: { fieldSelector: "spec.nodeName!=" },
      onChange: (pod: Pod) => this.#changed(pod),
      onDelete: (pod: Pod) => this.#deleted(pod),
    };
    await follow<Pod>(api, watching, signal);
  }

  /**
   * Replaces all nodes by others as Auto Mode does: one at a time, the new one first. A pod is evicted, which its disruption
   * budget may delay. Resolves once the last node has left, however often the API did not answer meanwhile.
   */
  async replace(nodes: readonly Node[]): Promise<void> {
    const { signal, timing } = this.#context;
    while (!signal.aborted && !(await this.#replaced(nodes).catch(() => false)))
      await pause(timing.evictionRetry(), signal);
  }

  async #replaced(nodes: readonly Node[]): Promise<true> {
    const { api, signal, timing } = this.#context;
    const leaving = [...this.#nodes.values()].filter(({ node }) => !nodes.some(({ name }) => name === node.name));
    for (const [index, node] of nodes.entries()) {
      const old = leaving[index];
      await this.#join(node);
      if (old === undefined) continue;
      await drain(api, old.node.name, timing, signal);
      await this.#leave(old);
    }
    return true;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map(({ server }) => server.close()));
  }

  /** Does nothing for a node that has joined. */
  async #join(node: Node): Promise<void> {
    const { api, signal } = this.#context;
    if (this.#nodes.has(node.name)) return;
    const leaving = new AbortController();
    const server = await serveKubelet(node, this.#authority, (...names) => this.log(...names));
    this.#nodes.set(node.name, { node, leaving, server });
    await registerNode(api, node, AbortSignal.any([signal, leaving.signal]));
  }

  async #leave({ node, leaving, server }: JoinedNode): Promise<void> {
    leaving.abort();
    await this.#context.api.delete(`${NODES}/${node.name}`);
    this.#nodes.delete(node.name);
    await server.close();
  }

  /** Nodes of an upgrade that a restart has cut short: the new ones are all there now. */
  async #forgetOthers(): Promise<void> {
    const { api } = this.#context;
    const { items } = await api.list<KubernetesObject>(NODES);
    const others = items.filter(({ metadata }) => !this.#nodes.has(metadata.name ?? ""));
    await Promise.all(others.map(({ metadata }) => api.delete(`${NODES}/${metadata.name}`)));
  }

  /** Kills what runs in the zone without a word to the API, which learns of it when the node controller does. */
  lose(zone: string): void {
    if (this.#lost.has(zone)) return;
    const found = new AbortController();
    const gone = [...this.#nodes.values()].filter(({ node }) => node.zone === zone);
    for (const { leaving } of gone) leaving.abort();
    for (const worker of this.#workers.values()) if (worker.node.zone === zone) worker.kill();
    const evicted = this.#evicted(gone, found.signal).catch(() => undefined);
    this.#lost.set(zone, { gone, found, evicted });
  }

  async #evicted(gone: readonly JoinedNode[], found: AbortSignal): Promise<void> {
    const { signal, timing } = this.#context;
    await pause(timing.podReplacement(), AbortSignal.any([signal, found]));
    if (!signal.aborted) await this.#remove(gone);
  }

  /** Removes nodes that are gone, with the pods that the API still binds to them. */
  async #remove(gone: readonly JoinedNode[]): Promise<void> {
    const { api } = this.#context;
    const names = new Set(gone.map(({ node }) => node.name));
    for (const joined of gone) if (this.#nodes.get(joined.node.name) === joined) await this.#leave(joined);
    const { items } = await api.list<Pod>("/api/v1/pods");
    const bound = items.filter(({ spec }) => names.has(spec?.nodeName ?? ""));
    await Promise.all(bound.map((pod) => api.delete(pathOf(pod), { gracePeriodSeconds: 0 }).catch(() => undefined)));
  }

  /** Has the lost zones' nodes again, on which nothing runs; what the API still binds to them is made anew. */
  async find(): Promise<void> {
    for (const [zone, { gone, found, evicted }] of this.#lost) {
      found.abort();
      await evicted;
      this.#lost.delete(zone);
      await Promise.all(gone.map(({ node }) => this.#join(node)));
    }
  }

  /** The log of a container of a pod on one of the nodes. */
  log(namespace: string, pod: string, container: string): ContainerLog | undefined {
    return this.#names.get(`${namespace}/${pod}`)?.log(container);
  }

  /** Kills every pod's processes without a word to the API; the pods stay bound and run again after the next start. */
  kill(): void {
    for (const worker of this.#workers.values()) worker.kill();
  }

  #changed(pod: Pod): void {
    const known = this.#workers.get(pod.metadata?.uid ?? "");
    if (known === undefined) this.#bound(pod);
    else known.update(pod);
  }

  #bound(pod: Pod): void {
    const joined = this.#nodes.get(pod.spec?.nodeName ?? "");
    if (joined === undefined || this.#lost.has(joined.node.zone)) return;
    const worker = new PodWorker(this.#context, joined.node, pod);
    this.#workers.set(pod.metadata?.uid ?? "", worker);
    this.#names.set(nameOf(pod), worker);
    worker.start();
  }

  #deleted(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    const worker = this.#workers.get(uid);
    this.#workers.delete(uid);
    if (this.#names.get(nameOf(pod)) === worker) this.#names.delete(nameOf(pod));
    void worker?.forget();
  }
}

function nameOf({ metadata }: Pod): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/**
 * Empties a node: no pod comes to it any more, and those on it are evicted, which the API refuses while a disruption budget
 * would be broken. Resolves once none is left that runs; throws when the signal aborts.
 */
async function drain(api: KubernetesApi, node: string, timing: Timing, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const left = await emptied(api, node).catch(() => undefined);
    if (left === 0) return;
    await pause(timing.evictionRetry(), signal);
  }
}

/** Asks every pod to leave; how many still run. */
async function emptied(api: KubernetesApi, node: string): Promise<number> {
  // Each time: what ends a fault that had closed the nodes opens this one again.
  await api.patch(`${NODES}/${node}`, "merge-patch", { spec: { unschedulable: true } });
  const { items } = await api.list<Pod>("/api/v1/pods", { fieldSelector: `spec.nodeName=${node}` });
  const running = items.filter((pod) => !isOver(pod));
  const staying = running.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  await Promise.all(staying.map((pod) => evict(api, pod)));
  return running.length;
}

/** Asks for a pod's eviction once; one that its disruption budget keeps, or that is gone, is no error. */
async function evict(api: KubernetesApi, pod: Pod): Promise<void> {
  const { name, namespace } = pod.metadata ?? {};
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  try {
    await api.create(`${pathOf(pod)}/eviction`, eviction);
  } catch (error) {
    const isExpected = error instanceof ApiError && [TOO_MANY_REQUESTS, 404].includes(error.status);
    if (!isExpected) throw error;
  }
}
