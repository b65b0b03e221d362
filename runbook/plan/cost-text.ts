import type { CostChange } from "./cost-change.ts";

/** The monthly price in one line: before, after, the difference, and of which day and place the prices are. */
export function costFact({ from, to, currency, asOf, region }: CostChange): string {
  const before = from === undefined ? "nothing" : amount(from);
  const change = from === undefined || from === to ? "" : ` (${signed(to - from)})`;
  return `${before} → ${amount(to)} ${currency}${change}, list prices of ${asOf} in ${region}, use not counted`;
}

/** The columns of the monthly price by item. */
export const COST_COLUMNS = ["USD a month", "Now", "Planned", "Change"] as const;

/** The monthly price by item, in the columns' order. */
export function costRows({ lines }: CostChange): readonly (readonly string[])[] {
  return lines.map(({ item, from, to }) => [item, amount(from), amount(to), from === to ? "" : signed(to - from)]);
}

function amount(dollars: number): string {
  return dollars.toFixed(2);
}

function signed(dollars: number): string {
  return `${dollars < 0 ? "−" : "+"}${amount(Math.abs(dollars))}`;
}
