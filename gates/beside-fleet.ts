import { levelsOf } from "./bounds.ts";
import {
  DEFAULT_ERROR_RATE,
  failTests,
  type GateOptions,
  type GateResult,
  judgeGate,
  percent,
  subjectOf,
} from "./gate.ts";
import type { Counts, Evidence, Objective } from "./objective.ts";

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
    ...subjectOf(options),
    kind: "comparison",
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

/**
 * Whether one track's requests are clearly worse than another's, however often one looks.
 *
 * The evidence is a mixture over both ratios (Jeffreys priors) divided by the largest likelihood that any pair of
 * ratios with "at most `maxFactor` times as bad" could reach: below a test martingale whatever the pair, so it reaches
 * 1 / level with chance at most level (Wasserman, Ramdas and Balakrishnan, "Universal inference", PNAS 2020, section 8;
 * Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests", 2021).
 */

/** How many times as bad as the fleet a one-box may be, beyond noise, before it is held. */
export const DEFAULT_MAX_FACTOR = 1.5;

/** Whether the counts prove that the first track's ratio is more than `maxFactor` times the second's. */
export function provesWorse(track: Counts, beside: Counts, maxFactor: number, level: number): boolean {
  if (track.bad * beside.requests <= maxFactor * beside.bad * track.requests) return false;
  return logMixture(track) + logMixture(beside) - logBestNull(track, beside, maxFactor) >= -Math.log(level);
}

/** The largest factor that the counts prove; 0 when they prove none. */
export function provenFactor(track: Counts, beside: Counts, level: number): number {
  let [low, high] = [0, 1];
  while (high < 1e6 && provesWorse(track, beside, high, level)) [low, high] = [high, high * 2];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (provesWorse(track, beside, middle, level)) low = middle;
    else high = middle;
  }
  return low;
}

/** Log-likelihood of the counts averaged over the Jeffreys prior, Beta(1/2, 1/2). */
function logMixture({ requests, bad }: Counts): number {
  return logGamma(bad + 0.5) + logGamma(requests - bad + 0.5) - logGamma(requests + 1) - Math.log(Math.PI);
}

/** Log-likelihood at the best pair on the boundary track = maxFactor * beside, where the null is most likely. */
function logBestNull(track: Counts, beside: Counts, maxFactor: number): number {
  const [bad, weighted] = [track.bad + beside.bad, maxFactor * (track.requests - track.bad)];
  const good = beside.requests - beside.bad;
  const [a, b] = [maxFactor * bad + weighted + maxFactor * good, bad * (1 + maxFactor) + weighted + good];
  const ratio = a === 0 ? 0 : (2 * bad) / (b + Math.sqrt(Math.max(0, b * b - 4 * a * bad)));
  return logLikelihood(track, Math.min(1, maxFactor * ratio)) + logLikelihood(beside, Math.min(1, ratio));
}

function logLikelihood({ requests, bad }: Counts, ratio: number): number {
  const ofBad = bad === 0 ? 0 : bad * Math.log(ratio);
  return ofBad + (requests === bad ? 0 : (requests - bad) * Math.log1p(-ratio));
}

/** Stirling's series, shifted to arguments where it is accurate to 1e-12. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
