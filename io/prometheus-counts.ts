import { isDeepStrictEqual } from "node:util";
import type { Counts, CountsByObjective, CountsReading, MetricSource, Objective, Reading } from "../gates/objective.ts";
import { bounded } from "../shared/text/visible.ts";
import { type Counters, growthQuery } from "./growth-query.ts";
import {
  ageOf,
  describeLabels,
  growthSince,
  type Labels,
  type PastOf,
  type Prometheus,
  pastBeside,
  type Series,
} from "./prometheus.ts";
import { identityOf, scrapedOnce, scrapersIn } from "./scraped-once.ts";

/** A status of HTTP, or its class: what else there is says neither that a request was served nor that it was not. */
export const STATUS = /^[1-5](?:\d\d|xx)$/i;
/** The application's counter of requests. */
export const REQUESTS = "http_requests_total";
/** How long a sample says what was so: what a counter was when a window began, that a pod is scraped. */
const LOOKBACK_SECONDS = 300;

/** How far back a pod is known of, from before what is counted: as long as a release is watched. */
const KNOWN_SECONDS = 86_400;

/** How finely it is checked how far back samples go. */
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
 * for days. Where it checked nothing for more than five minutes, what it then saw is the start, and counts for nothing.
 * Where it missed one pod for so long, a gate's counts are unusable; for days, that pod's time away counts for nothing.
 * Counts of a release are `partial` while a pod of it has not answered a scrape for `staleAfterSeconds`.
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
  readonly counts: CountsReading;
  /** Of the newest sample, of the older of the metrics; 0 where there is none. */
  readonly ageSeconds: number;
}

