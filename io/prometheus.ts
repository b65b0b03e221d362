import { z } from "zod";
import type { Reading } from "../gates/evidence.ts";
import { type HttpAnswer, request, saidInstead } from "./http.ts";
import type { Network } from "./network.ts";

export type Labels = Readonly<Record<string, string>>;
/** A value at a time (seconds since 1970), as scraped or as evaluated. */
export type Point = readonly [at: number, value: number];

export interface Series {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

/** Queries of one Prometheus server; every way of not answering is a value (gates/evidence.ts), never an exception. */
export interface Prometheus {
  /** Each series' value at `at` (now by default). */
  instant(query: string, at?: number): Promise<Reading<readonly Series[]>>;
  /** The raw samples of a selector in the `windowSeconds` up to `at`, with the times of their scrapes. */
  samples(selector: string, windowSeconds: number, at: number): Promise<Reading<readonly Series[]>>;
  /** Each series evaluated every `stepSeconds` from `start` to `end`. */
  range(query: string, start: number, end: number, stepSeconds: number): Promise<Reading<readonly Series[]>>;
}

export interface PrometheusOptions {
  /** For one query. @default 10 */
  readonly timeoutSeconds?: number;
  readonly headers?: Labels;
}

/** A client of the HTTP API at `url` (https://prometheus.io/docs/prometheus/latest/querying/api/). */
export function openPrometheus(network: Network, url: string, options: PrometheusOptions = {}): Prometheus {
  const { timeoutSeconds = 10, headers = {} } = options;
  const base = url.replace(/\/+$/, "");

  async function ask(path: string, parameters: Readonly<Record<string, string>>): Promise<Reading<readonly Series[]>> {
    const target = `${base}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const answer = await request(network, target, { timeoutSeconds, headers });
    if (!answer.answered) return { kind: "unreachable", reason: `${base}: ${answer.error}` };
    return parse(base, answer);
  }

  return {
    instant: (query, at) => ask("query", at === undefined ? { query } : { query, time: String(at) }),
    samples: (selector, windowSeconds, at) =>
      ask("query", { query: `${selector}[${Math.ceil(windowSeconds)}s]`, time: String(at) }),
    range: (query, start, end, step) =>
      ask("query_range", { query, start: String(start), end: String(end), step: String(step) }),
  };
}

/** Prometheus writes numbers as text: "NaN", "+Inf" and "-Inf" among them. */
const SAMPLE = z.tuple([z.number(), z.string().regex(/^(?:NaN|[+-]?Inf|[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?)$/i)]);
/** A series of an instant or of a range: of numbers, and of nothing but numbers, which a native histogram is not. */
const RESULT = z.array(
  z.union([
    z.strictObject({ metric: z.record(z.string(), z.string()), value: SAMPLE }),
    z.strictObject({ metric: z.record(z.string(), z.string()), values: z.array(SAMPLE).min(1) }),
  ]),
);

function parse(base: string, answered: Extract<HttpAnswer, { answered: true }>): Reading<readonly Series[]> {
  const { status, body } = answered;
  const answer = parseJson(body);
  if (!isObject(answer) || answer.status !== "success" || !isObject(answer.data) || status !== 200) {
    const isTold = isObject(answer) && typeof answer.error === "string";
    const said = isTold ? `${status}: ${answer.error}` : saidInstead(answered);
    return { kind: "unreachable", reason: `${base} answered ${said}` };
  }
  const partial = partialityOf(answer);
  if (partial !== undefined) return { kind: "unreachable", reason: `${base} answered with a part only: ${partial}` };
  if (!Array.isArray(answer.data.result))
    return { kind: "unreachable", reason: `${base} answered ${status} without a result` };
  const result = RESULT.safeParse(answer.data.result);
  if (!result.success)
    return { kind: "unreachable", reason: `${base} answered with what are no samples: ${whereIn(result.error)}` };
  const series = result.data.map((each) => ({
    labels: each.metric,
    points: ("values" in each ? each.values : [each.value]).map(([at, text]) => [at, numberOf(text)] as const),
  }));
  if (series.length === 0) return { kind: "no-data" };
  const broken = series.find(({ points }) => points.some(([, value]) => Number.isNaN(value)));
  if (broken !== undefined) return { kind: "not-a-number", reason: describeLabels(broken.labels) };
  return { kind: "value", value: series };
}

/** The first thing that is not as expected: of a series' two forms, in the one that it is nearer to. */
function whereIn({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return "result";
  const forms = issue.code === "invalid_union" ? issue.errors : [];
  const [[inner] = []] = [...forms].sort((one, other) => one.length - other.length);
  const keys = [issue, inner].flatMap((each) => (each?.code === "unrecognized_keys" ? each.keys : []));
  return ["result", ...issue.path, ...(inner?.path ?? []), ...keys].join(".");
}

/** What PromQL itself says about a query, which is no word about the data's being whole. */
const ANNOTATION = /^PromQL (info|warning): /;

/**
 * Why an answer with `success` is not whole; undefined for one that is. A remote read or a store that failed is a warning
 * (Prometheus, Thanos, Mimir), or a mark (VictoriaMetrics).
 */
function partialityOf({ warnings, isPartial }: Record<string, unknown>): string | undefined {
  if (isPartial === true) return "isPartial";
  const told = Array.isArray(warnings)
    ? warnings.map(String)
    : warnings === undefined || warnings === null
      ? []
      : [String(warnings)];
  const foreign = told.filter((warning) => !ANNOTATION.test(warning));
  return foreign.length === 0 ? undefined : foreign.join("; ").slice(0, 300);
}

function numberOf(text: string): number {
  return /inf$/i.test(text) ? Number(text.replace(/inf$/i, "Infinity")) : Number(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
  return now - Math.max(...series.flatMap(({ points }) => points.slice(-1).map(([at]) => at)));
}
