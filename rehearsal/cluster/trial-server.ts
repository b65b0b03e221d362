import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { temporaryFolder } from "../../tools/temporary-folders.ts";
import { CertificateAuthority } from "../certificates.ts";
import { claimSlot } from "../control.ts";
import { Processes, startParts, type Undo } from "../processes.ts";
import type { ClusterAccess } from "../services.ts";
import { ApiError, type DryRun, KubernetesApi } from "./api.ts";
import { applyDefinitions } from "./cluster.ts";
import { startApiServerAlone, type Tools } from "./control-plane.ts";

/** An object as a chart renders it, whatever is in it. */
type AskedObject = Readonly<Record<string, unknown>>;

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Asks an API server what it makes of objects; it keeps none of them. */
export class DryRuns {
  readonly #api: KubernetesApi;
  readonly #served = new Map<string, Promise<readonly Resource[]>>();

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** Server-side apply as a dry run, unknown fields refused; undefined where it serves no such API. */
  async ask(object: AskedObject): Promise<DryRun | undefined> {
    const place = await this.placeOf(object);
    return place && this.#api.dryRun(place.path, place.object);
  }

  /** Where the API server keeps the object, as its own discovery says, and the object as it takes it there. */
  async placeOf(object: AskedObject): Promise<{ readonly path: string; readonly object: AskedObject } | undefined> {
    const [apiVersion, kind] = [String(object.apiVersion), String(object.kind)];
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const served = this.#served.get(root) ?? this.#discover(root);
    this.#served.set(root, served);
    const resource = (await served).find((each) => each.kind === kind && !each.name.includes("/"));
    if (resource === undefined) return undefined;
    const { namespace = "default", ...rest } = metadataOf(object);
    const path = `${resource.name}/${rest.name}`;
    if (resource.namespaced) return { path: `${root}/namespaces/${namespace}/${path}`, object };
    return { path: `${root}/${path}`, object: { ...object, metadata: rest } };
  }

  async #discover(root: string): Promise<readonly Resource[]> {
    return (await this.#api.get<{ readonly resources: readonly Resource[] }>(root))?.resources ?? [];
  }
}

function metadataOf({ metadata }: AskedObject): Readonly<Record<string, unknown>> {
  return typeof metadata === "object" && metadata !== null ? { ...metadata } : {};
}

interface TrialServerOptions {
  /** Kubernetes' minor version, such as `1.36`. */
  readonly version: string;
  /** Absolute paths of etcd, and of the API server by its name in the catalog. */
  readonly tools: Tools;
  /** Folders with the custom resources that the cluster has beside those of Auto Mode and the add-ons. */
  readonly definitions: readonly string[];
  /** Where they are created, with Pod Security as the program sets it. */
  readonly namespaces: readonly string[];
  readonly signal: AbortSignal;
}

/** An API server of one version of Kubernetes with nothing in it but namespaces and definitions. */
export interface TrialServer {
  /** As it says itself, such as `1.36.3`. */
  readonly version: string;
  /** Undefined where it serves no such API. */
  dryRun(object: AskedObject): Promise<DryRun | undefined>;
  /** Ends its processes and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts etcd and the API server on a loopback network of their own, with credentials made for this one time. Rejects, with
 * nothing left, when it cannot, or when the signal aborts; after that too an abort ends the processes.
 */
export async function startTrialServer(options: TrialServerOptions): Promise<TrialServer> {
  try {
    return await startParts((undo) => start(options, undo));
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : error;
  }
}

async function start(
  { version, tools, definitions, namespaces, signal }: TrialServerOptions,
  undo: Undo,
): Promise<Omit<TrialServer, "stop">> {
  signal.throwIfAborted();
  const runDirectory = temporaryFolder("kubernetes");
  undo.push(() => rmSync(runDirectory, { recursive: true, force: true }));
  const slot = await claimSlot({}, randomBytes(32).toString("hex"));
  undo.push(() => slot.close());
  const processes = new Processes(runDirectory);
  undo.push(() => processes.stopAll());
  const abort = () => void processes.stopAll(0.3);
  signal.addEventListener("abort", abort);
  undo.push(() => signal.removeEventListener("abort", abort));
  const authority = await CertificateAuthority.open(runDirectory);
  const place = { addresses: slot.addresses, processes, tools, authority, version };
  const { endpoint, files, stop } = await startApiServerAlone(place);
  undo.push(stop);
  const access: ClusterAccess = { endpoint, certificateAuthorityPem: authority.pem, token: files.tokens.admin };
  const api = new KubernetesApi(access);
  undo.push(() => api.close());
  await applyDefinitions(api);
  for (const folder of definitions) await applyDefinitions(api, folder);
  await Promise.all(namespaces.map((name) => makeNamespace(api, name)));
  const said = await api.get<{ readonly gitVersion: string }>("/version");
  const runs = new DryRuns(api);
  return { version: said?.gitVersion.replace(/^v/, "") ?? version, dryRun: (object) => runs.ask(object) };
}

const POD_SECURITY = "pod-security.kubernetes.io";

/** As the program's own namespaces: workloads whose pods would be refused are warned of. */
async function makeNamespace(api: KubernetesApi, name: string): Promise<void> {
  const labels = { [`${POD_SECURITY}/enforce`]: "restricted", [`${POD_SECURITY}/warn`]: "restricted" };
  try {
    await api.create("/api/v1/namespaces", { metadata: { name, labels } });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
  }
}
