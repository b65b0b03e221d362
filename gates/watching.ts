/** What a promoted release's requests say of it, beside the burn rate of one window. */

import { DEFAULT_MAX_FACTOR, provenFactor, provesWorse } from "./beside-fleet.ts";
import { type Levels, levelsOf, provesOver } from "./bounds.ts";
import { alerts, burnRate, type WindowPair, WORKBOOK_PAIRS } from "./burn-rate.ts";
import { DEFAULT_ERROR_RATE, type GateResult, percent, type ResultKind, type Verdict } from "./gate.ts";
import { type Counts, type CountsByObjective, NO_COUNTS, type Objective, problemOfCounts, sum } from "./objective.ts";
import { HIGH_ERROR_RATIO } from "./tree.ts";

/** Counts by the length of the window in seconds that they are of. */
export type CountsByWindow = ReadonlyMap<number, CountsByObjective>;

/** Every window that a pair needs. */
export const PAIR_WINDOWS: readonly number[] = WORKBOOK_PAIRS.flatMap((pair) => [pair.shortSeconds, pair.longSeconds]);

/**
 * Judges the workbook's pairs: `fail` for one that pages people and is proven on one of its windows at least,
 * `inconclusive` for one that is not proven or is a ticket, `error` for impossible counts, else `pass`; no row where the
 * long window has no requests.
 */
export function judgePairs(
  objectives: readonly Objective[],
  windows: CountsByWindow,
  { gate, errorRate = DEFAULT_ERROR_RATE }: { readonly gate: string; readonly errorRate?: number },
): GateResult[] {
  const levels = levelsOf(errorRate, objectives.length * PAIR_WINDOWS.length);
  return WORKBOOK_PAIRS.flatMap((pair) =>
    objectives.flatMap((objective) => {
      const counts = (seconds: number) => windows.get(seconds)?.[objective.name] ?? NO_COUNTS;
      const both = { long: counts(pair.longSeconds), short: counts(pair.shortSeconds) };
      return both.long.requests === 0 ? [] : [pairRow(pair, objective, both, { gate, levels })];
    }),
  );
}

interface BothWindows {
  readonly long: Counts;
  readonly short: Counts;
}

function pairRow(
  pair: WindowPair,
  { name, maxRatio }: Objective,
  both: BothWindows,
  { gate, levels }: { readonly gate: string; readonly levels: Levels },
): GateResult {
  const { long, short } = both;
  const windows = `${lengthOf(pair.longSeconds)} and ${lengthOf(pair.shortSeconds)}`;
  const limit = Math.min(0.999_999, maxRatio * pair.maxBurnRate);
  const named = `${name}: ${windows} burn rates`;
  const problem = problemOfCounts(long) ?? problemOfCounts(short);
  if (problem !== undefined) return row(gate, "burn-rate", named, "error", NO_COUNTS, limit, problem);
  const rates = [long, short].map((counts) => `${Number((burnRate(counts, maxRatio) ?? 0).toPrecision(3))}x`);
  const told = `burns at ${rates.join(" and ")} over ${windows}; ${pair.severity} above ${pair.maxBurnRate}x in both`;
  const verdict = pairVerdict(pair, both, maxRatio, (counts) => provesOver(counts, limit, levels));
  const open =
    verdict === "inconclusive" && pair.severity === "page"
      ? `; ${long.bad} bad of ${long.requests} proves nothing`
      : "";
  return row(gate, "burn-rate", named, verdict, long, limit, `${told}${open}`);
}

/** One failed request in a quiet hour burns at 1000x, so it proves nothing. */
function pairVerdict(
  pair: WindowPair,
  { long, short }: BothWindows,
  maxRatio: number,
  isProven: (counts: Counts) => boolean,
): Verdict {
  if (!alerts(pair, long, short, maxRatio)) return "pass";
  return pair.severity === "page" && (isProven(long) || isProven(short)) ? "fail" : "inconclusive";
}

/** What a release's own gates on its fleets counted, by objective; nothing where they checked health alone. */
export function baselineIn(
  gates: readonly Pick<GateResult, "phase" | "objective" | "requests" | "bad">[],
  objectives: readonly Objective[],
): CountsByObjective {
  const ofFleets = gates.filter(({ phase }) => phase === "fleet");
  return Object.fromEntries(
    objectives.flatMap(({ name }) => {
      const total = ofFleets.filter(({ objective }) => objective === name).reduce(sum, NO_COUNTS);
      return total.requests === 0 ? [] : [[name, total]];
    }),
  );
}

/**
 * Judges requests beside the release's own baseline: `inconclusive` when they are proven more than 1.5 times as bad, for
 * users may ask for other things than gates do, else `pass`; no row where either side has none. `level` is the chance of
 * a wrong proof, for each row.
 */
export function judgeBaseline(
  objectives: readonly Objective[],
  found: CountsByObjective,
  baseline: CountsByObjective,
  { gate, level }: { readonly gate: string; readonly level: number },
): GateResult[] {
  return objectives.flatMap(({ name }) => {
    const [own, beside] = [found[name], baseline[name]];
    if (!isUsable(own) || !isUsable(beside)) return [];
    const isWorse = provesWorse(own, beside, DEFAULT_MAX_FACTOR, level);
    const [ratio, usual] = [own.bad / own.requests, beside.bad / beside.requests];
    const seen = `${percent(ratio)} of ${own.requests} beside ${percent(usual)} of ${beside.requests} when it was promoted`;
    const factor = isWorse ? `: at least ${provenFactor(own, beside, level).toFixed(1)} times as bad` : "";
    const verdict = isWorse ? "inconclusive" : "pass";
    return [
      row(
        gate,
        "comparison",
        `${name} beside its baseline`,
        verdict,
        own,
        usual * DEFAULT_MAX_FACTOR,
        `${seen}${factor}`,
      ),
    ];
  });
}

function isUsable(counts: Counts | undefined): counts is Counts {
  return counts !== undefined && counts.requests > 0 && problemOfCounts(counts) === undefined;
}

/**
 * How long more than 1 % of requests have failed without a break, from slices of equal length, newest first: from the
 * oldest bad slice to the newest one. A slice without requests says nothing: it does not break the time, and lengthens
 * it only between two bad ones.
 */
export function highErrorSeconds(slices: readonly Counts[], sliceSeconds: number): number {
  const asked = [...slices.entries()].filter(([, { requests }]) => requests > 0);
  const well = asked.findIndex(([, { requests, bad }]) => !(bad / requests > HIGH_ERROR_RATIO));
  const high = asked.slice(0, well === -1 ? asked.length : well).map(([index]) => index);
  const [newest, oldest] = [high[0], high.at(-1)];
  return newest === undefined || oldest === undefined ? 0 : (oldest - newest + 1) * sliceSeconds;
}

function row(
  gate: string,
  kind: ResultKind,
  objective: string,
  verdict: Verdict,
  counts: Counts,
  limit: number,
  reason: string,
): GateResult {
  const measured = counts.requests === 0 ? null : counts.bad / counts.requests;
  const bounds = { limit: Math.min(1, limit), lower: 0, upper: 1, needed: 0, synthetic: 0 };
  return { gate, kind, objective, verdict, requests: counts.requests, bad: counts.bad, measured, ...bounds, reason };
}

function lengthOf(seconds: number): string {
  if (seconds >= 86_400) return `${seconds / 86_400} d`;
  return seconds >= 3_600 ? `${seconds / 3_600} h` : `${seconds / 60} min`;
}
