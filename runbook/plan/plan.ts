import type { UsedPlugin } from "../../io/seal/plugins.ts";
import type { Seal } from "../../io/seal/seal.ts";
import { type CostEstimate, estimateCost, type Priced } from "../../policies/pricing/estimate.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import type { Identity } from "../../records/update.ts";
import { type ErrorCode, EXIT, type ExitCodeOf, isMistake } from "../../shared/deploy-error.ts";
import { duration, expectedText, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { CriticalPath } from "./critical-path.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { HelmDiff } from "./helm-diff.ts";
import type { Effect, PlannedNotice } from "./notices.ts";
import {
  type Drift,
  type InputChange,
  type PlannedResource,
  type PlannedRollback,
  RISK_TITLES,
  RISKS,
  type Risk,
} from "./planned.ts";

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
  /** Of the providers that the preview used. */
  readonly plugins: readonly UsedPlugin[];
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

/** The command that carries out exactly this plan; of one that cannot be approved, the command that plans again. */
export function deployCommand({ stack, fingerprint, seal }: Plan): string {
  if (seal.gaps.length > 0) return `npx sparki deploy --stack ${stack}`;
  return `npx sparki deploy --stack ${stack} --approved ${fingerprint.hash}`;
}

/** What a plan is sealed from, and what keeps it from being approved where something does. */
function sealText({ seal: { commit, configFile, gaps } }: Plan): string {
  const config = configFile === null ? "" : `, config ${configFile}`;
  if (gaps.length === 0) return `commit ${commit?.slice(0, 12)}${config}`;
  return `as it is, but it cannot be approved: ${gaps.join("; ")}${config}`;
}

/** A plan's facts in one line each, by what they are about; of a preview that did not end, only what is known without. */
export function planFacts(plan: Plan): readonly (readonly [what: string, value: string])[] {
  const { release, schema, unchanged, changes, policy, monthlyCost, duration: time } = plan;
  const level = (from: { level: number } | undefined) => (from === undefined ? "none" : `${from.level}`);
  const known: [string, string][] = [
    ["Sealed", sealText(plan)],
    ["Preview", plan.failure === undefined ? plan.outcome : `${plan.outcome}: ${plan.failure}`],
    ["Release", `${release.from ?? "none"} → ${release.to}`],
    ["Schema", `${level(schema.from)} → ${schema.to.level}; the release runs from level ${schema.to.oldest} on`],
    ["Policies", `${policy.checked} checks, ${policy.violations.length} violations`],
  ];
  if (plan.outcome !== "succeeded") return known;
  return [
    ...known,
    ["Changes", `${changes.length}, and ${unchanged} unchanged`],
    ["Monthly price", costFact(monthlyCost)],
    ["Duration", expectedText({ typicalSeconds: time.typical, longestSeconds: time.longest })],
    ["If it fails", rollbackText(plan)],
  ];
}

function rollbackText({ release, wayBack }: Plan): string {
  if (release.from === undefined) return "nothing is live to roll back to";
  if (wayBack === undefined) return `rolls back to ${release.from}`;
  if (wayBack.obstacle !== undefined) return `cannot roll back to ${wayBack.release}: ${wayBack.obstacle}`;
  const [taken, left] = [wayBack.takesBack.length, wayBack.leaves.length];
  const note = wayBack.note === undefined ? "" : `; ${wayBack.note}`;
  return `rolls back to ${wayBack.release}: reverts ${taken} of the changes, leaves ${left}${chartsText(wayBack.charts ?? [])}${note}`;
}

/** Where the charts of the rollback are from; those that are here as they were promoted need no word. */
function chartsText(charts: readonly { readonly release: string; readonly source: string }[]): string {
  const restored = charts.filter(({ source }) => source !== "unchanged here");
  const bySource = Map.groupBy(restored, ({ source }) => source);
  const told = [...bySource].map(([source, all]) => `${all.map(({ release }) => release).join(", ")} from ${source}`);
  return told.length === 0 ? "" : `; charts as promoted: ${told.join("; ")}`;
}

/** A rollback's changes in a line each, by what becomes of them; none where there is no rollback. */
export function rollbackLists({ wayBack }: Plan): readonly (readonly [title: string, names: readonly string[]])[] {
  if (wayBack === undefined || wayBack.obstacle !== undefined) return [];
  return [
    ["Reverted", wayBack.takesBack],
    ["Left as deployed", wayBack.leaves],
  ];
}

/** The risks that the plan has changes of, the most dangerous first, each with how many. */
export function riskCounts({ changes }: Plan): readonly (readonly [Risk, number])[] {
  return RISKS.map((risk) => [risk, changes.filter((change) => change.risk === risk).length] as const).filter(
    ([, count]) => count > 0,
  );
}

export const NOTICES_TITLE = "What users notice";
/** The table of `notices.ts` is of these three alone. */
export const NOTHING_NOTICED = "Nothing of the database, the cache and the cluster, by what AWS publishes.";

/** What users notice, in a line each. */
export function noticeLines({ notices }: Plan): readonly string[] {
  return notices.map(noticeText);
}

function noticeText(notice: PlannedNotice): string {
  const { name, what, from, to, undoneBy } = notice;
  const change = from === null && to === null ? what : `${what} ${from ?? "none"} → ${to ?? "none"}`;
  const undo = undoneBy === null ? "" : `; only snapshot ${undoneBy} undoes it`;
  return `${name}: ${change}, ${effectText(notice)}${whenText(notice)}${undo}`;
}

function effectText(notice: PlannedNotice): string {
  const { effect, note } = notice;
  const texts: Readonly<Record<Effect, string>> = {
    outage: `nobody reaches it${outageText(notice)}`,
    failover: "every connection to it is lost once, and for some seconds none is made",
    restart: "it restarts, and nobody reaches it meanwhile, for how long is not known",
    moves: "its API server stays reachable; then every node is replaced and its pods move, as their budgets allow",
    conditional: `nobody reaches it for a moment, ${note}`,
    gone: "nobody reaches it until another one is there, and what it holds is gone",
    unknown: "not known whether users notice",
  };
  return texts[effect];
}

function outageText({ what, to, measured }: PlannedNotice): string {
  if (measured !== null) return ` for about ${duration(measured.seconds)} (measured by the drill of ${measured.on})`;
  const unknown = ", for how long is not known";
  return what === "PostgreSQL" ? `${unknown}: npx sparki drill restore --upgrade-to ${to} measures it` : unknown;
}

function whenText({ when }: PlannedNotice): string {
  return when === "maintenance-window" ? ", in the maintenance window" : "";
}

/** A plan in the words of its reports, for whoever tells of it elsewhere: the same facts, and the risks with their titles. */
export function planWords(plan: Plan) {
  const risks = riskCounts(plan).map(([risk, count]) => ({ risk, title: RISK_TITLES[risk], count }));
  return { facts: planFacts(plan), risks, usersNotice: noticeLines(plan) };
}

export function inputChangeText({ path, from, to }: InputChange): string {
  if (from === undefined) return `${path}: set to ${to}`;
  return to === undefined ? `${path}: no longer set, was ${from}` : `${path}: ${from} → ${to}`;
}

/** The type without its module's path: `aws:rds Instance`. */
export function shortType(type: string): string {
  const [provider = "", module = "", kind = ""] = type.split(":");
  return `${provider}:${module.split("/")[0]} ${kind}`;
}

/** Done for a plan that can be approved, refused by a policy, a mistake in its config, or a preview that could not end. */
export function planExitCode({
  outcome,
  code,
  policy,
}: Pick<Plan, "outcome" | "code" | "policy">): ExitCodeOf<"done" | "refused" | "usage" | "outside"> {
  if (outcome === "succeeded") return EXIT.done.code;
  if (policy.violations.some(({ level }) => level === "mandatory")) return EXIT.refused.code;
  return isMistake(code) ? EXIT.usage.code : EXIT.outside.code;
}

/** The plan in a few lines for a terminal: what it is, where the report is, its hash and the next command. */
export function planSummary(plan: Plan, files: { readonly html: string }, paint: Paint): string {
  const width = Math.max(...planFacts(plan).map(([what]) => what.length));
  const isGood = planExitCode(plan) === EXIT.done.code;
  const loud = ["stateful", "disruptive"];
  const lines = [
    "",
    paint.strong(`Plan for ${plan.stack}`),
    ...planFacts(plan).map(([what, value]) => inColumns(`  ${what.padEnd(width)}  ${value}`)),
    "",
    ...riskCounts(plan).map(([risk, count]) => {
      const line = `  ${`${count}`.padStart(4)}  ${RISK_TITLES[risk]}`;
      return loud.includes(risk) ? paint.bad(line) : line;
    }),
    ...(plan.drift ?? []).map(({ name }) => paint.bad(`  changed by hand: ${name}`)),
    ...noticeLines(plan).map((line) => paint.bad(inColumns(`  users notice: ${line}`))),
    "",
    `Report: ${files.html}`,
    ...(isGood
      ? [`Hash:   ${plan.fingerprint.hash}`, `Next:   ${deployCommand(plan)}`]
      : [
          paint.bad("Cannot be deployed as it is: see the preview's reason above."),
          `Next:   fix that, then npx sparki plan --stack ${plan.stack}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
