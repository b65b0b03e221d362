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
import type { KubernetesObject } from "./objects.ts";

export interface Node {
  readonly name: string;
  readonly zone: string;
  /** Where the node's kubelet listens. */
  readonly address: string;
  /** Kubernetes' version, such as 1.35. */
  readonly version: string;
}

/** What decides which nodes a cluster has. */
export interface NodeGroup {
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
export const NODES = "/api/v1/nodes";
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
export async function registerNode(api: KubernetesApi, node: Node, signal: AbortSignal): Promise<void> {
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
export async function serveKubelet(
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
