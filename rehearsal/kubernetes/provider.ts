import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { KubernetesApi } from "../cluster/api.ts";
import type { Processes } from "../processes.ts";
import type { Checked, CheckRequest, ProviderModel, Session } from "../provider/model.ts";
import { hasUnknown, isRecord, isUnknown, type Path, type Properties } from "../provider/properties.ts";
import { Boundaries, type ServedProvider, serveProvider } from "../provider/server.ts";
import type { ClusterAccess } from "../services.ts";
import {
  configurationDifference,
  driftedInputs,
  importedInputs,
  objectDifference,
  releaseDifference,
} from "./difference.ts";
import { ASKED, DEFAULT_TIMEOUT_SECONDS, Releases, releasePreview } from "./helm.ts";
import { idOf, limitAt, namedBy, Objects, type Patience } from "./objects.ts";

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** Serves the package `kubernetes`: objects of any kind by server-side apply, and Helm releases by the real helm. */
export async function startKubernetesProvider(
  options: KubernetesProviderOptions,
  boundaries = new Boundaries(),
): Promise<ServedProvider> {
  const clusters = new Clusters(options);
  const served = await serveProvider(boundaries.around(kubernetesModel(clusters, options)));
  const close = async () => {
    await served.close();
    await clusters.close();
  };
  return { port: served.port, close };
}

/** The provider's behaviour; a preview never touches a cluster, so it works before there is one. */
export function kubernetesModel(
  clusters: Clusters,
  { timeScale, projectDirectory }: Pick<KubernetesProviderOptions, "timeScale" | "projectDirectory">,
): ProviderModel {
  const clusterOf = (session: Session) => clusters.at(kubeconfigOf(session));
  const [releases, objects] = [releaseVerbs(clusterOf, projectDirectory), objectVerbs(clusterOf, timeScale)];
  const verbsOf = (type: string) => (type === RELEASE ? releases : objects);
  return {
    name: "kubernetes",
    version: "4.34.2",
    diffConfig: configurationDifference,
    check: (request) => verbsOf(request.type).check(request),
    diff: (request) => verbsOf(request.type).diff(request),
    create: (request) => verbsOf(request.type).create(request),
    update: (request) => verbsOf(request.type).update(request),
    read: (request) => verbsOf(request.type).read(request),
    delete: (request) => verbsOf(request.type).delete(request),
  };
}

function kubeconfigOf({ config }: Session): string {
  const { kubeconfig } = config;
  if (typeof kubeconfig === "string" && kubeconfig !== "" && !isUnknown(kubeconfig)) return kubeconfig;
  throw new Error("the kubernetes provider has no kubeconfig; expected the cluster's");
}

/** What the provider does with one family of resources. */
export type Verbs = Pick<ProviderModel, "check" | "diff" | "create" | "update" | "read" | "delete">;

/** The real provider's own limits where a program sets none; at a time scale, but for the floor. */
const READY_LIMIT_SECONDS = 600;

/** Deletions take what they take, at any time scale. */
const DELETION_LIMIT_SECONDS = 120;

