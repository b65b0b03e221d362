import type { Objective } from "../gates/objective.ts";
import type { CountsByObjective, MetricSource, Reading } from "../gates/reading.ts";
import { countsIn, DURATIONS, slowBounds } from "./objective-counts.ts";
import { ageOf, growthSince, type Labels, type PastOf, type Prometheus, pastBeside } from "./prometheus.ts";
import { type Grown, growthOver } from "./prometheus-growth.ts";
import { scrapedOnce } from "./scraped-once.ts";

const REQUESTS = "http_requests_total";
/** How long a sample says what was so: what a counter was when a window began, that a pod is scraped. */
const LOOKBACK_SECONDS = 300;

/** How far back a pod is known of, from before what is counted: as long as a release is watched. */
const KNOWN_SECONDS = 86_400;

/** How finely it is looked at how far back samples go. */
const REACH_STEPS = 720;

export interface CountsOptions {
  /** Which requests count, for example `{ release, track, synthetic: "false" }`. */
  readonly labels: Labels;
  /** Seconds since 1970. */
  now(): number;
  /** @default 60 */
  readonly staleAfterSeconds?: number;
}

/**
 * Counts of requests in Prometheus: exactly, from every sample, for a gate's minutes, and added up by Prometheus itself
 * for days. Where it looked at nothing for more than five minutes, what it then saw is the start, and counts for nothing.
 * Where it missed one pod for so long, a gate's counts are unusable; for days, that pod's time away counts for nothing.
 */
export interface PrometheusCounts extends MetricSource {
  /** Counts over the last `windowSeconds`, to a few parts in a thousand. */
  countsOver(objectives: readonly Objective[], windowSeconds: number): Promise<Reading<CountsByObjective>>;
  /** How many of the last `windowSeconds` Prometheus has samples of, of any target: it keeps them for so long only. */
  reachOver(windowSeconds: number): Promise<Reading<number>>;
  /** The durations (seconds) that slow-request objectives need and the histogram has no bucket for. */
  missingBuckets(objectives: readonly Objective[]): Promise<Reading<readonly number[]>>;
}

interface Seen {
  readonly counts: Reading<CountsByObjective>;
  /** Of the newest sample, of the older of the metrics; 0 where there is none. */
  readonly ageSeconds: number;
}

