import type { GateResult, Look } from "../verdict.ts";

/** Enough to draw a curve, few enough for a log that is read. */
const MOST_LOOKS = 50;
const DIGITS = 4;

/** Keeps what each look of a gate found, for the reports: a gate on a slow stack looks several hundred times. */
export class LookHistory {
  readonly #looks = new Map<string, Look[]>();

  /** Seconds count from the gate's begin. */
  add(seconds: number, results: readonly GateResult[]): void {
    for (const { objective, requests, bad, lower, upper } of results) {
      const look = { seconds: rounded(seconds), requests, bad, lower: rounded(lower), upper: rounded(upper) };
      const earlier = this.#looks.get(objective);
      if (earlier === undefined) this.#looks.set(objective, [look]);
      else earlier.push(look);
    }
  }

  /** The results, each with at most 50 of the looks at its objective, the first and the last among them. */
  attachTo(results: readonly GateResult[]): GateResult[] {
    return results.map((result) => {
      const looks = this.#looks.get(result.objective);
      return looks === undefined ? result : { ...result, looks: thinned(looks, MOST_LOOKS) };
    });
  }
}

/** At most `most` of the items, evenly spread, from the first to the last. */
export function thinned<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => items[Math.round(index * step)]).filter(
    (item) => item !== undefined,
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
