import type { KubernetesApi } from "../cluster/api.ts";
import type { Pod } from "../cluster/objects.ts";

/** Why the pods of a Helm release are not ready, in the kubelet's words; one line a pod. */
export async function troubledPods(api: KubernetesApi, namespace: string, release: string): Promise<string[]> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { items } = await api.list<Pod>(path, { labelSelector: `app.kubernetes.io/instance=${release}` });
  return items.flatMap((pod) => {
    const waiting = pod.status?.containerStatuses?.find(({ state }) => state?.waiting !== undefined)?.state?.waiting;
    if (waiting?.reason === undefined || waiting.reason === "ContainerCreating") return [];
    return [`${pod.metadata?.name}: ${waiting.reason}: ${waiting.message ?? ""}`];
  });
}
