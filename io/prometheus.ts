import type { Reading } from "../gates/objective.ts";
import { bounded } from "../shared/text/visible.ts";
import { type HttpAnswer, jsonIn, request, saidInstead, turns } from "./http.ts";
import type { Network } from "./network.ts";

export type Labels = Readonly<Record<string, string>>;
/** A value at a time (seconds since 1970), as scraped or as evaluated. */
export type Point = readonly [at: number, value: number];

export interface Series {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

/** Queries of one Prometheus server; every way of not answering is a value (gates/objective.ts), never an exception. */
export interface Prometheus {
  /** Each series' value at `at` (now by default). */
  instant(query: string, at?: number): Promise<Reading<readonly Series[]>>;
  /** The raw samples of a selector in the `windowSeconds` up to `at`, with the times of their scrapes. */
  samples(selector: string, windowSeconds: number, at: number): Promise<Reading<readonly Series[]>>;
  /** Each series evaluated every `stepSeconds` from `start` to `end`. */
  range(query: string, start: number, end: number, stepSeconds: number): Promise<Reading<readonly Series[]>>;
}

export interface PrometheusOptions {
  /** For one query, once it is its turn. @default 10 */
  readonly timeoutSeconds?: number;
  readonly headers?: Labels;
}

/** An hour of every sample of a large fleet is some ten megabytes of text, and several times that while it is read. */
const QUERIES_AT_ONCE = 1;

/** A client of the HTTP API at `url` (https://prometheus.io/docs/prometheus/latest/querying/api/). */
export function openPrometheus(network: Network, url: string, options: PrometheusOptions = {}): Prometheus {
  const { timeoutSeconds = 10, headers = {} } = options;
  const base = url.replace(/\/+$/, "");
  const inTurn = turns(QUERIES_AT_ONCE);
  const ask = (...query: Parameters<typeof asked>) => inTurn(() => asked(...query));

  async function asked(
    path: string,
    parameters: Readonly<Record<string, string>>,
    expected: Expected,
  ): Promise<Reading<readonly Series[]>> {
    const target = `${base}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const answer = await request(network, target, { timeoutSeconds, headers });
    if (!answer.answered) return { kind: "unreachable", reason: `${base}: ${answer.error}` };
    const read = seriesIn(answer, expected);
    return typeof read === "string"
      ? { kind: "unreachable", reason: `${base} answered ${told(read)}` }
      : readingOf(read);
  }

  return {
    instant: (query, at) => {
      const time = at === undefined ? {} : { time: String(at) };
      return ask("query", { query, ...time }, { resultType: "vector" });
    },
    samples: (selector, windowSeconds, at) => {
      const window = Math.ceil(windowSeconds);
      const expected: Expected = { resultType: "matrix", from: at - window, to: at };
      return ask("query", { query: `${selector}[${window}s]`, time: String(at) }, expected);
    },
    range: (query, start, end, step) => {
      // Where answers are kept for others, steps begin at their multiples.
      const expected: Expected = { resultType: "matrix", from: start - step, to: end, stepSeconds: step };
      return ask("query_range", { query, start: String(start), end: String(end), step: String(step) }, expected);
    },
  };
}

/** What an answer to a question can be; any other one is not its answer. */
interface Expected {
  readonly resultType: "vector" | "matrix";
  readonly from?: number;
  readonly to?: number;
  /** Points are no closer than that. */
  readonly stepSeconds?: number;
}

/** Prometheus writes numbers as text: "NaN", "+Inf" and "-Inf" among them. */
const NUMBER = /^(?:NaN|[+-]?Inf|[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?)$/i;
/** Prometheus knows milliseconds only. */
const SLACK_SECONDS = 1;

type Answered = Extract<HttpAnswer, { answered: true }>;

/** The series of an answer that is whole and answers what was asked; else what it is instead, up to the first fault. */
function seriesIn(answered: Answered, expected: Expected): readonly Series[] | string {
  const { status, body } = answered;
  const answer = jsonIn(body);
  if (!isObject(answer) || answer.status !== "success" || !isObject(answer.data) || status !== 200) {
    const isTold = isObject(answer) && typeof answer.error === "string";
    return isTold ? `${status}: ${answer.error}` : saidInstead(answered);
  }
  const partial = partialityOf(answer, answer.data);
  if (partial !== undefined) return `with partial data only: ${partial}`;
  const { resultType, result } = answer.data;
  if (!Array.isArray(result)) return `${status} without a result`;
  if (resultType !== expected.resultType)
    return `with a result of the type ${typeof resultType === "string" ? resultType : "unknown"}; expected a ${expected.resultType}`;
  const list: readonly unknown[] = result;
  const found: Series[] = [];
  const seen = new Set<string>();
  for (const [index, each] of list.entries()) {
    const series = oneSeries(each, expected);
    if (typeof series === "string") return `with malformed samples: result.${index}${series}`;
    const identity = JSON.stringify(Object.entries(series.labels).sort(([one], [other]) => (one < other ? -1 : 1)));
    if (seen.has(identity)) return `with one series twice: ${describeLabels(series.labels)}`;
    seen.add(identity);
    const astray = strayTime(series, expected);
    if (astray !== undefined) return `with unusable samples: ${astray} of ${describeLabels(series.labels)}`;
    found.push(series);
  }
  return found;
}

/** A series of an instant or of a range: of numbers, and of nothing but numbers, which a native histogram is not; or where it is not. */
function oneSeries(value: unknown, { resultType }: Expected): Series | string {
  if (!isObject(value)) return "";
  const key = resultType === "vector" ? "value" : "values";
  const other = Object.keys(value).find((name) => name !== "metric" && name !== key);
  const labels = value.metric;
  if (!isLabels(labels)) return ".metric";
  const given = value[key];
  if (!Array.isArray(given) || given.length === 0) return `.${key}`;
  if (other !== undefined) return `.${other}`;
  const points: Point[] = [];
  const samples: readonly unknown[] = key === "value" ? [given] : given;
  for (const [index, sample] of samples.entries()) {
    if (!becomesPoint(sample)) return key === "value" ? ".value" : `.values.${index}`;
    points.push(sample);
  }
  return { labels, points };
}

function isLabels(value: unknown): value is Labels {
  return isObject(value) && Object.values(value).every((text) => typeof text === "string");
}

/** Turns a sample of an answer into a point, in its place: an answer has hundreds of thousands. */
function becomesPoint(value: unknown): value is Point {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [at, text]: readonly unknown[] = value;
  if (typeof at !== "number" || !Number.isFinite(at) || typeof text !== "string" || !NUMBER.test(text)) return false;
  value[1] = numberOf(text);
  return true;
}

/** A time that nobody asked for, or that does not come after the one before it; undefined where all are as they must be. */
function strayTime({ points }: Series, { from, to, stepSeconds }: Expected): string | undefined {
  const [first = Number.NEGATIVE_INFINITY, last = Number.POSITIVE_INFINITY] = [from, to];
  let before = Number.NEGATIVE_INFINITY;
  for (const [at] of points) {
    if (at < first - SLACK_SECONDS || at > last + SLACK_SECONDS) return `at ${at}, outside what was asked for,`;
    if (at <= before) return `at ${at} after ${before}`;
    if (stepSeconds !== undefined && at - before < stepSeconds * 0.99) return `at ${at}, within a step of ${before},`;
    before = at;
  }
  return undefined;
}

function readingOf(series: readonly Series[]): Reading<readonly Series[]> {
  if (series.length === 0) return { kind: "no-data" };
  const broken = series.find(({ points }) => points.some(([, value]) => Number.isNaN(value)));
  if (broken !== undefined) return { kind: "not-a-number", reason: told(describeLabels(broken.labels)) };
  return { kind: "value", value: series };
}

/** What an answer says, as far as a person reads it. */
function told(text: string): string {
  return bounded(text, 300);
}

/** What PromQL itself says about a query that left nothing out: of its other words some tell of data that it did not take. */
const HARMLESS =
  /^PromQL info: (?:metric might not be a counter|input to histogram_quantile needed to be fixed for monotonicity)/;

/**
 * Why an answer with `success` is not whole; undefined for one that is. A remote read or a store that failed is a warning
 * (Prometheus, Thanos, Mimir), an error beside the data, or a mark (VictoriaMetrics).
 */
function partialityOf(answer: Record<string, unknown>, data: Record<string, unknown>): string | undefined {
  for (const [name, value] of [answer, data].flatMap((each) => Object.entries(each)))
    if (/partial/i.test(name) && value !== false && value !== null) return told(name);
  const errors = [answer.error, answer.errorType].flatMap(textsIn).filter((text) => text !== "");
  const annotations = [answer.warnings, answer.infos].flatMap(textsIn).filter((text) => !HARMLESS.test(text));
  const said = [...errors, ...annotations];
  return said.length === 0 ? undefined : said.slice(0, 10).map(told).join("; ");
}

/** The texts of a list, or of what stands in its place. */
function textsIn(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((each) => (typeof each === "string" ? each : "a warning that is not text"));
}

function numberOf(text: string): number {
  return /inf$/i.test(text) ? Number(text.replace(/inf$/i, "Infinity")) : Number(text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Labels as PromQL writes them, the name first. */
export function describeLabels({ __name__: name = "", ...labels }: Labels): string {
  return `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}}`;
}

/**
 * What a series was before its first sample: nothing, because it was born since the look before; not known, because nobody
 * checked all; or not known of its pod alone, which served before and was missed while others were seen.
 */
export type Past = "born" | "unseen" | "missed";
/** The past of a series with these labels, whose first sample is of that time. */
export type PastOf = (labels: Labels, at: number) => Past;

export interface PastOptions {
  /** How long a sample says what was so. */
  readonly lookbackSeconds: number;
  /** From when on growth counts: what was born since then counts whole. */
  readonly since: number;
  /** Series that name pods which were scraped at some time before all this, if not in it. */
  readonly known: readonly Series[];
}

/**
 * Series are born where their own pod answered a scrape shortly before; of a pod that nobody knows, where targets of its
 * namespace did. By the samples of `up`.
 */
export function pastBeside(up: readonly Series[], { lookbackSeconds, since, known }: PastOptions): PastOf {
  const scrapesBy = (key: (labels: Labels) => string | undefined) =>
    new Map([...Map.groupBy(up, ({ labels }) => key(labels))].map(([name, series]) => [name, answeredAt(series)]));
  const [byNamespace, byPod] = [scrapesBy(({ namespace }) => namespace), scrapesBy(podOf)];
  const before = new Set(known.map(({ labels }) => podOf(labels)));
  return (labels, at) => {
    const pod = podOf(labels);
    const last = pod === undefined ? undefined : byPod.get(pod)?.findLast((scrape) => scrape < at);
    if (last !== undefined) return at - last <= lookbackSeconds || last >= since ? "born" : "missed";
    if (pod !== undefined && before.has(pod)) return "missed";
    const beside = byNamespace.get(labels.namespace)?.findLast((scrape) => scrape < at);
    return beside !== undefined && at - beside <= lookbackSeconds ? "born" : "unseen";
  };
}

/** A pod by its name; undefined for what has none, whose address may be another's tomorrow. */
function podOf({ namespace = "", pod }: Labels): string | undefined {
  return pod === undefined || pod === "" ? undefined : `${namespace}/${pod}`;
}

function answeredAt(up: readonly Series[]): number[] {
  const answered = up.flatMap(({ points }) => points.filter(([, value]) => value === 1).map(([at]) => at));
  return answered.sort((one, other) => one - other);
}

/**
 * How much a counter grew since `since`, exactly: resets are added up, and a series that was born later grew from zero
 * (PromQL's increase() extrapolates and misses a series' first value, which is the first error of all). One that is
 * only seen first, because nobody looked before, grew from what it was then. Undefined for one whose pod was missed.
 */
export function growthSince({ labels, points }: Series, since: number, pastOf: PastOf): number | undefined {
  const [[firstAt, first] = [0, 0]] = points;
  const past = pastOf(labels, firstAt);
  if (past === "missed" && firstAt > since) return undefined;
  let previous = past === "born" ? 0 : first;
  let growth = 0;
  for (const [at, value] of points) {
    if (at > since) growth += value < previous ? value : value - previous;
    previous = value;
  }
  return growth;
}

/** The age of the newest sample of any of the series at `now`. */
export function ageOf(series: readonly Series[], now: number): number {
  return series.reduce(
    (age, { points }) => Math.min(age, now - (points.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY)),
    Number.POSITIVE_INFINITY,
  );
}