/** Objects of any kind. */
function objectVerbs(clusterOf: (session: Session) => ConnectedCluster, timeScale: number): Verbs {
  return {
    check: checkedObject,
    diff: ({ oldInputs, news, session }) => objectDifference(oldInputs, news, mutableIn(session)),
    create: async (request) => {
      const { inputs, preview, session } = request;
      if (preview) return { id: "", properties: inputs, secrets: secretsIn(inputs) };
      const { objects } = clusterOf(session);
      if (!isOn(session, "upsertExistingObjects")) await objects.assertAbsent(inputs);
      const properties = await objects.apply(inputs, readyWithin(request, timeScale));
      return { id: idOf(inputs), properties, secrets: secretsIn(inputs) };
    },
    update: async (request) => {
      const { inputs, preview, session } = request;
      if (preview) return { properties: inputs, secrets: secretsIn(inputs) };
      const properties = await clusterOf(session).objects.apply(inputs, readyWithin(request, timeScale));
      return { properties, secrets: secretsIn(inputs) };
    },
    read: async ({ type, id, inputs, properties, session }) => {
      const isImport = inputs.metadata === undefined;
      // Without outputs the real provider goes by the id and the type too.
      const now = await clusterOf(session).objects.read(properties.kind === undefined ? namedBy(type, id) : properties);
      if (now === undefined) return undefined;
      const seen = isImport ? importedInputs(now) : driftedInputs(inputs, properties, now);
      return { id, inputs: seen, properties: now, secrets: secretsIn(now) };
    },
    delete: ({ properties, session, signal, timeoutSeconds }) => {
      const limitSeconds = timeoutSeconds > 0 ? timeoutSeconds : DELETION_LIMIT_SECONDS;
      return clusterOf(session).objects.delete(properties, { limitSeconds, signal });
    },
  };
}

/** A setting of the provider's that is off unless the program turns it on; the engine hands it on as text. */
function isOn({ config }: Session, setting: string): boolean {
  return config[setting] === true || config[setting] === "true";
}

/** The kinds whose contents this provider instance changes in place; by default it replaces the object. */
function mutableIn(session: Session): readonly string[] {
  const options = { ConfigMap: "enableConfigMapMutable", Secret: "enableSecretMutable" };
  return Object.entries(options).flatMap(([kind, setting]) => (isOn(session, setting) ? [kind] : []));
}

function readyWithin(request: { timeoutSeconds: number; signal: AbortSignal }, timeScale: number): Patience {
  const asked = request.timeoutSeconds > 0 ? request.timeoutSeconds : READY_LIMIT_SECONDS;
  return { limitSeconds: limitAt(asked, timeScale), signal: request.signal };
}

/** A Secret's contents are secret however the program came by them. */
function secretsIn({ apiVersion, kind }: Properties): Path[] {
  return kind === "Secret" && apiVersion === "v1" ? [["data"], ["stringData"]] : [];
}

/**
 * The inputs as the real provider completes them before anyone judges them: an object without a name has one that is
 * stable within the update, one that is in some namespace names it, and a Secret's texts are in its data.
 */
export function checkedObject({ name, news, olds, secrets, randomSeed }: CheckRequest): Checked {
  const suffix = Buffer.from(randomSeed).toString("hex").slice(0, 8) || "0";
  const metadata = isRecord(news.metadata) ? news.metadata : {};
  const before = isRecord(olds.metadata) ? olds.metadata.name : undefined;
  const made = metadata.name === undefined ? { annotations: autonamed(metadata) } : {};
  const named = { ...placed(news, metadata), ...made, name: metadata.name ?? before ?? `${name}-${suffix}` };
  const inputs = withData(news);
  const moved = secrets.flatMap(([first, ...rest]): Path[] => (first === "stringData" ? [["data", ...rest]] : []));
  return { inputs: { ...inputs, metadata: named }, secrets: "stringData" in inputs ? [] : moved };
}

