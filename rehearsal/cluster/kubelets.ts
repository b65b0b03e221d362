import type { ContainerLog } from "./container-log.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { type Node, registerNodes } from "./nodes.ts";
import type { Pod } from "./objects.ts";
import { PodWorker } from "./pod-worker.ts";
import { follow } from "./watch.ts";

/** The kubelets of all nodes in one: runs every pod that the scheduler binds to one of them. */
export class Kubelets {
  readonly #context: KubeletContext;
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #workers = new Map<string, PodWorker>();
  readonly #names = new Map<string, PodWorker>();

  constructor(context: KubeletContext, nodes: readonly Node[]) {
    this.#context = context;
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
  }

  /** Registers the nodes and takes up the pods that they already have; resolves once the nodes are Ready. */
  async start(): Promise<void> {
    const { api, signal } = this.#context;
    await registerNodes(api, [...this.#nodes.values()], signal);
    const watching = {
      path: "/api/v1/pods",
      query: { fieldSelector: "spec.nodeName!=" },
      onChange: (pod: Pod) => this.#changed(pod),
      onDelete: (pod: Pod) => this.#deleted(pod),
    };
    await follow<Pod>(api, watching, signal);
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
    const node = this.#nodes.get(pod.spec?.nodeName ?? "");
    if (node === undefined) return;
    const worker = new PodWorker(this.#context, node, pod);
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
