import { ApiError, type KubernetesApi } from "./api.ts";
import { NODES } from "./nodes.ts";
import type { Pod } from "./objects.ts";
import { isOver, pathOf } from "./pod-identity.ts";
import { pause, type Timing } from "./timing.ts";

const TOO_MANY_REQUESTS = 429;

/**
 * Empties a node: no pod comes to it any more, and those on it are evicted, which the API refuses while a disruption budget
 * would be broken. Resolves once none is left that runs; throws when the signal aborts.
 */
export async function drain(api: KubernetesApi, node: string, timing: Timing, signal: AbortSignal): Promise<void> {
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