/** Kinds of Kubernetes' own that are in no namespace. */
const CLUSTER_WIDE = new Set([
  ...["APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding"],
  ...["CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node"],
  ...["PersistentVolume", "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "StorageClass"],
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"],
  ...["VolumeAttachment"],
]);
/** Groups that Kubernetes serves itself: of others only the cluster knows what is in a namespace. */
const OWN_GROUP = /^(v\d\w*|(apps|autoscaling|batch|policy|[\w.]+\.k8s\.io)\/\w+)$/;

/** An object that could be in any namespace and names none is in the default one. */
function placed({ apiVersion, kind }: Properties, metadata: Properties): Properties {
  const isPlaced = metadata.namespace !== undefined || typeof apiVersion !== "string" || typeof kind !== "string";
  if (isPlaced || !OWN_GROUP.test(apiVersion) || CLUSTER_WIDE.has(kind)) return metadata;
  return { ...metadata, namespace: "default" };
}

function autonamed({ annotations }: Properties): Properties {
  return { ...(isRecord(annotations) ? annotations : {}), "pulumi.com/autonamed": "true" };
}

/** A Secret's `stringData` in its `data`, as the API server keeps it; texts that are not known yet stay where they are. */
function withData(inputs: Properties): Properties {
  const { stringData, ...rest } = inputs;
  if (secretsIn(inputs).length === 0 || !isRecord(stringData) || hasUnknown(stringData)) return inputs;
  const added = Object.entries(stringData).map(
    ([key, text]) => [key, Buffer.from(`${text}`).toString("base64")] as const,
  );
  return { ...rest, data: { ...(isRecord(inputs.data) ? inputs.data : {}), ...Object.fromEntries(added) } };
}

/** The state's copy of the inputs may hold what is secret in them. */
const SECRETS: readonly Path[] = [[ASKED]];

/** Helm releases, of charts whose paths start in the project. */
function releaseVerbs(clusterOf: (session: Session) => ConnectedCluster, projectDirectory: string): Verbs {
  return {
    check: (request) => checkedRelease(request, projectDirectory),
    diff: ({ olds, oldInputs, news }) => {
      const { [ASKED]: asked, ...live } = olds;
      return releaseDifference({ inputs: isRecord(asked) ? asked : oldInputs, live }, news);
    },
    create: async (request) => {
      if (request.preview) return { id: "", properties: releasePreview(request.inputs), secrets: SECRETS };
      const made = await clusterOf(request.session).releases.apply(request);
      return { id: releaseId(request.inputs), ...made, secrets: SECRETS };
    },
    update: async (request) => {
      if (request.preview) return { properties: releasePreview(request.inputs), secrets: SECRETS };
      return { ...(await clusterOf(request.session).releases.apply(request)), secrets: SECRETS };
    },
    read: async ({ id, inputs, properties, session, signal }) => {
      const [name = "", namespace = "default"] = id.split("/").reverse();
      const wanted = inputs.name === undefined ? { ...inputs, name, namespace } : inputs;
      const before = properties[ASKED] === undefined ? { ...wanted, [ASKED]: wanted } : properties;
      const now = await clusterOf(session).releases.read(before, signal);
      const asked = before[ASKED];
      return now && { id, inputs: isRecord(asked) ? asked : wanted, properties: now, secrets: SECRETS };
    },
    delete: ({ oldInputs, session, signal }) => clusterOf(session).releases.uninstall(oldInputs, signal),
  };
}

function releaseId(inputs: Properties): string {
  return `${inputs.namespace ?? "default"}/${inputs.name}`;
}

/** What the real provider fills into a release's inputs (seen of 4.24 and 4.34). */
const DEFAULTS: Properties = {
  ...{ allowNullValues: false, atomic: false, cleanupOnFail: false, createNamespace: false, dependencyUpdate: false },
  ...{ description: "", devel: false, disableCRDHooks: false, disableOpenapiValidation: false, disableWebhooks: false },
  ...{ forceUpdate: false, keyring: "", lint: false, namespace: "default", postrender: "", recreatePods: false },
  ...{ renderSubchartNotes: false, replace: false, resetValues: false, reuseValues: false, skipAwait: false },
  ...{ skipCrds: false, values: {}, verify: false, version: "", waitForJobs: false },
};

/** Settings of a Release that this provider carries out. */
const CARRIED_OUT = new Set([
  ...["name", "namespace", "chart", "values", "timeout", "atomic", "cleanupOnFail", "createNamespace", "skipAwait"],
  ...["waitForJobs", "maxHistory", "description", "version"],
]);

/**
 * A release's inputs as the real provider completes them, with its name and the version of its chart; and one failure for
 * each setting that would silently do nothing here, and for a chart that is not there.
 */
export function checkedRelease({ name, news, olds, randomSeed }: CheckRequest, projectDirectory: string): Checked {
  const suffix = Buffer.from(randomSeed).toString("hex").slice(0, 8) || "0";
  // The SDK's own mark.
  const { compat: _, ...asked } = news;
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null));
  const timeout = given.skipAwait === true ? 0 : DEFAULT_TIMEOUT_SECONDS;
  const inputs: Properties = { ...DEFAULTS, timeout, ...given, name: given.name || olds.name || `${name}-${suffix}` };
  const idle = Object.entries(inputs).flatMap(([property, value]) => {
    const isIdle = value === DEFAULTS[property] || value === "" || CARRIED_OUT.has(property);
    return isIdle ? [] : [{ property, reason: `the rehearsal's Helm does not carry out the setting ${property}` }];
  });
  if (hasUnknown(given)) return { inputs, failures: idle };
  const version = chartVersion(inputs, projectDirectory);
  if (version !== undefined) return { inputs: { ...inputs, version }, failures: idle };
  const reason = `chart ${JSON.stringify(inputs.chart)} not found; check the chart name and repository configuration.`;
  return { inputs, failures: [...idle, { property: "chart", reason }] };
}

