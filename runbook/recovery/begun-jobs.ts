import type { ClusterJob, ClusterLookups } from "../../io/cluster-lookups.ts";
import type { Clock } from "../../shared/clock.ts";
import { NAMESPACES } from "../preflight/charts.ts";
import type { BegunJob } from "./state-edit.ts";

/** What the cluster is asked with, and for how long. */
export interface JobsOptions {
  readonly cluster: Pick<ClusterLookups, "jobs">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onProgress(text: string): void;
}

/** The jobs' own limit, and the time that Kubernetes needs to end one that has reached it. */
const LONGEST_SECONDS = 660;
const LOOK_EVERY_SECONDS = 5;

/**
 * Which of these jobs have succeeded, by URN. The cluster carries a job on whoever asked for it has died: one that still runs
 * is waited for, to its own limit, since nothing is known of the database before.
 */
export async function succeededJobs(
  begun: readonly BegunJob[],
  { cluster, clock, signal, onProgress }: JobsOptions,
): Promise<ReadonlySet<string>> {
  const deadline = clock.now() + LONGEST_SECONDS;
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
