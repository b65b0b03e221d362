/**
 * The test for many bad requests: a mixture of likelihood ratios against alternatives at fixed odds ratios to the limit.
 *
 * For odds ratio r a request multiplies the evidence by r if bad and by 1 if good, divided by 1 + (r - 1) limit: its
 * mean under any true ratio on the wrong side of the limit is at most 1, whatever the past. So the mixture is a
 * non-negative supermartingale, and the chance that it ever reaches 1 / level is at most level (Ville's inequality;
 * Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 1970; Howard, Ramdas,
 * McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Stat. 2021).
 */
import type { Counts } from "./evidence.ts";

/** Odds ratios of the alternatives, equally likely; those nearest 1 decide late but do decide. */
export const UNDER_LIMIT = [0.2, 0.4, 0.6, 0.8] as const;
export const OVER_LIMIT = [1.25, 1.5, 2, 4, 10] as const;

/** Natural logarithm of the evidence against "the ratio is on the other side of `limit`". */
export function logEvidence({ requests, bad }: Counts, limit: number, oddsRatios: readonly number[]): number {
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
