import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { CALLER, CALLER_VARIABLE } from "../../tools/callers.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import { type Processes, startParts, type Undo } from "../processes.ts";
import type { ClusterAccess, ClusterService, LoadBalancerService } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { Events, KubernetesApi } from "./api.ts";
import { kubeconfigFor, startControlPlane, type Tools } from "./control-plane.ts";
import type { SecretValue } from "./environment-and-volumes.ts";
import type { ImageRegistry } from "./images.ts";
import { Kubelets, nodesOf } from "./kubelets.ts";
import type { KubernetesObject } from "./objects.ts";
import { PodAddresses } from "./pod.ts";
import { type KubeletContext, sourcesFrom } from "./pod-worker.ts";
import { bindTargetGroups } from "./target-groups.ts";
import { timingAt } from "./timing.ts";

export interface ClusterOptions {
  readonly addresses: Addresses;
  readonly processes: Processes;
  readonly tools: Tools;
  readonly authority: CertificateAuthority;
  /** The file of the authorities that pods trust. @default the run's own alone */
  readonly clientAuthorities?: string;
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
    const running = this.#running.get(cluster.name) ?? startParts((undo) => startCluster(cluster, this.#options, undo));
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

/** Starts part after part, and notes how to stop each. */
async function startCluster(
  cluster: Cluster,
  options: ClusterOptions,
  undo: Undo,
): Promise<Omit<RunningCluster, "stop">> {
  const { authority, processes, addresses, loadBalancer } = options;
  const { endpoint, files, replace, stop } = await startControlPlane({ ...options, version: cluster.version });
  undo.push(stop);
  const access = { endpoint, certificateAuthorityPem: authority.pem };
  const api = new KubernetesApi({ ...access, token: files.tokens.kubelets });
  undo.push(() => api.close());
  const ending = new AbortController();
  const kubelets = new Kubelets(contextOf(cluster, options, api, ending.signal), authority);
  undo.push(() => kubelets.close());
  undo.push(async () => {
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
  undo.push(() => groups.close());
  let replaced: Promise<void> = Promise.resolve();
  const upgrade = async (version: string) => {
    await replace(version);
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
  { processes, images, timeScale, secretValue, addresses, clientAuthorities }: ClusterOptions,
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
      SPARKI_CA_FILE: clientAuthorities ?? join(processes.runDirectory, "ca.pem"),
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
