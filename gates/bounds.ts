/**
 * Bounds on a proportion that stay valid however often one looks, and the two proofs they come from.
 *
 * Each side uses two tests with a share of the error rate each: one exact for few bad requests , one that
 * never stops learning (mixture.ts). A bound is the limit at which the test would just not decide, so `pass` and
 * "the upper bound is under the limit" are the same statement.
 */
import type { Counts } from "./objective.ts";

/** Chances of ever being wrong, for each of the four tests behind an objective's verdict. */
export interface Levels {
  readonly passFew: number;
  readonly passMany: number;
  readonly failFew: number;
  readonly failMany: number;
}

/**
 * Shares a gate's total error rate over its tests. A gate passes only when every objective does, so a wrong pass needs
 * the one broken objective's own test to err and costs nothing more with more objectives; a wrong failure may come from
 * any of `failTests`, so these divide their share.
 */
export function levelsOf(errorRate: number, failTests: number): Levels {
  return {
    passFew: 0.82 * errorRate,
    passMany: 0.012 * errorRate,
    failFew: (0.156 * errorRate) / failTests,
    failMany: (0.012 * errorRate) / failTests,
  };
}

/** Whether the counts prove a ratio under the limit. */
export function provesUnder(counts: Counts, limit: number, levels: Levels): boolean {
  const { requests, bad } = counts;
  const enough = passBoundary(levels.passFew)[bad];
  if (enough !== undefined && -(requests - bad) * Math.log1p(-limit) >= enough) return true;
  if (bad >= requests * limit) return false;
  return logEvidence(counts, limit, UNDER_LIMIT) >= -Math.log(levels.passMany);
}

/** Whether the counts prove a ratio over the limit. */
export function provesOver(counts: Counts, limit: number, levels: Levels): boolean {
  const { requests, bad } = counts;
  if (bad <= requests * limit) return false;
  const boundary = failBoundary(levels.failFew);
  const most = boundary[Math.min(bad, boundary.length - 1)] ?? 0;
  if (-requests * Math.log1p(-limit) <= most) return true;
  return logEvidence(counts, limit, OVER_LIMIT) >= -Math.log(levels.failMany);
}

/** The smallest limit that the counts prove the ratio to be under; 1 without requests. */
export function upperBound(counts: Counts, levels: Levels): number {
  const measured = counts.requests === 0 ? 0 : counts.bad / counts.requests;
  return bisect(measured, 1, (limit) => provesUnder(counts, limit, levels)).high;
}

/** The largest limit that the counts prove the ratio to be over; 0 without requests. */
export function lowerBound(counts: Counts, levels: Levels): number {
  const measured = counts.requests === 0 ? 0 : counts.bad / counts.requests;
  return bisect(0, measured, (limit) => !provesOver(counts, limit, levels)).low;
}

