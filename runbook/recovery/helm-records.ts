import { realSeconds } from "../../gates/live/pace.ts";
import type { ClusterLookups, HelmRelease } from "../../io/cluster-lookups.ts";
import type { StateResource } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { NAMESPACES } from "../preflight/charts.ts";

/** What Helm is asked with, and for how long. */
export interface HelmRecords {
  readonly cluster: Pick<ClusterLookups, "helmReleases">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** The releases that the state has, or that were being created: their inputs hold their time limits. */
  readonly releases: readonly Pick<StateResource, "inputs">[];
  /** Since when the providers of this run exist, in seconds since 1970. @default unknown: those of an earlier run may live */
  readonly providersSince?: number | undefined;
  onProgress(text: string): void;
}

/** The longest limit of the program's releases: for one whose own limit is not known. */
const LONGEST_SECONDS = 900;
/** Helm's own limit where a release states none. */
const DEFAULT_SECONDS = 300;
/** From the limit until Helm has noted that it was reached. */
const NOTED_SECONDS = 30;
/** Real pods need real time to start, so a rehearsal's Helm does not end earlier than that. */
const SHORTEST_SECONDS = 60;
const LOOK_EVERY_SECONDS = 5;

/** Whether Helm calls an operation unended, which it refuses any other over. */
export function isPending({ status }: Pick<HelmRelease, "status">): boolean {
  return status.startsWith("pending-");
}

/**
 * The operations of Helm that nothing carries out any more: their program was killed, or lost the API server, and Helm
 * would refuse every later one. A provider may outlive its engine and still be at it, so the operation's own time limit is
 * waited for first. What ends by itself meanwhile is none of them.
 */
export async function abandonedOperations(records: HelmRecords): Promise<readonly HelmRelease[]> {
  const { cluster, clock, signal, onProgress } = records;
  const begin = clock.now();
  for (;;) {
    const pending = ((await cluster.helmReleases(NAMESPACES)) ?? []).filter(isPending);
    const living = pending.filter((each) => endOf(each, begin, records) > clock.now());
    if (living.length === 0) return pending;
    const left = Math.max(...living.map((each) => endOf(each, begin, records))) - clock.now();
    const names = living.map(({ name, status }) => `${name} (${status})`).join(", ");
    onProgress(
      `Helm may still be working on ${names}: waiting ${Math.ceil(left)} s at most (with --abandoned not at all)`,
    );
    await clock.sleep(Math.min(LOOK_EVERY_SECONDS, left), signal);
  }
}

/** When nobody can be at it any more; a cluster's clock that is ahead of ours delays that no further. */
function endOf({ name, namespace, since }: HelmRelease, begin: number, records: HelmRecords): number {
  const { releases, providersSince = 0, timeScale } = records;
  if (since < providersSince) return 0;
  const own = releases.find(({ inputs }) => inputs.name === name && inputs.namespace === namespace)?.inputs;
  const stated = typeof own?.timeout === "number" ? own.timeout : DEFAULT_SECONDS;
  const limit = (own === undefined ? LONGEST_SECONDS : stated) + NOTED_SECONDS;
  return Math.min(since, begin) + realSeconds(limit, { timeScale, shortest: SHORTEST_SECONDS });
}
