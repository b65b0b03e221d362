import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { KubernetesApi } from "../cluster/api.ts";
import type { Processes } from "../processes.ts";
import type { Checked, CheckRequest, ProviderModel, Session } from "../provider/model.ts";
import { isRecord, isUnknown, type Properties } from "../provider/properties.ts";
import { type ServedProvider, serveProvider } from "../provider/server.ts";
import { accessOf } from "./access.ts";
import { objectDifference, releaseDifference } from "./difference.ts";
import { idOf, Objects } from "./objects.ts";
import { previewOf, Releases } from "./release.ts";

export interface KubernetesProviderOptions {
  readonly processes: Processes;
  /** The helm binary's absolute path. */
  readonly helm: string;
  readonly projectDirectory: string;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
}

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** Serves the package `kubernetes`: objects of any kind by server-side apply, and Helm releases by the real helm. */
export function startKubernetesProvider(options: KubernetesProviderOptions): Promise<ServedProvider> {
  return serveProvider(kubernetesModel(options));
}

interface Cluster {
  readonly objects: Objects;
  readonly releases: Releases;
}

/** The provider's behaviour; a preview never touches a cluster, so it works before there is one. */
export function kubernetesModel(options: KubernetesProviderOptions): ProviderModel {
  const clusters = new Map<string, Cluster>();
  const clusterOf = (session: Session): Cluster => {
    const kubeconfig = kubeconfigOf(session);
    const known = clusters.get(kubeconfig) ?? connect(kubeconfig, options);
    clusters.set(kubeconfig, known);
    return known;
  };
  return {
    name: "kubernetes",
    version: "4.34.2",
    check: named,
    diff: ({ type, oldInputs, news }) => (type === RELEASE ? releaseDifference : objectDifference)(oldInputs, news),
    create: async (request) => {
      const { type, inputs, session, preview } = request;
      if (type === RELEASE) {
        if (preview) return { id: "", properties: previewOf(inputs) };
        return { id: releaseId(inputs), ...(await clusterOf(session).releases.apply(request)) };
      }
      if (preview) return { id: "", properties: inputs };
      return { id: idOf(inputs), properties: await clusterOf(session).objects.apply(inputs) };
    },
    update: async (request) => {
      const { type, inputs, session, preview } = request;
      if (type === RELEASE) {
        return preview ? { properties: previewOf(inputs) } : clusterOf(session).releases.apply(request);
      }
      return { properties: preview ? inputs : await clusterOf(session).objects.apply(inputs) };
    },
    read: async ({ type, id, inputs, properties, session, signal }) => {
      const cluster = clusterOf(session);
      const now =
        type === RELEASE ? await cluster.releases.read(inputs, signal) : await cluster.objects.read(properties);
      return now && { id, inputs, properties: now };
    },
    delete: ({ type, oldInputs, properties, session, signal }) => {
      const cluster = clusterOf(session);
      return type === RELEASE
        ? cluster.releases.uninstall(oldInputs, signal)
        : cluster.objects.delete(properties, signal);
    },
  };
}

function kubeconfigOf(session: Session): string {
  const { kubeconfig } = session.config;
  if (typeof kubeconfig !== "string" || kubeconfig === "" || isUnknown(kubeconfig)) {
    throw new Error("the kubernetes provider has no kubeconfig; expected the cluster's");
  }
  return kubeconfig;
}

function connect(kubeconfig: string, options: KubernetesProviderOptions): Cluster {
  const api = new KubernetesApi(accessOf(kubeconfig));
  const digest = createHash("sha256").update(kubeconfig).digest("hex").slice(0, 12);
  const kubeconfigFile = join(options.processes.runDirectory, `kubeconfig-${digest}`);
  writeFileSync(kubeconfigFile, kubeconfig, { mode: 0o600 });
  return { objects: new Objects(api), releases: new Releases({ ...options, api, kubeconfigFile }) };
}

/** Gives an object without a name one that is stable within the update, as the real provider does. */
function named({ type, name, news, olds, randomSeed }: CheckRequest): Checked {
  const suffix = Buffer.from(randomSeed).toString("hex").slice(0, 8) || "0";
  if (type === RELEASE) return { inputs: { ...news, name: news.name ?? olds.name ?? `${name}-${suffix}` } };
  const metadata = isRecord(news.metadata) ? news.metadata : {};
  const before = isRecord(olds.metadata) ? olds.metadata.name : undefined;
  return { inputs: { ...news, metadata: { ...metadata, name: metadata.name ?? before ?? `${name}-${suffix}` } } };
}

function releaseId(inputs: Properties): string {
  return `${inputs.namespace ?? "default"}/${inputs.name}`;
}
