import type { CoreV1Api } from "@kubernetes/client-node";
import { decodeRelease, type HelmStore } from "../records/stored-release.ts";

/** Opens what Helm keeps in the cluster that a kubeconfig reaches; nothing where there is no cluster yet. */
export function helmStoreOpener(signal?: AbortSignal): (kubeconfig: string | undefined) => HelmStore {
  return (kubeconfig) => {
    if (kubeconfig === undefined) return { revisions: async () => undefined };
    let core: Promise<CoreV1Api> | undefined;
    return {
      revisions: async (namespace, name) => {
        core ??= connect(kubeconfig, signal);
        const labelSelector = `owner=helm,name=${name}`;
        const { items } = await (await core).listNamespacedSecret({ namespace, labelSelector });
        const found = items.flatMap(({ data }) => (data?.release === undefined ? [] : [decodeRelease(data.release)]));
        return found.sort((one, other) => other.revision - one.revision);
      },
    };
  };
}

/** The client takes half a second to load. */
async function connect(kubeconfig: string, signal?: AbortSignal): Promise<CoreV1Api> {
  const [{ CoreV1Api }, { KubernetesClient }] = await Promise.all([
    import("@kubernetes/client-node"),
    import("./kubernetes.ts"),
  ]);
  return new KubernetesClient(kubeconfig, signal).api(CoreV1Api);
}
