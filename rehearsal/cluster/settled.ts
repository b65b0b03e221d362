import type { ClusterAccess } from "../services.ts";
import { waitFor } from "../waiting.ts";
import { KubernetesApi } from "./api.ts";
import type { Pod } from "./objects.ts";

const ENDED = ["Succeeded", "Failed"];

interface Settling {
  /** When it was started again. */
  readonly since: Date;
  /** What the load balancers know of all their targets. */
  readonly health: () => readonly { readonly healthy: boolean }[];
  /** The names of the pods that Prometheus scrapes. */
  readonly scraped: () => Promise<ReadonlySet<string>>;
  readonly limitSeconds: number;
}

/**
 * Resolves once a cluster that was started again serves: every pod that goes on is ready, in containers begun since then,
 * every target is healthy, and Prometheus scrapes each pod behind a load balancer. Throws SPARKI_OUTSIDE when it does not
 * within the limit.
 */
export async function settled(
  access: ClusterAccess,
  { since, health, scraped, limitSeconds }: Settling,
): Promise<void> {
  const api = new KubernetesApi(access);
  const serves = async () => {
    const { items } = await api.list<Pod>("/api/v1/pods");
    const going = items.filter(({ status }) => !ENDED.includes(status?.phase ?? ""));
    const targets = health();
    const behind = going.filter(({ spec }) => (spec?.readinessGates ?? []).length > 0);
    const isAllBound = targets.length >= behind.length && targets.every(({ healthy }) => healthy);
    if (!isAllBound || !going.every((pod) => isReadySince(pod, since))) return false;
    const counted = await scraped();
    return behind.every(({ metadata }) => counted.has(metadata?.name ?? ""));
  };
  try {
    // Each look reads all pods, while they themselves need the processors to begin.
    await waitFor("every pod of the world before", serves, { limitSeconds, everySeconds: 0.3 });
  } finally {
    await api.close();
  }
}

function isReadySince({ status }: Pod, since: Date): boolean {
  const isReady = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
  // The API's times are whole seconds.
  const begin = Math.floor(since.getTime() / 1000) * 1000;
  const begun = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? ""));
  return isReady && begun.length > 0 && begun.every((at) => at >= begin);
}
