import { levelsOf } from "./bounds.ts";
import { DEFAULT_MAX_FACTOR, provenFactor, provesWorse } from "./comparison.ts";
import type { Counts, Evidence } from "./evidence.ts";
import { DEFAULT_ERROR_RATE, failTests, type GateOptions, judgeGate, percent } from "./gate.ts";
import type { Objective } from "./objective.ts";
import type { GateResult } from "./verdict.ts";

export type EvidenceByObjective = Readonly<Record<string, Evidence>>;

export interface BesideFleetOptions extends Omit<GateOptions, "comparisons"> {
  /** How many times as bad as the fleet the track may be. @default 1.5 */
  readonly maxFactor?: number;
}

/**
 * Judges a track on its objectives and beside the fleet, like with like: users with users, synthetic with synthetic.
 * A comparison adds a row only where both sides have requests; it says `inconclusive` (hold) when the track is proven
 * more than `maxFactor` times as bad, else `pass`. All rows share one error rate.
 */
export function judgeBesideFleet(
  objectives: readonly Objective[],
  track: EvidenceByObjective,
  fleet: EvidenceByObjective,
  options: BesideFleetOptions,
): GateResult[] {
  const pairs = objectives.flatMap((objective) => pairsOf(objective, track[objective.name], fleet[objective.name]));
  const comparisons = pairs.length;
  const { failFew, failMany } = levelsOf(
    options.errorRate ?? DEFAULT_ERROR_RATE,
    failTests(objectives, track, { comparisons }),
  );
  const usable = pairs.filter(({ own, beside }) => own.requests > 0 && beside.requests > 0);
  return [
    ...judgeGate(objectives, track, { ...options, comparisons }),
    ...usable.map((pair) => compare(pair, failFew + failMany, options)),
  ];
}

interface Pair {
  readonly objective: Objective;
  readonly source: keyof Evidence;
  readonly own: Counts;
  readonly beside: Counts;
}

function pairsOf(objective: Objective, track: Evidence = {}, fleet: Evidence = {}): Pair[] {
  return (["users", "synthetic"] as const).flatMap((source) => {
    const [own, beside] = [track[source], fleet[source]];
    return own === undefined || beside === undefined ? [] : [{ objective, source, own, beside }];
  });
}

function compare({ objective, source, own, beside }: Pair, level: number, options: BesideFleetOptions): GateResult {
  const factor = options.maxFactor ?? DEFAULT_MAX_FACTOR;
  const worse = provesWorse(own, beside, factor, level);
  const [measured, fleet] = [own.bad / own.requests, beside.bad / beside.requests];
  const seen = `${percent(measured)} of ${own.requests} beside the fleet's ${percent(fleet)} of ${beside.requests}`;
  const proven = worse ? provenFactor(own, beside, level).toFixed(1) : undefined;
  return {
    gate: options.gate,
    objective: `${objective.name} beside the fleet (${source})`,
    verdict: worse ? "inconclusive" : "pass",
    ...own,
    measured,
    limit: Math.min(1, fleet * factor),
    lower: 0,
    upper: 1,
    needed: 0,
    synthetic: source === "synthetic" ? own.requests : 0,
    reason: worse ? `${seen}: clearly worse, at least ${proven} times as bad` : `${seen}: not clearly worse`,
  };
}