/** Reads objectives' counts from the application's metrics (`http_requests_total`, `http_request_duration_seconds`). */
export function prometheusCounts(prometheus: Prometheus, options: CountsOptions): PrometheusCounts {
  const { labels, now, staleAfterSeconds = 60 } = options;
  const { synthetic: _, ...target } = labels;
  const { track: __, release: ___, ...service } = target;
  const requests = `${REQUESTS}${matchers(labels)}`;

  async function pasts(since: number): Promise<Reading<PastOf>> {
    const [targets, at] = [`up${matchers(service)}`, now()];
    const up = await prometheus.samples(targets, at - since + LOOKBACK_SECONDS, at);
    if (up.kind !== "value" && up.kind !== "no-data") return up;
    const answered = `max by (namespace, pod) (max_over_time(${targets}[${KNOWN_SECONDS}s])) == 1`;
    const before = await prometheus.instant(answered, since - LOOKBACK_SECONDS);
    if (before.kind !== "value" && before.kind !== "no-data") return before;
    const known = before.kind === "value" ? before.value : [];
    const past = { lookbackSeconds: LOOKBACK_SECONDS, since, known };
    return { kind: "value", value: pastBeside(up.kind === "value" ? up.value : [], past) };
  }

  async function since(objectives: readonly Objective[], time: number): Promise<Seen> {
    const pastOf = await pasts(time);
    if (pastOf.kind !== "value") return { counts: pastOf, ageSeconds: 0 };
    let ageSeconds = 0;
    const grow = async (metric: string): Promise<Reading<readonly Grown[]>> => {
      const at = now();
      const reading = await prometheus.samples(metric, at - time + LOOKBACK_SECONDS, at);
      if (reading.kind !== "value") return reading;
      ageSeconds = Math.max(ageSeconds, ageOf(reading.value, at));
      const grown: Grown[] = [];
      for (const series of scrapedOnce(reading.value)) {
        const growth = growthSince(series, time, pastOf.value);
        if (growth === undefined) return missed(series.labels.pod);
        grown.push({ labels: series.labels, growth });
      }
      return { kind: "value", value: grown };
    };
    const counts = countsIn(objectives, await grow(requests), await grow(durations(labels, objectives)));
    return { counts, ageSeconds };
  }

  async function over(objectives: readonly Objective[], seconds: number): Promise<Reading<CountsByObjective>> {
    const [up, end] = [`up${matchers(service)}`, now()];
    const grow = (metric: string, by: string) => growthOver(prometheus, { metric, by, up }, end, seconds);
    return countsIn(objectives, await grow(requests, "status"), await grow(durations(labels, objectives), "le"));
  }

  /** Why nobody looks at the pods that are asked about; undefined where they are scraped. */
  async function blindness(): Promise<Reading<never> | undefined> {
    const [up, at] = [`up${matchers(target)}`, now()];
    const scrapes = await prometheus.samples(up, LOOKBACK_SECONDS, at);
    if (scrapes.kind !== "value" && scrapes.kind !== "no-data") return scrapes;
    const answered = scrapes.kind === "value" ? scrapes.value.filter(({ points }) => points.at(-1)?.[1] === 1) : [];
    if (answered.length === 0) return { kind: "unreachable", reason: `no target ${up} is scraped` };
    const ageSeconds = ageOf(answered, at);
    return ageSeconds > staleAfterSeconds ? { kind: "stale", ageSeconds } : undefined;
  }

  return {
    countsSince: async (objectives, time) => {
      const { counts, ageSeconds } = await since(objectives, time);
      if (counts.kind !== "no-data" && ageSeconds <= staleAfterSeconds) return counts;
      // Where the release's pods are scraped, nobody asks them, and what is old is of pods that are gone.
      return (await blindness()) ?? counts;
    },
    countsOver: async (objectives, seconds) => (await blindness()) ?? over(objectives, seconds),
    reachOver: async (seconds) => {
      const [at, step] = [now(), Math.max(1, Math.ceil(seconds / REACH_STEPS))];
      const oldest = `min_over_time(timestamp(max(up))[${Math.ceil(seconds)}s:${step}s])`;
      const reading = await prometheus.instant(oldest, at);
      if (reading.kind === "no-data") return { kind: "value", value: 0 };
      if (reading.kind !== "value") return reading;
      const first = reading.value[0]?.points.at(-1)?.[1] ?? at;
      // A sample counts for five minutes, and the steps do not begin with the window.
      const reach = at - first + step + LOOKBACK_SECONDS;
      return { kind: "value", value: Math.max(0, reach >= seconds ? seconds : at - first) };
    },
    missingBuckets: async (objectives) => {
      const reading = await prometheus.instant(`count by (le) (${DURATIONS}${matchers(labels)})`);
      if (reading.kind !== "value") return reading;
      const bounds = new Set(reading.value.map((series) => Number(series.labels.le)));
      return { kind: "value", value: slowBounds(objectives).filter((bound) => !bounds.has(bound)) };
    },
  };
}

/** What a pod did that serves and was not scraped is not known, and so neither is what all of them did. */
function missed(pod = "a pod"): Reading<never> {
  const minutes = LOOKBACK_SECONDS / 60;
  const reason = `${pod} was not scraped for over ${minutes} minutes, and what it answered then is not known`;
  return { kind: "unreachable", reason };
}

function matchers(labels: Labels, ...more: readonly string[]): string {
  const equal = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${[...equal, ...more].join(",")}}`;
}

/** Only the buckets that the objectives need: each is a series of every pod and route. */
function durations(labels: Labels, objectives: readonly Objective[]): string {
  const bounds = slowBounds(objectives).map((bound) => `${String(bound).replace(".", "\\.")}(\\.0)?`);
  return `${DURATIONS}${matchers(labels, `le=~${JSON.stringify(["\\+Inf", ...bounds].join("|"))}`)}`;
}