/** The fewest further requests, all of them good, after which the counts would prove a ratio under the limit. */
export function requestsToPass(counts: Counts, limit: number, levels: Levels): number {
  const passesAfter = (more: number) =>
    provesUnder({ requests: counts.requests + more, bad: counts.bad }, limit, levels);
  if (passesAfter(0)) return 0;
  let high = 1;
  while (!passesAfter(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passesAfter(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Narrows [low, high] around the point where `isHigh` turns true. */
function bisect(from: number, to: number, isHigh: (x: number) => boolean): { low: number; high: number } {
  let [low, high] = [from, to];
  for (let i = 0; i < 60 && high - low > 1e-9 * high; i++) {
    const middle = (low + high) / 2;
    if (isHigh(middle)) high = middle;
    else low = middle;
  }
  return { low, high };
}

/** Odds ratios of the alternatives, equally likely; those nearest 1 decide late but do decide. */
const UNDER_LIMIT = [0.2, 0.4, 0.6, 0.8] as const;

const OVER_LIMIT = [1.25, 1.5, 2, 4, 10] as const;

/** Natural logarithm of the evidence against "the ratio is on the other side of `limit`". */
function logEvidence({ requests, bad }: Counts, limit: number, oddsRatios: readonly number[]): number {
  let total = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (const r of oddsRatios) {
    const term = bad * Math.log(r) - requests * Math.log1p((r - 1) * limit);
    if (term > largest) {
      total = total * Math.exp(largest - term) + 1;
      largest = term;
    } else total += Math.exp(term - largest);
  }
  return largest + Math.log(total / oddsRatios.length);
}

/**
 * The test for few bad requests: exact boundaries that spend the error rate by the count of bad requests.
 *
 * At a true ratio equal to the limit, bad requests arrive almost as a Poisson process of rate 1 in units of
 * -ln(1 - limit) per request. `failBoundary` gives, per count of bad requests, the exposure up to which that many are
 * too many; `passBoundary` the exposure from which so few are few enough. The chance of ever crossing, at any look, is
 * exactly `level`: each step spends its share given that no earlier one was crossed (alpha spending: Lan and DeMets,
 * "Discrete sequential boundaries for clinical trials", Biometrika 1983, with the count as information time).
 *
 * It holds for real requests too: a request is bad with p <= 1 - exp(-c), the chance that a Poisson process has a point
 * in time c, so bad requests never come sooner than the points (fail side, exposure counts all requests); and the run
 * of good requests before a bad one is geometric, never longer than the exponential gap of the process (pass side,
 * exposure counts good requests only). Both couplings need only that each request's chance, given the past, is on the
 * wrong side of the limit.
 */

/** One bad request never fails a gate; the weights favour two and three, where a large spike shows first. */
const FAIL_SHARES = [0, 0, 0.165, 0.4, ...geometric(0.435, 0.7, 17)];

/** Most goes to no bad request at all, so that a clean release passes early; the rest lets one to five be outlived. */
const PASS_SHARES = [0.7024, 0.2342, 0.02536, 0.01902, 0.01268, 0.00634];

function geometric(total: number, ratio: number, terms: number): number[] {
  return Array.from({ length: terms }, (_, i) => total * (1 - ratio) * ratio ** i);
}

/** Exposure up to which `bad` requests prove a ratio over the limit, by the count of bad requests. */
export const failBoundary = remembered((level: number): readonly number[] => {
  const boundary: number[] = [];
  let survivors = [1];
  let exposure = 0;
  for (const [bad, share] of FAIL_SHARES.entries()) {
    if (share > 0) {
      const crossed = (more: number) =>
        survivors.reduce((total, mass, count) => total + mass * poissonTail(more, bad - count), 0);
      const more = crossing(crossed, share * level, 0, 1);
      exposure += more;
      survivors = spread(survivors, more, bad);
    }
    boundary.push(exposure);
  }
  return boundary;
});

/** Exposure of good requests from which only `bad` bad ones prove a ratio under the limit, by the count of bad ones. */
export const passBoundary = remembered((level: number): readonly number[] => {
  const boundary: number[] = [];
  let survivors = [1];
  let exposure = 0;
  for (const [bad, share] of PASS_SHARES.entries()) {
    const more = Math.log((survivors[bad] ?? 0) / (share * level));
    exposure += more;
    survivors = spread(survivors, more, PASS_SHARES.length + 1);
    survivors[bad] = 0;
    boundary.push(exposure);
  }
  return boundary;
});

/** The chances of each count under `length` after `more` exposure. */
function spread(masses: readonly number[], more: number, length: number): number[] {
  return Array.from({ length }, (_, to) =>
    masses.reduce((total, mass, from) => (from > to ? total : total + mass * poissonMass(more, to - from)), 0),
  );
}

function remembered<Result>(compute: (level: number) => Result): (level: number) => Result {
  const known = new Map<number, Result>();
  return (level) => {
    const found = known.get(level) ?? compute(level);
    known.set(level, found);
    return found;
  };
}

/** P(N = count) of a Poisson variable. */
export function poissonMass(mean: number, count: number): number {
  let mass = Math.exp(-mean);
  for (let i = 1; i <= count; i++) mass *= mean / i;
  return mass;
}

/** P(N >= count) of a Poisson variable, accurate for small tails. */
export function poissonTail(mean: number, count: number): number {
  if (count <= 0) return 1;
  let mass = poissonMass(mean, count);
  let tail = 0;
  for (let i = count; mass > tail * 1e-16; i++) {
    tail += mass;
    mass *= mean / (i + 1);
  }
  return tail;
}

/** Where an increasing function reaches `target`, from below, between `low` and `high` (widened until it does). */
function crossing(increasing: (x: number) => number, target: number, low: number, high: number): number {
  let [below, above] = [low, high];
  while (increasing(above) < target) above *= 2;
  for (let i = 0; i < 100 && above - below > 1e-13 * above; i++) {
    const middle = (below + above) / 2;
    if (increasing(middle) <= target) below = middle;
    else above = middle;
  }
  return below;
}
