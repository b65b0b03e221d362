import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Addresses, PORTS } from "../addresses.ts";
import { CALLER, CALLER_VARIABLE } from "../callers.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { Processes } from "../processes.ts";
import type { ClusterAccess, ClusterService, LoadBalancerService } from "../services.ts";
import { KubernetesApi } from "./api.ts";
import { startControlPlane, type Tools } from "./control-plane.ts";
import { kubeconfigFor } from "./control-plane-files.ts";
import { applyDefinitions } from "./definitions.ts";
import { Events } from "./events.ts";
import type { ImageRegistry } from "./images.ts";
import { type KubeletContext, sourcesFrom } from "./kubelet-context.ts";
import { serveKubelets } from "./kubelet-server.ts";
import { Kubelets } from "./kubelets.ts";
import { nodesOf } from "./nodes.ts";
import { PodAddresses } from "./pod-addresses.ts";
import type { SecretValue } from "./secrets-store.ts";
import { bindTargetGroups } from "./target-groups.ts";
import { timingAt } from "./timing.ts";

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

  /** Deletes the cluster: its pods, its control plane and its data. */
  async stop(name: string): Promise<void> {
    await this.#end(name);
    const { runDirectory } = this.#options.processes;
    for (const entry of ["etcd", "control-plane", "pods", "kubeconfig"])
      await rm(join(runDirectory, entry), { recursive: true, force: true });
  }

  /** Stops every cluster; started again over the same run directory, it goes on with what it had. */
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
    return { access: await startParts(cluster, options, stops), stop };
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
): Promise<ClusterAccess> {
  const { authority, processes, addresses, loadBalancer } = options;
  const { endpoint, files, stop } = await startControlPlane(options);
  stops.push(stop);
  const access = { endpoint, certificateAuthorityPem: authority.pem };
  const api = new KubernetesApi({ ...access, token: files.tokens.kubelets });
  stops.push(() => api.close());
  const nodes = nodesOf(cluster.name, cluster.zones, addresses);
  const ending = new AbortController();
  const kubelets = new Kubelets(contextOf(cluster, options, api, ending.signal), nodes);
  const server = await serveKubelets(nodes, authority, (...names) => kubelets.log(...names));
  stops.push(() => server.close());
  stops.push(async () => {
    ending.abort();
    kubelets.kill();
  });
  const admin: ClusterAccess = { ...access, token: files.tokens.admin };
  await Promise.all([kubelets.start(), applyDefinitions(api), writeKubeconfig(processes.runDirectory, admin)]);
  const { slot, apiServer: address } = addresses;
  const binding = { balancer: loadBalancer, slot, address, authority };
  const groups = await bindTargetGroups(api, binding, ending.signal);
  stops.push(() => groups.close());
  return admin;
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
