import type { Seal } from "../../io/seal/seal.ts";
import { type CostEstimate, estimateCost, type Priced } from "../../policies/pricing/estimate.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import type { Identity } from "../../records/update.ts";
import type { ErrorCode } from "../../shared/deploy-error.ts";
import type { CriticalPath } from "./critical-path.ts";
import type { Drift, InputChange } from "./difference.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { HelmDiff } from "./helm-diff.ts";
import type { PlannedNotice } from "./notices.ts";
import type { PlannedResource, PlannedRollback, Risk } from "./planned.ts";

/** One change that a deployment would make, without any secret's value. */
export interface PlannedChange {
  readonly risk: Risk;
  readonly action: "create" | "update" | "replace" | "delete";
  readonly name: string;
  readonly type: string;
  readonly replacedFor: readonly string[];
  readonly changes: readonly InputChange[];
  /** Of a creation that decides who may do or reach what: what it says, as YAML without secrets. */
  readonly text?: string;
  /** Of a creation: every input that it would have, by path, without secrets and made-up names. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Paths of the inputs that the provider fills in and the program does not give, where the provider tells them. */
  readonly defaults?: readonly string[];
}

/** What a deployment would do, as a reviewer reads it and as an approval holds it. */
export interface Plan {
  readonly stack: string;
  /** ISO 8601; not part of what is approved. */
  readonly madeAt: string;
  /** Who made it, where that was asked; not part of what is approved. */
  readonly plannedBy?: Identity;
  readonly fingerprint: Fingerprint;
  /** What it was made from and is deployed from. */
  readonly seal: Omit<Seal, "files">;
  /** Why the preview refuses the deployment; undefined when it does not. */
  readonly failure: string | undefined;
  /** The code of the failure, where the program itself refused. */
  readonly code?: ErrorCode | undefined;
  readonly outcome: EngineResult["outcome"];
  readonly release: FromTo<string>;
  readonly digests: readonly ({ readonly image: string } & FromTo<string>)[];
  readonly schema: FromTo<SchemaLevel>;
  /** The most dangerous first. */
  readonly changes: readonly PlannedChange[];
  readonly unchanged: number;
  /** What users notice of the changes, or what nobody knows whether they do. */
  readonly notices: readonly PlannedNotice[];
  /** Undefined where it was not checked. */
  readonly drift: readonly Drift[] | undefined;
  /** Undefined where nothing is live to roll back to, or the deployment's own preview failed. */
  readonly wayBack: PlannedRollback | undefined;
  readonly policy: EngineResult["policy"];
  readonly helm: readonly HelmDiff[];
  readonly monthlyCost: CostChange;
  readonly duration: CriticalPath & { readonly asOf: string };
}

export interface SchemaLevel {
  readonly level: number;
  /** The oldest level that the release's code can run on. */
  readonly oldest: number;
}

/** What a deployment does to the stack's list price a month, in US dollars; what depends on use is left out and named. */
interface CostChange extends FromTo<number>, Pick<CostEstimate, "currency" | "asOf" | "region" | "notCounted"> {
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
