import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { CALLER, CALLER_VARIABLE } from "../../tools/callers.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { Processes } from "../processes.ts";
import type { ClusterAccess, ClusterService, LoadBalancerService } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { Events, KubernetesApi } from "./api.ts";
import type { ContainerLog } from "./container-log.ts";
import { kubeconfigFor, startControlPlane, type Tools } from "./control-plane.ts";
import { drain } from "./drained-node.ts";
import type { ImageRegistry } from "./images.ts";
import { NODES, type Node, nodesOf, registerNode, serveKubelet } from "./nodes.ts";
import type { KubernetesObject, Pod } from "./objects.ts";
import { PodAddresses, pathOf } from "./pod-identity.ts";
import { type KubeletContext, PodWorker, sourcesFrom } from "./pod-worker.ts";
import { bindTargetGroups } from "./target-groups.ts";
import { pause, timingAt } from "./timing.ts";
import type { SecretValue } from "./volumes.ts";
import { follow } from "./watch.ts";

export interface ClusterOptions {
  readonly addresses: Addresses;
  readonly processes: Processes;
  readonly tools: Tools;
  readonly authority: CertificateAuthority;
  readonly images: ImageRegistry;
  readonly timeScale: number;
  readonly loadBalancer: Pick<LoadBalancerService, "setTargets" | "health">;
  readonly secretValue: SecretValue;
}

type Cluster = Parameters<ClusterService["start"]>[0];

