import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { answerOwnUser } from "../../tools/callers.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import { waitFor } from "../waiting.ts";
import { ApiError, type KubernetesApi } from "./api.ts";
import type { ContainerLog, LogLine } from "./container-log.ts";
import type { KubernetesObject, Pod } from "./objects.ts";
import { isOver, pathOf } from "./pod.ts";
import { type KubeletContext, type Node, PodWorker } from "./pod-worker.ts";
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

/** What decides which nodes a cluster has. */
interface NodeGroup {
  readonly name: string;
  readonly version: string;
  readonly zones: readonly string[];
}

interface ApiNode extends KubernetesObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const NODES_PER_ZONE = 2;
/** A third of what the node controller allows before it calls a node lost. */
const LEASE = { seconds: 40, renewMilliseconds: 10_000 };
/** Of an instance as the general-purpose pool would choose, less what the system keeps. */
const ALLOCATABLE = { cpu: "7910m", memory: "30Gi", pods: "110", "ephemeral-storage": "80Gi" };
const NODES = "/api/v1/nodes";
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

/**
 * The nodes of a cluster at a version: two in each zone, named as EC2 instances, the same in every run. Those of the next
 * version have addresses of their own: while one replaces the other, both run.
 */
export function nodesOf({ name: cluster, version, zones }: NodeGroup, addresses: Addresses): readonly Node[] {
  const [, minor = "0"] = version.split(".");
  const first = (Number(minor) % 2) * zones.length * NODES_PER_ZONE + 1;
  return zones.flatMap((zone, zoneIndex) =>
    Array.from({ length: NODES_PER_ZONE }, (_, index) => {
      const hash = createHash("sha256").update(`${cluster}/${zone}/${index}/${version}`).digest("hex");
      const address = addresses.node(first + zoneIndex * NODES_PER_ZONE + index);
      return { name: `i-0${hash.slice(0, 16)}`, zone, address, version };
    }),
  );
}

/** Registers the node and keeps its lease alive until the signal aborts; resolves once it is schedulable. */
async function registerNode(api: KubernetesApi, node: Node, signal: AbortSignal): Promise<void> {
  await register(api, node);
  await renewLease(api, node);
  const timer = setInterval(() => void renewLease(api, node).catch(() => undefined), LEASE.renewMilliseconds);
  signal.addEventListener("abort", () => clearInterval(timer));
  await waitFor(`${node.name}'s Ready`, () => schedulable(api, node), { limitSeconds: 300 });
}

async function register(api: KubernetesApi, node: Node): Promise<void> {
  const body = { apiVersion: "v1", kind: "Node", metadata: { name: node.name, labels: labelsOf(node) } };
  try {
    // Created with its status, it is not tainted as unreachable for longer than it must.
    await api.create(NODES, { ...body, spec: { providerID: providerIdOf(node) }, status: statusOf(node) });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
  }
  await api.patch(`${NODES}/${node.name}/status`, "merge-patch", { status: statusOf(node) });
}

function providerIdOf(node: Node): string {
  return `aws:///${node.zone}/${node.name}`;
}

function labelsOf({ name, zone }: Node): Record<string, string> {
  return {
    "kubernetes.io/hostname": name,
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": "c6a.2xlarge",
    "topology.kubernetes.io/zone": zone,
    "topology.kubernetes.io/region": zone.replace(/[a-z]$/, ""),
    "karpenter.sh/nodepool": "general-purpose",
    "karpenter.sh/capacity-type": "on-demand",
    "karpenter.sh/initialized": "true",
    "eks.amazonaws.com/compute-type": "auto",
    "eks.amazonaws.com/nodeclass": "default",
  };
}

function statusOf({ name, address, version }: Node) {
  const now = new Date().toISOString();
  const condition = (type: string, status: string, reason: string) => {
    return { type, status, reason, message: reason, lastHeartbeatTime: now, lastTransitionTime: now };
  };
  return {
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: PORTS.kubelet } },
    capacity: ALLOCATABLE,
    allocatable: ALLOCATABLE,
    conditions: [
      condition("Ready", "True", "KubeletReady"),
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID"),
    ],
    nodeInfo: {
      architecture: "amd64",
      operatingSystem: "linux",
      kubeletVersion: `v${version}.0-eks-rehearsal`,
      kubeProxyVersion: "",
      containerRuntimeVersion: "process://1",
      kernelVersion: "rehearsal",
      osImage: "Bottlerocket (rehearsed)",
      bootID: "",
      machineID: "",
      systemUUID: "",
    },
  };
}

async function renewLease(api: KubernetesApi, node: Node): Promise<void> {
  await api.patch(`${LEASES}/${node.name}`, "apply-patch", leaseOf(node), APPLY);
}

const APPLY = { fieldManager: "kubelet", force: true };

function leaseOf({ name }: Node) {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name },
    spec: { holderIdentity: name, leaseDurationSeconds: LEASE.seconds, renewTime: microTime() },
  };
}

/** Leases count in microseconds. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

async function schedulable(api: KubernetesApi, { name }: Node): Promise<boolean> {
  const found = await api.get<ApiNode>(`${NODES}/${name}`);
  return found !== undefined && isSchedulable(found);
}

function isSchedulable({ spec, status }: ApiNode): boolean {
  const isReady = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True");
  return isReady === true && (spec?.taints ?? []).length === 0;
}

type FindLog = (namespace: string, pod: string, container: string) => ContainerLog | undefined;

/** Serves `/containerLogs/<namespace>/<pod>/<container>` on the node's own address, to the API server only. */
async function serveKubelet(
  { address }: Node,
  authority: CertificateAuthority,
  find: FindLog,
): Promise<{ close(): Promise<void> }> {
  const { certificatePem, keyPem } = await authority.issue({ commonName: "kubelet", addresses: [address] });
  const tls = { cert: certificatePem, key: keyPem, ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  const server = createServer(tls, (request, response) => answer(request, response, find));
  answerOwnUser(server);
  server.listen(PORTS.kubelet, address);
  await once(server, "listening");
  return { close: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  const end = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await end;
}

function answer(request: IncomingMessage, response: ServerResponse, find: FindLog): void {
  const url = new URL(request.url ?? "/", "https://kubelet");
  const [, what, namespace = "", pod = "", container = ""] = url.pathname.split("/");
  const log = what === "containerLogs" && request.method === "GET" ? find(namespace, pod, container) : undefined;
  if (log !== undefined) sendLog(response, log, url.searchParams);
  else response.writeHead(404, { "content-type": "text/plain" }).end(`${url.pathname} not found on this node`);
}

function sendLog(response: ServerResponse, log: ContainerLog, options: URLSearchParams): void {
  const withTime = options.get("timestamps") === "true";
  const write = ({ time, text }: LogLine) => response.write(withTime ? `${time} ${text}\n` : `${text}\n`);
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  for (const line of log.read(selectionIn(options), { previous: options.get("previous") === "true" })) write(line);
  if (options.get("follow") !== "true") return void response.end();
  response.flushHeaders();
  const following = log.follow(write, () => response.end());
  response.once("close", () => following.stop());
}

function selectionIn(options: URLSearchParams) {
  const number = (name: string) => (options.has(name) ? Number(options.get(name)) : undefined);
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = options.get("sinceTime");
  const since = sinceSeconds === undefined ? undefined : Date.now() - sinceSeconds * 1000;
  return {
    tailLines: number("tailLines"),
    sinceMilliseconds: sinceTime === null ? since : Date.parse(sinceTime),
  };
}