const chartSchema = z.object({ version: z.string() });

function chartVersion({ chart }: Properties, projectDirectory: string): string | undefined {
  // A rollback names the charts that were promoted by their whole path.
  const file = join(resolve(projectDirectory, `${chart}`), "Chart.yaml");
  return existsSync(file) ? chartSchema.parse(parse(readFileSync(file, "utf8"))).version : undefined;
}

const kubeconfigSchema = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) }))
    .min(1),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })).min(1),
});

/** How to reach the API server that a kubeconfig names; throws when it holds no token, as one of a real cluster does. */
export function accessOf(kubeconfig: string): ClusterAccess {
  const parsed = kubeconfigSchema.safeParse(parse(kubeconfig));
  const cluster = parsed.data?.clusters[0]?.cluster;
  const user = parsed.data?.users[0]?.user;
  if (cluster === undefined || user === undefined) {
    throw new Error(
      "the provider's kubeconfig has no server, certificate authority and token; expected the rehearsal's",
    );
  }
  return {
    endpoint: cluster.server,
    certificateAuthorityPem: Buffer.from(cluster["certificate-authority-data"], "base64").toString(),
    token: user.token,
  };
}

interface KubernetesProviderOptions {
  readonly processes: Processes;
  /** The helm binary's absolute path. */
  readonly helm: string;
  readonly projectDirectory: string;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
}

/** What the provider does in one cluster. */
interface ConnectedCluster {
  readonly objects: Objects;
  readonly releases: Releases;
}

/** The clusters that provider instances were configured with, by kubeconfig. */
export class Clusters {
  readonly #options: KubernetesProviderOptions;
  readonly #connected = new Map<string, ConnectedCluster>();
  readonly #apis: KubernetesApi[] = [];

  constructor(options: KubernetesProviderOptions) {
    this.#options = options;
  }

  at(kubeconfig: string): ConnectedCluster {
    const known = this.#connected.get(kubeconfig) ?? this.#connect(kubeconfig);
    this.#connected.set(kubeconfig, known);
    return known;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apis.splice(0).map((api) => api.close()));
    this.#connected.clear();
  }

  /** Helm wants the kubeconfig as a file; only its owner may read it. */
  #connect(kubeconfig: string): ConnectedCluster {
    const api = new KubernetesApi(accessOf(kubeconfig));
    this.#apis.push(api);
    const digest = createHash("sha256").update(kubeconfig).digest("hex").slice(0, 12);
    const kubeconfigFile = join(this.#options.processes.runDirectory, `kubeconfig-${digest}`);
    writeFileSync(kubeconfigFile, kubeconfig, { mode: 0o600 });
    return { objects: new Objects(api), releases: new Releases({ ...this.#options, api, kubeconfigFile }) };
  }
}