interface RunningCluster {
  readonly access: ClusterAccess;
  readonly zones: readonly string[];
  readonly kubelets: Kubelets;
  admit(): Promise<void>;
  upgrade(version: string): Promise<void>;
  stop(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, "..", "app", "main.ts");

/** The one cluster that a rehearsal's addresses have room for; its data outlives `close`, but not `stop`. */
export class RehearsedClusters implements ClusterService {
  readonly #options: ClusterOptions;
  readonly #running = new Map<string, Promise<RunningCluster>>();

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Starts the cluster, or answers with the one that runs by this name. Writes `<run>/kubeconfig`. */
  async start(cluster: Cluster): Promise<ClusterAccess> {
    const running = this.#running.get(cluster.name) ?? startCluster(cluster, this.#options);
    this.#running.set(cluster.name, running);
    // A start that failed may be tried again.
    running.catch(() => this.#running.delete(cluster.name));
    return (await running).access;
  }

  async admit(name: string): Promise<void> {
    await (await this.#running.get(name))?.admit();
  }

  async upgrade(name: string, version: string): Promise<void> {
    await (await this.#running.get(name))?.upgrade(version);
  }

  /** The zones of the running clusters, in their order. */
  async zones(): Promise<readonly string[]> {
    return (await Promise.all(this.#running.values())).flatMap(({ zones }) => zones);
  }

  /** Ends every node of a zone at once, as its power would; some time later what ran on them is made on other nodes. */
  async loseZone(zone: string): Promise<void> {
    for (const running of this.#running.values()) (await running).kubelets.lose(zone);
  }

  /** Gives every lost zone new nodes; resolves once they are Ready. */
  async findZones(): Promise<void> {
    for (const running of this.#running.values()) await (await running).kubelets.find();
  }

  /** Deletes the cluster: its pods, its control plane and its data. */
  async stop(name: string): Promise<void> {
    await this.#end(name);
    const { runDirectory } = this.#options.processes;
    for (const entry of ["etcd", "control-plane", "pods", "kubeconfig"])
      await rm(join(runDirectory, entry), { recursive: true, force: true });
  }

  /** Stops every cluster; started again over the same run directory, it continues with what it had. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name)));
  }

  async #end(name: string): Promise<void> {
    const running = await this.#running.get(name)?.catch(() => undefined);
    this.#running.delete(name);
    await running?.stop();
  }
}

async function startCluster(cluster: Cluster, options: ClusterOptions): Promise<RunningCluster> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await startParts(cluster, options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts part after part, and notes how to stop each. */
async function startParts(
  cluster: Cluster,
  options: ClusterOptions,
  stops: (() => Promise<void>)[],
): Promise<Omit<RunningCluster, "stop">> {
  const { authority, processes, addresses, loadBalancer } = options;
  const { endpoint, files, stop } = await startControlPlane(options);
  stops.push(stop);
  const access = { endpoint, certificateAuthorityPem: authority.pem };
  const api = new KubernetesApi({ ...access, token: files.tokens.kubelets });
  stops.push(() => api.close());
  const ending = new AbortController();
  const kubelets = new Kubelets(contextOf(cluster, options, api, ending.signal), authority);
  stops.push(() => kubelets.close());
  stops.push(async () => {
    ending.abort();
    kubelets.kill();
  });
  const { admin: token, entering: enteringToken } = files.tokens;
  const admin: ClusterAccess = { ...access, token, enteringToken };
  await Promise.all([
    kubelets.start(nodesOf(cluster, addresses)),
    applyDefinitions(api),
    writeKubeconfig(processes.runDirectory, admin),
  ]);
  const { slot, apiServer: address } = addresses;
  const binding = { balancer: loadBalancer, slot, address, authority };
  const groups = await bindTargetGroups(api, binding, ending.signal);
  stops.push(() => groups.close());
  let replaced: Promise<void> = Promise.resolve();
  const upgrade = async (version: string) => {
    const nodes = nodesOf({ ...cluster, version }, addresses);
    // One upgrade after the other; nobody waits for the nodes, as at AWS.
    replaced = replaced.then(() => kubelets.replace(nodes));
  };
  return { access: admin, zones: cluster.zones, kubelets, admit: () => admitEntering(api), upgrade };
}

const BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/** As an access policy for the whole cluster does; of one that is let in already nothing changes. */
async function admitEntering(api: KubernetesApi): Promise<void> {
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "eks-cluster-admin-policy" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "sparki:entering" }],
  };
  await api.patch(`${BINDINGS}/${binding.metadata.name}`, "apply-patch", binding, { fieldManager: "eks", force: true });
}

function contextOf(
  cluster: Cluster,
  { processes, images, timeScale, secretValue, addresses }: ClusterOptions,
  api: KubernetesApi,
  signal: AbortSignal,
): KubeletContext {
  return {
    api,
    signal,
    processes,
    images,
    program: PROGRAM,
    slot: addresses.slot,
    timing: timingAt(timeScale),
    events: new Events(api),
    addresses: new PodAddresses(cluster.podNetwork),
    sourcesFor: sourcesFrom(api, cluster.name, secretValue),
    environment: {
      SPARKI_DNS_SERVER: `${addresses.dns}:${PORTS.dns}`,
      SPARKI_CA_FILE: join(processes.runDirectory, "ca.pem"),
      SPARKI_PORT_MAP: `443:${PORTS.https},80:${PORTS.http}`,
      [CALLER_VARIABLE]: CALLER,
    },
  };
}

async function writeKubeconfig(runDirectory: string, access: ClusterAccess): Promise<void> {
  const text = kubeconfigFor(access.endpoint, access.certificateAuthorityPem, access.token);
  await writeFile(join(runDirectory, "kubeconfig"), text, { mode: 0o600 });
}

interface Definition extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const DIRECTORY = join(import.meta.dirname, "definitions");

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Where the objects that are not definitions live: each kind is cluster-wide, or of the cluster's own namespace. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  NodeClass: "/apis/eks.amazonaws.com/v1/nodeclasses",
  NodePool: "/apis/karpenter.sh/v1/nodepools",
  StorageClass: "/apis/storage.k8s.io/v1/storageclasses",
  CSIDriver: "/apis/storage.k8s.io/v1/csidrivers",
  ConfigMap: "/api/v1/namespaces/kube-system/configmaps",
};

/** Gives the cluster what Auto Mode and the add-ons bring, or what another folder holds; resolves once all is served. */
export async function applyDefinitions(api: KubernetesApi, directory = DIRECTORY): Promise<void> {
  const objects = await readDefinitions(directory);
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  await Promise.all(definitions.map((object) => apply(api, DEFINITIONS, object)));
  await waitFor("the custom resource definitions", () => established(api, definitions), { limitSeconds: 300 });
  await Promise.all(
    objects.map((object) => {
      const collection = COLLECTIONS[object.kind];
      return collection === undefined ? undefined : applyOnce(api, collection, object);
    }),
  );
}

async function readDefinitions(directory: string): Promise<readonly KubernetesObject[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((document): KubernetesObject => document.toJS()));
}

/** What was changed since an earlier start, such as by the program, stays as it is: EKS brings an object once. */
async function applyOnce(api: KubernetesApi, collection: string, object: KubernetesObject): Promise<void> {
  const found = await api.get(`${collection}/${object.metadata.name}`);
  if (found === undefined) await apply(api, collection, object);
}

function apply(api: KubernetesApi, collection: string, object: KubernetesObject) {
  const query = { fieldManager: "eks", force: true };
  return api.patch(`${collection}/${object.metadata.name}`, "apply-patch", object, query);
}

async function established(api: KubernetesApi, definitions: readonly KubernetesObject[]): Promise<boolean> {
  const { items } = await api.list<Definition>(DEFINITIONS);
  const served = new Set(items.filter(isEstablished).map(({ metadata }) => metadata.name));
  return definitions.every(({ metadata }) => served.has(metadata.name));
}

function isEstablished({ status }: Definition): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True") ?? false;
}

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
class Kubelets {
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
