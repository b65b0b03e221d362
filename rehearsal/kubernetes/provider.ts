import { Boundaries } from "../provider/boundaries.ts";
import type { ProviderModel, Session } from "../provider/model.ts";
import { isUnknown } from "../provider/properties.ts";
import { type ServedProvider, serveProvider } from "../provider/server.ts";
import { Clusters, type KubernetesProviderOptions } from "./clusters.ts";
import { objectVerbs } from "./object-verbs.ts";
import { releaseVerbs } from "./release-verbs.ts";

const RELEASE = "kubernetes:helm.sh/v3:Release";

/** Serves the package `kubernetes`: objects of any kind by server-side apply, and Helm releases by the real helm. */
export async function startKubernetesProvider(
  options: KubernetesProviderOptions,
  boundaries = new Boundaries(),
): Promise<ServedProvider> {
  const clusters = new Clusters(options);
  const served = await serveProvider(boundaries.around(kubernetesModel(clusters, options.timeScale)));
  const close = async () => {
    await served.close();
    await clusters.close();
  };
  return { port: served.port, close };
}

/** The provider's behaviour; a preview never touches a cluster, so it works before there is one. */
export function kubernetesModel(clusters: Clusters, timeScale: number): ProviderModel {
  const clusterOf = (session: Session) => clusters.at(kubeconfigOf(session));
  const [releases, objects] = [releaseVerbs(clusterOf), objectVerbs(clusterOf, timeScale)];
  const verbsOf = (type: string) => (type === RELEASE ? releases : objects);
  return {
    name: "kubernetes",
    version: "4.34.2",
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
