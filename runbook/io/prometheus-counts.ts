import type { Counts } from "../../gates/evidence.ts";
import type { Objective } from "../../gates/objective.ts";
import type { CountsByObjective, MetricSource, Reading } from "../../gates/reading.ts";
import { ageOf, growthSince, type Labels, type Prometheus, type Series } from "./prometheus.ts";

const REQUESTS = "http_requests_total";
const DURATIONS = "http_request_duration_seconds_bucket";
/** How far before a window a sample still says what a counter was when the window began. */
const LOOKBACK_SECONDS = 300;
const POINTS = 240;

export interface CountsOptions {
  /** Which requests count, for example `{ release, track, synthetic: "false" }`. */
  readonly labels: Labels;
  /** Seconds since 1970. */
  now(): number;
  /** @default 60 */
  readonly staleAfterSeconds?: number;
}

/** Counts of requests in Prometheus, from every sample for a gate's minutes and from points in time for hours. */
export interface PrometheusCounts extends MetricSource {
  /** Counts over the last `windowSeconds`, from a few hundred points; a pod that lived between two of them is missed. */
  countsOver(objectives: readonly Objective[], windowSeconds: number): Promise<Reading<CountsByObjective>>;
  /** The durations (seconds) that slow-request objectives need and the histogram has no bucket for. */
  missingBuckets(objectives: readonly Objective[]): Promise<Reading<readonly number[]>>;
}

/** Reads objectives' counts from the application's metrics (`http_requests_total`, `http_request_duration_seconds`). */
export function prometheusCounts(prometheus: Prometheus, options: CountsOptions): PrometheusCounts {
  const { labels, now, staleAfterSeconds = 60 } = options;
  const requests = `${REQUESTS}${matchers(labels)}`;
  const durations = `${DURATIONS}${matchers(labels)}`;

  async function read(metric: string, since: number): Promise<Reading<readonly Grown[]>> {
    const at = now();
    const reading = await prometheus.samples(metric, at - since + LOOKBACK_SECONDS, at);
    if (reading.kind !== "value") return reading;
    const ageSeconds = ageOf(reading.value, at);
    if (ageSeconds > staleAfterSeconds) return { kind: "stale", ageSeconds };
    return { kind: "value", value: reading.value.map((series) => grown(series, growthSince(series.points, since))) };
  }

  async function grow(metric: string, windowSeconds: number): Promise<Reading<readonly Grown[]>> {
    const [end, step] = [now(), Math.max(15, Math.ceil(windowSeconds / POINTS))];
    const reading = await prometheus.range(metric, end - windowSeconds, end, step);
    if (reading.kind !== "value") return reading;
    const since = end - windowSeconds;
    return { kind: "value", value: reading.value.map((series) => grown(series, growthSince(series.points, since))) };
  }

  /** No series at all is no traffic only where the release's pods are scraped; else nobody looks. */
  async function unlessBlind(reading: Reading<CountsByObjective>): Promise<Reading<CountsByObjective>> {
    if (reading.kind !== "no-data") return reading;
    const { synthetic: _, ...target } = labels;
    const targets = await prometheus.instant(`up${matchers(target)}`);
    if (targets.kind !== "value" && targets.kind !== "no-data") return targets;
    const scraped = targets.kind === "value" && targets.value.some(({ points }) => points.some(([, up]) => up === 1));
    return scraped ? reading : { kind: "unreachable", reason: `no target up${matchers(target)} is scraped` };
  }

  return {
    countsSince: async (objectives, since) =>
      unlessBlind(combine(objectives, await read(requests, since), await read(durations, since))),
    countsOver: async (objectives, seconds) =>
      combine(objectives, await grow(requests, seconds), await grow(durations, seconds)),
    missingBuckets: async (objectives) => {
      const reading = await prometheus.instant(`count by (le) (${durations})`);
      if (reading.kind !== "value") return reading;
      const bounds = new Set(reading.value.map((series) => Number(series.labels.le)));
      return { kind: "value", value: slowBounds(objectives).filter((bound) => !bounds.has(bound)) };
    },
  };
}

interface Grown {
  readonly labels: Labels;
  readonly growth: number;
}

function grown({ labels }: Series, growth: number): Grown {
  return { labels, growth };
}

function matchers(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}}`;
}

function slowBounds(objectives: readonly Objective[]): number[] {
  return objectives.flatMap(({ kind }) => (kind.type === "slowerThan" ? [kind.seconds] : []));
}

function combine(
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
