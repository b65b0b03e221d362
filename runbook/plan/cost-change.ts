import { type CostEstimate, estimateCost, type Priced } from "../../policies/pricing/estimate.ts";

import type { PlannedResource } from "./planned.ts";

/** What a deployment does to the stack's list price a month, in US dollars; what depends on use is left out and named. */
export interface CostChange extends FromTo<number>, Pick<CostEstimate, "currency" | "asOf" | "region" | "notCounted"> {
  /** The dearest first; those that change nothing too. */
  readonly lines: readonly CostLineChange[];
}

export interface CostLineChange {
  readonly item: string;
  /** Zero where there is none. */
  readonly from: number;
  readonly to: number;
}

/** Prices what is in the state and what is planned; `from` is undefined where there is nothing yet. */
export function costChange(resources: readonly PlannedResource[]): CostChange {
  const present = resources.filter(({ action }) => action !== "create");
  const planned = resources.filter(({ action }) => action !== "delete");
  const before = estimateCost(present.map(({ type, name, before: inputs }): Priced => ({ type, name, inputs })));
  const after = estimateCost(planned.map(({ type, name, after: inputs }): Priced => ({ type, name, inputs })));
  const { currency, asOf, region, notCounted } = after;
  return {
    from: present.length > 0 ? before.monthly : undefined,
    to: after.monthly,
    lines: lineChanges(before, after),
    ...{ currency, asOf, region, notCounted },
  };
}

function lineChanges(before: CostEstimate, after: CostEstimate): CostLineChange[] {
  const monthly = ({ lines }: CostEstimate, item: string) => lines.find((line) => line.item === item)?.monthly ?? 0;
  const items = new Set([...after.lines, ...before.lines].map(({ item }) => item));
  return [...items]
    .map((item) => ({ item, from: monthly(before, item), to: monthly(after, item) }))
    .sort((one, other) => other.to - one.to || one.item.localeCompare(other.item));
}

/** A value before and after; undefined before the first deployment. */
export interface FromTo<T> {
  readonly from: T | undefined;
  readonly to: T;
}

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
