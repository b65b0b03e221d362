/**
 * How fast an objective's error budget goes: a burn rate of 1 uses exactly the whole budget within its period.
 * The window pairs are those of the Site Reliability Workbook, chapter 5, "Alerting on SLOs", table 5-8
 * (https://sre.google/workbook/alerting-on-slos/).
 */
import { levelsOf, lowerBound, provesOver, upperBound } from "./bounds.ts";
import {
  DEFAULT_ERROR_RATE,
  type GateResult,
  type GateSubject,
  percent,
  subjectOf,
  troubleOfReading,
  type Verdict,
} from "./gate.ts";
import {
  type Counts,
  type CountsByObjective,
  type CountsReading,
  type Objective,
  problemOfCounts,
} from "./objective.ts";

/** The period that an error budget is for: 30 days. */
export const BUDGET_PERIOD_SECONDS = 30 * 86_400;
/** The budget that must be left for a deployment to start or to count as well. */
export const MIN_BUDGET_LEFT = 0.95;

export interface BurnWindow {
  readonly name: string;
  readonly seconds: number;
  readonly maxBurnRate: number;
}

/** What blocks a start ("already burning") and is checked again 30 minutes and 24 hours after a promotion. */
export const RELEASE_WINDOWS: readonly BurnWindow[] = [
  { name: "30 min", seconds: 1_800, maxBurnRate: 1 },
  { name: "24 h", seconds: 86_400, maxBurnRate: 1 },
];

/** A long window that shows a significant loss, and a short one that shows that it still continues. */
export interface WindowPair {
  readonly longSeconds: number;
  readonly shortSeconds: number;
  readonly maxBurnRate: number;
  /** Share of the 30 days' budget that is gone when the long window first reaches the rate. */
  readonly budgetUsed: number;
  readonly severity: "page" | "ticket";
}

export const WORKBOOK_PAIRS: readonly WindowPair[] = [
  { longSeconds: 3_600, shortSeconds: 300, maxBurnRate: 14.4, budgetUsed: 0.02, severity: "page" },
  { longSeconds: 21_600, shortSeconds: 1_800, maxBurnRate: 6, budgetUsed: 0.05, severity: "page" },
  { longSeconds: 259_200, shortSeconds: 21_600, maxBurnRate: 1, budgetUsed: 0.1, severity: "ticket" },
];

/** The ratio of bad requests in units of the limit; undefined without usable counts. */
export function burnRate(counts: Counts, maxRatio: number): number | undefined {
  if (problemOfCounts(counts) !== undefined || counts.requests === 0) return undefined;
  return counts.bad / counts.requests / maxRatio;
}

/** The share of the period's budget that is left, below 0 when overspent; undefined without usable counts. */
export function budgetLeft(period: Counts, maxRatio: number): number | undefined {
  const rate = burnRate(period, maxRatio);
  return rate === undefined ? undefined : 1 - rate;
}

/** Whether a pair of windows alerts: both burn faster than it allows; missing counts never silence the other window. */
export function alerts(pair: WindowPair, long: Counts, short: Counts, maxRatio: number): boolean {
  const [ofLong, ofShort] = [burnRate(long, maxRatio), burnRate(short, maxRatio)];
  return (ofLong ?? 0) > pair.maxBurnRate && (ofShort ?? Number.POSITIVE_INFINITY) > pair.maxBurnRate;
}

/**
 * Judges the objectives' burn rates over one window: `fail` when it is proven too fast, `inconclusive` when it is
 * measured too fast but not proven, or nothing is measured, `error` for impossible counts, else `pass`.
 */
export function judgeBurn(
  objectives: readonly Objective[],
  window: BurnWindow,
  counts: CountsByObjective,
  options: GateSubject & { readonly errorRate?: number },
): GateResult[] {
  const levels = levelsOf(options.errorRate ?? DEFAULT_ERROR_RATE, objectives.length * RELEASE_WINDOWS.length);
  return objectives.map((objective) => {
    const found = counts[objective.name] ?? { requests: 0, bad: 0 };
    const limit = Math.min(0.999_999, objective.maxRatio * window.maxBurnRate);
    const problem = problemOfCounts(found);
    const seen = problem === undefined ? found : { requests: 0, bad: 0 };
    const rate = burnRate(seen, objective.maxRatio);
    const verdict = problem === undefined ? burnVerdict(rate, window, provesOver(seen, limit, levels)) : "error";
    return {
      ...subjectOf(options),
      kind: "burn-rate",
      objective: `${objective.name}: ${window.name} burn rate`,
      of: objective.name,
      verdict,
      ...seen,
      measured: seen.requests === 0 ? null : seen.bad / seen.requests,
      limit,
      lower: lowerBound(seen, levels),
      upper: upperBound(seen, levels),
      needed: 0,
      synthetic: 0,
      reason: problem ?? burnReason(rate, window, seen, limit),
    };
  });
}

function burnVerdict(rate: number | undefined, window: BurnWindow, proven: boolean): Verdict {
  if (proven) return "fail";
  return rate !== undefined && rate < window.maxBurnRate ? "pass" : "inconclusive";
}

function burnReason(rate: number | undefined, window: BurnWindow, { requests, bad }: Counts, limit: number): string {
  if (rate === undefined) return `no requests in the last ${window.name}`;
  const times = (factor: number) => `${Number(factor.toPrecision(3))}x`;
  return `${bad} of ${requests} requests bad: burns at ${times(rate)}; expected under ${times(window.maxBurnRate)} (${percent(limit)})`;
}

/**
 * Judges whether a window of what is live forbids a release to start: `fail` only when its burn rate is proven too fast.
 * What has no requests, or is not proven, does not block, and its reason says so; a release need not wait for what only
 * might be, for its own gates are still ahead of it. A source without a usable answer blocks as `error` or `inconclusive`.
 */
export function judgeStart(
  objectives: readonly Objective[],
  window: BurnWindow,
  reading: CountsReading,
  options: GateSubject & { readonly errorRate?: number },
): GateResult[] {
  const results = judgeBurn(objectives, window, "value" in reading ? reading.value : {}, options);
  const trouble = "value" in reading ? undefined : troubleOfReading(reading);
  return results.map((result) => (trouble === undefined ? blocking(result) : { ...result, ...trouble }));
}

function blocking(result: GateResult): GateResult {
  if (result.verdict === "fail") return { ...result, reason: `already burning: ${result.reason}` };
  if (result.verdict !== "inconclusive") return result;
  const why = result.requests === 0 ? "skipped" : "not proven, so it does not block";
  return { ...result, verdict: "pass", reason: `${why}: ${result.reason}` };
}
