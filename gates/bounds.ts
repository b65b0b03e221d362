/**
 * Bounds on a proportion that stay valid however often one looks, and the two proofs they come from.
 *
 * Each side uses two tests with a share of the error rate each: one exact for few bad requests (few-bad.ts), one that
 * never stops learning (mixture.ts). A bound is the limit at which the test would just not decide, so `pass` and
 * "the upper bound is under the limit" are the same statement.
 */
import type { Counts } from "./evidence.ts";
import { failBoundary, passBoundary } from "./few-bad.ts";

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
