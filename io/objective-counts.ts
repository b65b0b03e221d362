import type { Counts } from "../gates/evidence.ts";
import type { Objective } from "../gates/objective.ts";
import type { CountsByObjective, Reading } from "../gates/reading.ts";
import type { Grown } from "./prometheus-growth.ts";

/** The application's histogram of how long requests took. */
export const DURATIONS = "http_request_duration_seconds_bucket";

/** The bounds (seconds) of the buckets that the objectives need. */
export function slowBounds(objectives: readonly Objective[]): number[] {
  return objectives.flatMap(({ kind }) => (kind.type === "slowerThan" ? [kind.seconds] : []));
}

/**
 * What grew, as counts of requests and of bad ones by objective; `not-a-number` where no bucket has an objective's limit
 * for its bound.
 */
export function countsIn(
  objectives: readonly Objective[],
  requests: Reading<readonly Grown[]>,
  durations: Reading<readonly Grown[]>,
): Reading<CountsByObjective> {
  if (requests.kind !== "value") return requests;
  const buckets = durations.kind === "value" ? durations.value : [];
  if (durations.kind !== "value" && durations.kind !== "no-data") return durations;
  const counted = objectives.map(({ name, kind }) => {
    return [name, kind.type === "errors" ? errorsIn(requests.value) : slowIn(buckets, kind.seconds)] as const;
  });
  const uncounted = counted.find(([, counts]) => counts === undefined);
  if (uncounted !== undefined)
    return { kind: "not-a-number", reason: `no bucket of ${DURATIONS} fits "${uncounted[0]}"` };
  return {
    kind: "value",
    value: Object.fromEntries(counted.flatMap(([name, counts]) => (counts ? [[name, counts]] : []))),
  };
}

function errorsIn(series: readonly Grown[]): Counts {
  return { requests: total(series), bad: total(series.filter(({ labels }) => labels.status?.startsWith("5"))) };
}

function slowIn(buckets: readonly Grown[], seconds: number): Counts | undefined {
  const withBound = (bound: number) => buckets.filter(({ labels }) => bucketBound(labels.le) === bound);
  if (withBound(seconds).length === 0) return undefined;
  const requests = total(withBound(Number.POSITIVE_INFINITY));
  return { requests, bad: requests - total(withBound(seconds)) };
}

/** Prometheus writes the same bound as 5 or 5.0, by the format of the scrape. */
function bucketBound(text: string | undefined): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}

function total(series: readonly Grown[]): number {
  return Math.round(series.reduce((sum, { growth }) => sum + growth, 0));
}