/** Reads objectives' counts from the application's metrics (`http_requests_total`, `http_request_duration_seconds`). */
export function prometheusCounts(prometheus: Prometheus, options: CountsOptions): PrometheusCounts {
  const { labels, now, staleAfterSeconds = 60 } = options;
  const { synthetic: _, ...target } = labels;
  const { track: __, release, ...service } = target;
  const requests = `${REQUESTS}${matchers(labels)}`;

  async function pasts(since: number): Promise<Reading<Scraping>> {
    const [targets, at] = [`up${matchers(service)}`, now()];
    const up = own(await prometheus.samples(targets, at - since + LOOKBACK_SECONDS, at), service);
    if (up.kind !== "value" && up.kind !== "no-data") return up;
    const answered = `max by (namespace, pod) (max_over_time(${targets}[${KNOWN_SECONDS}s])) == 1`;
    const before = await prometheus.instant(answered, since - LOOKBACK_SECONDS);
    if (before.kind !== "value" && before.kind !== "no-data") return before;
    const known = before.kind === "value" ? before.value : [];
    const past = { lookbackSeconds: LOOKBACK_SECONDS, since, known };
    const scrapes = up.kind === "value" ? up.value : [];
    // A release is judged by all of its pods; what else is counted is only compared with it.
    const judged = release === undefined ? [] : scrapes.filter(isOf(target));
    const silent = silentIn(judged, at, staleAfterSeconds);
    return { kind: "value", value: { pastOf: pastBeside(scrapes, past), scrapers: scrapersIn(scrapes), silent } };
  }

  async function since(objectives: readonly Objective[], time: number): Promise<Seen> {
    const scraping = await pasts(time);
    if (scraping.kind !== "value") return { counts: scraping, ageSeconds: 0 };
    const { pastOf, scrapers, silent } = scraping.value;
    let ageSeconds = 0;
    const grow = async (metric: string): Promise<Reading<readonly Grown[]>> => {
      const at = now();
      const reading = own(await prometheus.samples(metric, at - time + LOOKBACK_SECONDS, at), labels);
      if (reading.kind !== "value") return reading;
      const broken = reading.value.find(({ points }) => points.some(([, value]) => !isCounter(value)));
      if (broken !== undefined) return noCounter(broken.labels);
      ageSeconds = Math.max(ageSeconds, ageOf(reading.value, at));
      const grown: Grown[] = [];
      for (const series of scrapedOnce(reading.value, scrapers)) {
        const growth = growthSince(series, time, pastOf);
        if (growth === undefined) return missed(series.labels.pod);
        grown.push({ labels: series.labels, growth });
      }
      return { kind: "value", value: grown };
    };
    const counts = countsIn(objectives, await grow(requests), await grow(durations(labels, objectives)));
    if (silent === undefined || counts.kind !== "value") return { counts, ageSeconds };
    return { counts: { kind: "partial", value: counts.value, reason: silent }, ageSeconds };
  }

  async function over(
    objectives: readonly Objective[],
    seconds: number,
    scrapers: readonly string[],
  ): Promise<Reading<CountsByObjective>> {
    const [up, end] = [`up${matchers(service)}`, now()];
    const grow = (metric: string, by: string) => growthOver(prometheus, { metric, by, up, scrapers }, end, seconds);
    return countsIn(objectives, await grow(requests, "status"), await grow(durations(labels, objectives), "le"));
  }

  /** The newest scrapes of the pods that are asked about, or why nobody looks at them. */
  async function looks(): Promise<Reading<readonly Series[]>> {
    const [up, at] = [`up${matchers(target)}`, now()];
    const scrapes = own(await prometheus.samples(up, LOOKBACK_SECONDS, at), target);
    if (scrapes.kind !== "value" && scrapes.kind !== "no-data") return scrapes;
    const answered = scrapes.kind === "value" ? scrapes.value.filter(({ points }) => points.at(-1)?.[1] === 1) : [];
    if (answered.length === 0) return { kind: "unreachable", reason: `no target ${up} is scraped` };
    const ageSeconds = ageOf(answered, at);
    return ageSeconds > staleAfterSeconds ? { kind: "stale", ageSeconds } : { kind: "value", value: answered };
  }

  return {
    countsSince: async (objectives, time) => {
      const { counts, ageSeconds } = await since(objectives, time);
      if (counts.kind === "partial" || (counts.kind !== "no-data" && ageSeconds <= staleAfterSeconds)) return counts;
      // Where the release's pods are scraped, nobody asks them, and what is old is of pods that are gone.
      const seen = await looks();
      return seen.kind === "value" ? counts : seen;
    },
    countsOver: async (objectives, seconds) => {
      const seen = await looks();
      return seen.kind === "value" ? over(objectives, seconds, scrapersIn(seen.value)) : seen;
    },
    reachOver: async (seconds) => {
      const [at, step] = [now(), Math.max(1, Math.ceil(seconds / REACH_STEPS))];
      const oldest = `min_over_time(timestamp(max(up))[${Math.ceil(seconds)}s:${step}s])`;
      const reading = await prometheus.instant(oldest, at);
      if (reading.kind === "no-data") return { kind: "value", value: 0 };
      if (reading.kind !== "value") return reading;
      const [first = Number.NaN, ...others] = reading.value.map(({ points }) => points.at(-1)?.[1] ?? Number.NaN);
      const isTime = first >= at - seconds - step - 1 && first <= at + 1;
      if (!isTime || others.length > 0)
        return {
          kind: "not-a-number",
          reason: `${[first, ...others.slice(0, 2)].join(", ")} is not a time at which samples began`,
        };
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

/** What the targets' own scrapes say: of a series' past, and by which labels it is told who scraped it. */
interface Scraping {
  readonly pastOf: PastOf;
  readonly scrapers: readonly string[];
  /** Which pod does not answer scrapes, in words; undefined where all do. */
  readonly silent: string | undefined;
}

function isOf(asked: Labels): (series: Series) => boolean {
  const wanted = Object.entries(asked);
  return ({ labels }) => wanted.every(([name, value]) => labels[name] === value);
}

/**
 * A pod that is asked to this moment and has answered none of its scrapers for so long: it may be the one that fails, and
 * what it answers its users is not counted. One whose scrapes have ended is gone.
 */
function silentIn(up: readonly Series[], now: number, staleAfterSeconds: number): string | undefined {
  const byPod = Map.groupBy(up, ({ labels }) => labels.pod || labels.instance || "a target");
  for (const [pod, targets] of byPod) {
    const scrapes = targets.flatMap(({ points }) => points);
    const asked = scrapes.reduce((latest, [at]) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
    const first = scrapes.reduce((earliest, [at]) => Math.min(earliest, at), Number.POSITIVE_INFINITY);
    const answered = scrapes.reduce((latest, [at, value]) => (value === 1 ? Math.max(latest, at) : latest), first);
    const isGone = now - asked > staleAfterSeconds;
    if (!isGone && now - answered > staleAfterSeconds)
      return `${bounded(pod, 100)} has answered no scrape for ${Math.round(now - answered)} s, and what it answers users is not known`;
  }
  return undefined;
}

/** What a pod did that serves and was not scraped is not known, and so neither is what all of them did. */
function missed(pod = "a pod"): Reading<never> {
  const minutes = LOOKBACK_SECONDS / 60;
  const who = bounded(pod, 100);
  const reason = `${who} was not scraped for over ${minutes} minutes, and what it answered then is not known`;
  return { kind: "unreachable", reason };
}

/** The reading, where none of its series says that it is of something else than was asked about. */
function own(reading: Reading<readonly Series[]>, asked: Labels): Reading<readonly Series[]> {
  if (reading.kind !== "value") return reading;
  const wanted = Object.entries(asked);
  const stray = reading.value.find(({ labels }) => wanted.some(([name, value]) => (labels[name] ?? value) !== value));
  if (stray === undefined) return reading;
  const reason = `asked about ${matchers(asked)}, Prometheus answered with ${bounded(describeLabels(stray.labels), 200)}`;
  return { kind: "unreachable", reason };
}

/** A counter of requests counts from zero, and in whole numbers. */
function isCounter(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function noCounter(labels: Labels): Reading<never> {
  return {
    kind: "not-a-number",
    reason: `errors and requests are counted in whole numbers, and not by ${bounded(describeLabels(labels), 200)}`,
  };
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

/** The application's histogram of how long requests took. */
const DURATIONS = "http_request_duration_seconds_bucket";

/** The bounds (seconds) of the buckets that the objectives need. */
function slowBounds(objectives: readonly Objective[]): number[] {
  return objectives.flatMap(({ kind }) => (kind.type === "slowerThan" ? [kind.seconds] : []));
}

/**
 * What grew, as counts of requests and of bad ones by objective; `not-a-number` where requests do not say how they ended,
 * where a counter has no bucket with an objective's limit for its bound, and where the counts are none.
 */
function countsIn(
  objectives: readonly Objective[],
  requests: Reading<readonly Grown[]>,
  durations: Reading<readonly Grown[]>,
): Reading<CountsByObjective> {
  if (requests.kind !== "value") return requests;
  const buckets = durations.kind === "value" ? durations.value : [];
  if (durations.kind !== "value" && durations.kind !== "no-data") return durations;
  const statuses = requests.value.map(({ labels }) => labels.status);
  const untold = statuses.find((status) => status === undefined || !STATUS.test(status));
  if (untold !== undefined || statuses.includes(undefined))
    return {
      kind: "not-a-number",
      reason: `the requests' label status is ${untold === undefined ? "missing" : JSON.stringify(bounded(untold, 40))}`,
    };
  const counted = objectives.map(({ name, kind }) => {
    return [name, kind.type === "errors" ? errorsIn(requests.value) : slowIn(buckets, kind.seconds)] as const;
  });
  const broken = counted.find(([, counts]) => counts !== undefined && !isCount(counts));
  if (broken !== undefined) {
    const { requests: all, bad } = broken[1] ?? {};
    return { kind: "not-a-number", reason: `${bad} bad of ${all} requests cannot be counts of "${broken[0]}"` };
  }
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
  const [within, all] = [withBound(seconds), withBound(Number.POSITIVE_INFINITY)];
  // Each counter needs both: what one lacks would count for slow, or for nothing.
  const counters = (series: readonly Grown[]) => series.map(({ labels: { le: _, ...own } }) => identityOf(own)).sort();
  if (within.length === 0 || !isDeepStrictEqual(counters(within), counters(all))) return undefined;
  const requests = total(all);
  const bad = requests - total(within);
  // What Prometheus adds up for days is right to a few parts in a thousand only.
  return { requests, bad: bad < 0 && -bad <= requests / 1000 ? 0 : bad };
}

function isCount({ requests, bad }: Counts): boolean {
  return Number.isSafeInteger(requests) && Number.isSafeInteger(bad) && bad >= 0 && bad <= requests;
}

/** Prometheus writes the same bound as 5 or 5.0, by the format of the scrape. */
function bucketBound(text: string | undefined): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}

function total(series: readonly Grown[]): number {
  return Math.round(series.reduce((sum, { growth }) => sum + growth, 0));
}

/** How much the counters grew whose values of the chosen label these are. */
interface Grown {
  readonly labels: Labels;
  readonly growth: number;
}

const LONGEST_STEP_SECONDS = 900;

/** Of one query: five days, so that each is answered in time. */
const MOST_STEPS = 480;

/** The growth of the counters over the `windowSeconds` up to `end`, in steps of at most a quarter of an hour. */
export async function growthOver(
  prometheus: Prometheus,
  counters: Counters,
  end: number,
  windowSeconds: number,
): Promise<Reading<readonly Grown[]>> {
  const steps = Math.ceil(windowSeconds / LONGEST_STEP_SECONDS);
  const step = windowSeconds / steps;
  const query = growthQuery(counters, step);
  const grown: Grown[] = [];
  for (let first = 1; first <= steps; first += MOST_STEPS) {
    const last = Math.min(steps, first + MOST_STEPS - 1);
    const at = (index: number) => end - windowSeconds + index * step;
    const reading = await prometheus.range(query, at(first), at(last), step);
    if (reading.kind === "no-data") continue;
    if (reading.kind !== "value") return reading;
    for (const { labels, points } of reading.value) {
      if (points.some(([, value]) => value < 0)) return noCounter(labels);
      grown.push({ labels, growth: points.reduce((sum, [, value]) => sum + value, 0) });
    }
  }
  return grown.length === 0 ? { kind: "no-data" } : { kind: "value", value: grown };
}
