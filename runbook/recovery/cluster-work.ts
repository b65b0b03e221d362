import { realSeconds } from "../../gates/live/pace.ts";
import type { ClusterJob, ClusterLookups, HelmRelease } from "../../io/cluster-lookups.ts";
import type { StateResource } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { NAMESPACES } from "../preflight/charts.ts";
import type { BegunJob } from "./state-edit.ts";

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
const LONGEST_RELEASE_SECONDS = 900;
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
  const limit = (own === undefined ? LONGEST_RELEASE_SECONDS : stated) + NOTED_SECONDS;
  return Math.min(since, begin) + realSeconds(limit, { timeScale, shortest: SHORTEST_SECONDS });
}

/** What the cluster is asked with, and for how long. */
interface JobsOptions {
  readonly cluster: Pick<ClusterLookups, "jobs">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onProgress(text: string): void;
}

/** The jobs' own limit, and the time that Kubernetes needs to end one that has reached it. */
const LONGEST_JOB_SECONDS = 660;

/**
 * Which of these jobs have succeeded, by URN. The cluster carries a job on whoever asked for it has died: one that still runs
 * is waited for, to its own limit, since nothing is known of the database before.
 */
export async function succeededJobs(
  begun: readonly BegunJob[],
  { cluster, clock, signal, onProgress }: JobsOptions,
): Promise<ReadonlySet<string>> {
  const deadline = clock.now() + LONGEST_JOB_SECONDS;
  for (;;) {
    const jobs = (await cluster.jobs(NAMESPACES)) ?? [];
    const running = begun.filter((each) => jobs.some((job) => job.state === "running" && isOf(job, each)));
    const left = deadline - clock.now();
    if (running.length === 0 || left <= 0) {
      const done = begun.filter((each) => jobs.some((job) => job.state === "succeeded" && isOf(job, each)));
      return new Set(done.map(({ urn }) => urn));
    }
    const names = running.map(({ name }) => name).join(", ");
    onProgress(`the cluster still runs ${names}: waiting ${Math.ceil(left)} s at most`);
    await clock.sleep(Math.min(LOOK_EVERY_SECONDS, left), signal);
  }
}

/** By its name and all that it runs for, which its image alone says of no job that runs again for anything else. */
function isOf({ name, image }: ClusterJob, begun: BegunJob): boolean {
  const [trigger, ...others] = begun.triggers;
  return begun.name.endsWith(`-${name}-run`) && trigger === image && others.length === 0;
}
