import { z } from "zod";
import type { Leftover, Leftovers } from "../../io/aws-leftovers.ts";
import type { CommandRunner } from "../../io/child-command.ts";
import { estimateCost } from "../../policies/pricing/estimate.ts";
import type { StateResource } from "../../records/state.ts";
import { DeployError, EXIT, type ExitCodeOf, messageOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { CostByService, ServiceCost } from "./costs.ts";

/** One thing that may go, and what became of it. */
interface Offer {
  readonly kind: Leftover["kind"];
  readonly id: string;
  /** ISO 8601; null where AWS does not say. */
  readonly createdAt: string | null;
  readonly gib: number | null;
  /** By AWS's price list; null where that is not known. */
  readonly monthlyUsd: number | null;
  readonly why: string;
  /** Null in a plan. */
  readonly removed: boolean | null;
  /** Why it is not removed. */
  readonly problem: string | null;
}

/** One thing that stays, and why. */
export interface Kept {
  readonly kind: Leftover["kind"];
  readonly id: string;
  readonly why: string;
}

/** A log group that nothing writes to any more: only a person knows whether its lines are needed. */
interface ByHand {
  readonly id: string;
  readonly why: string;
  readonly command: string;
}

/** The document of `sparki housekeeping --json`. */
interface Housekeeping {
  readonly stack: string;
  readonly exitCode: ExitCodeOf<"done" | "outside">;
  readonly applied: boolean;
  readonly offered: readonly Offer[];
  readonly kept: readonly Kept[];
  /** A text says why it is not known. */
  readonly byHand: readonly ByHand[] | string;
  /** What the stack was estimated to cost and what was spent, by service; a text says why it is not known. */
  readonly costs: CostByService | string;
  readonly next: string | null;
}

export interface HousekeepingPlan {
  readonly stack: string;
  readonly now: number;
  /** How old what is offered is at least. */
  readonly days: number;
  readonly resources: readonly StateResource[];
  /** The snapshot that the record of the restore drill names. */
  readonly drilledSnapshot: string | undefined;
  /** The names of the log groups of RDS instances; a text says why they are not known. */
  readonly logGroups: readonly string[] | string;
  /** What was spent; a text says why it is not known. */
  readonly costs: CostByService | string;
  /** Why the state may lack what exists: someone updates the stack, or an update was interrupted. */
  readonly unsettled?: string | undefined;
}

const DAY = 86_400;

/** What may go, and what stays, each with its reason: of what is not understood everything stays. */
export function judgeLeftovers(
  found: readonly Leftover[],
  plan: HousekeepingPlan,
): { readonly offered: readonly (Leftover & { readonly why: string })[]; readonly kept: readonly Kept[] } {
  const judged = found.map((leftover) => ({ leftover, ...verdictOn(leftover, plan) }));
  return {
    offered: judged.flatMap(({ leftover, isOffered, why }) => (isOffered ? [{ ...leftover, why }] : [])),
    kept: judged.flatMap(({ leftover: { kind, id }, isOffered, why }) => (isOffered ? [] : [{ kind, id, why }])),
  };
}

interface Verdict {
  readonly isOffered: boolean;
  readonly why: string;
}

const stays = (why: string): Verdict => ({ isOffered: false, why });

function verdictOn(leftover: Leftover, plan: HousekeepingPlan): Verdict {
  const { kind, id, stateId } = leftover;
  if (plan.resources.some((resource) => resource.id === stateId || resource.id === id))
    return stays("Pulumi's state names it");
  if (kind === "database-instance") return ofInstance(leftover, plan);
  if (kind === "database-snapshot") return ofSnapshot(leftover, plan);
  if (kind === "volume") return byAge(leftover, plan, "nothing is attached to it, and no state names it");
  return { isOffered: true, why: "it is associated with nothing, and no state names it" };
}

/** The one that served before a recovery, and one that was restored and never put in place. */
const REPLACED = /^(before|restored)-\d{17}$/;

function ofInstance(leftover: Leftover, plan: HousekeepingPlan): Verdict {
  const own = leftover.id.slice(`sparki-${plan.stack}-`.length);
  const [, role] = REPLACED.exec(own) ?? [];
  if (role === undefined) return stays("it is none that a recovery leaves; a drill deletes its own");
  if (leftover.status !== "available") return stays(`it is ${leftover.status ?? "without a status"}`);
  const what = role === "before" ? "it served before a recovery" : "a recovery restored it and did not use it";
  return byAge(leftover, plan, `${what}; a final snapshot is taken`, momentIn(own));
}

/** The moment of a recovery is in the names that it gives: an instance is older than what it was kept for. */
function momentIn(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d{3}$/.exec(name)?.map(Number) ?? [];
  if ([year, month, day, hour, minute, second].some((each) => each === undefined)) return undefined;
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000;
}

function ofSnapshot(leftover: Leftover, plan: HousekeepingPlan): Verdict {
  if (/-final(?:-|$)/.test(leftover.id)) return stays("a final snapshot is all that is left of its database");
  if (leftover.id === plan.drilledSnapshot) return stays("the record of the restore drill names it");
  return byAge(leftover, plan, "a manual snapshot, beside the automated ones of the database");
}

function byAge(leftover: Leftover, { now, days }: HousekeepingPlan, why: string, since = leftover.createdAt): Verdict {
  if (since === undefined) return stays("AWS does not say how old it is");
  const age = Math.floor((now - since) / DAY);
  return age >= days
    ? { isOffered: true, why: `${why}; ${age} days old` }
    : stays(`${age} days old; offered after ${days}`);
}

/** The log groups of instances that recoveries and drills made, where none of that name is there any more. */
function orphanedLogGroups(
  found: readonly Leftover[],
  { stack, logGroups }: HousekeepingPlan,
): readonly ByHand[] | string {
  if (typeof logGroups === "string") return logGroups;
  const instances = new Set(found.map(({ id }) => id));
  return logGroups.flatMap((id) => {
    const [, instance = ""] = /^\/aws\/rds\/instance\/([a-z0-9-]+)\/[a-z]+$/.exec(id) ?? [];
    const own = instance.startsWith(`sparki-${stack}-`) ? instance.slice(`sparki-${stack}-`.length) : "";
    if (!/^(?:before|restored|drill)-\d+$/.test(own) || instances.has(instance)) return [];
    const command = `aws logs delete-log-group --log-group-name ${id}`;
    return [{ id, why: `${instance}, which wrote to it, does not exist any more`, command }];
  });
}

/**
 * Lists what may go, and deletes it one by one where that was said; what AWS refuses is told, and ends nothing. Throws
 * SPARKI_OUTSIDE, with nothing deleted, where the state may lack what exists.
 */
export async function keepHouse(
  leftovers: Leftovers,
  plan: HousekeepingPlan,
  { isApplied, say }: { readonly isApplied: boolean; say(text: string): void },
): Promise<Housekeeping> {
  if (isApplied && plan.unsettled !== undefined)
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `nothing was deleted: ${plan.unsettled}, so the state may lack what exists`,
      {
        hint: `npx sparki status --stack ${plan.stack}; then npx sparki housekeeping --stack ${plan.stack} --yes`,
      },
    );
  const found = await leftovers.list();
  const { offered, kept } = judgeLeftovers(found, plan);
  const offers: Offer[] = [];
  for (const leftover of offered) {
    if (isApplied) say(`deleting ${leftover.id}`);
    const problem = isApplied ? await leftovers.remove(leftover).then(() => null, problemOf) : null;
    offers.push(offerOf(leftover, isApplied ? problem === null : null, problem));
  }
  const isDone = offers.every(({ problem }) => problem === null);
  const again = `npx sparki housekeeping --stack ${plan.stack}`;
  return {
    stack: plan.stack,
    exitCode: isDone ? EXIT.done.code : EXIT.outside.code,
    applied: isApplied,
    ...{ offered: offers, kept, byHand: orphanedLogGroups(found, plan), costs: plan.costs },
    next: !isDone ? again : isApplied || offers.length === 0 ? null : `${again} --yes, which deletes what is offered`,
  };
}

function offerOf(
  leftover: Leftover & { readonly why: string },
  removed: boolean | null,
  problem: string | null,
): Offer {
  const { kind, id, createdAt, gib = null, why } = leftover;
  const at = createdAt === undefined ? null : new Date(createdAt * 1000).toISOString();
  return { kind, id, createdAt: at, gib, monthlyUsd: monthlyOf(leftover), why, removed, problem };
}

function monthlyOf({ kind, instanceClass, gib, multiZone }: Leftover): number | null {
  if (kind !== "database-instance" || instanceClass === undefined) return null;
  const inputs = { instanceClass, allocatedStorage: gib ?? 0, multiAz: multiZone === true };
  const { monthly, lines } = estimateCost([{ type: "aws:rds/instance:Instance", name: "leftover", inputs }]);
  return lines.some(({ item }) => item.endsWith(instanceClass)) ? Number(monthly.toFixed(2)) : null;
}

function problemOf(error: unknown): string {
  return bounded(oneLine(messageOf(error)), 300);
}

/** What may go, what stays and why, and what the stack costs by service, for a person. */
export function housekeepingText(document: Housekeeping, paint: Paint): string {
  const { stack, applied, offered, kept, byHand, costs, exitCode, next } = document;
  const what = applied ? "deleted" : "may be deleted";
  const known = offered.flatMap(({ monthlyUsd }) => monthlyUsd ?? []);
  const saved = known.length === 0 ? "" : `, ${known.reduce((sum, each) => sum + each, 0).toFixed(2)} USD a month`;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  return `${inColumns(
    [
      `${paint.strong(`housekeeping ${stack}`)}: ${colour(`${offered.length} ${what}`)}${saved}, ${kept.length} stay`,
      ...offered.map((offer) => `  ${markOf(offer, paint)} ${labelOf(offer)}: ${offer.problem ?? offer.why}`),
      ...kept.map(({ kind, id, why }) => `  ${paint.dim("·")} ${kind} ${id} stays: ${why}`),
      ...(typeof byHand === "string"
        ? [`  ? log groups are not known: ${byHand}`]
        : byHand.flatMap(({ id, why, command }) => [`  ? log group ${id}: ${why}`, `    ${command}`])),
      ...(typeof costs === "string" ? [`  ? costs are not known: ${costs}`] : costLines(costs, paint)),
      ...(next === null ? [] : [`Next: ${next}`]),
    ].join("\n"),
  )}\n`;
}

function markOf({ removed }: Offer, paint: Paint): string {
  if (removed === null) return "-";
  return removed ? paint.good("✓") : paint.bad("✗");
}

function labelOf({ kind, id, gib, monthlyUsd }: Offer): string {
  const size = gib === null ? "" : `, ${gib} GiB`;
  return `${kind} ${id}${size}${monthlyUsd === null ? "" : `, ${monthlyUsd} USD a month`}`;
}

function costLines(costs: CostByService, paint: Paint): string[] {
  const { services, from, to, days, partial, pricesAsOf, pricesRegion } = costs;
  const named = (what: string, found: readonly ServiceCost[]) =>
    found.length === 0 ? [] : [`  ${what}: ${found.map(({ service }) => service).join(", ")}`];
  const total = { ...costs, service: "Together" };
  return [
    paint.strong("What it costs a month, in US dollars:"),
    `  spent on ${days} complete ${days === 1 ? "day" : "days"}, ${from} to ${to}; estimated by list prices of ${pricesAsOf} in ${pricesRegion}, use not counted`,
    ...(partial.length === 0 ? [] : [paint.bad(`  partial: ${partial.join("; ")}`)]),
    costRow(["Service", "estimated", "spent", "ratio"]),
    ...[...services, total].map((cost) =>
      costRow([cost.service, dollars(cost.estimatedUsd), dollars(cost.spentUsd), dollars(cost.ratio)]),
    ),
    ...named(
      "spent, and in no estimate",
      services.filter(({ estimatedUsd }) => estimatedUsd === null),
    ),
    ...named(
      "estimated, and nothing is recorded under the stack's tags",
      services.filter(({ spentUsd }) => spentUsd === null),
    ),
  ];
}

function costRow([service, ...numbers]: readonly [string, string, string, string]): string {
  return `  ${service.padEnd(49)}${numbers.map((text) => text.padStart(9)).join("")}`;
}

function dollars(amount: number | null): string {
  return amount === null ? "-" : amount.toFixed(2);
}

const groupsSchema = z.object({ logGroups: z.array(z.object({ logGroupName: z.string() })) });

/** The names of the log groups of the region's RDS instances, by the AWS command line; throws SPARKI_OUTSIDE without an answer. */
export async function databaseLogGroups(
  aws: CommandRunner,
  { region }: { readonly region: string },
): Promise<string[]> {
  const prefix = ["--log-group-name-prefix", "/aws/rds/instance/sparki-"];
  const { code, stdout, stderr } = await aws([
    ...["logs", "describe-log-groups", ...prefix, "--region", region, "--output", "json"],
  ]);
  const answer = code === 0 ? groupsSchema.safeParse(documentIn(stdout)) : undefined;
  if (answer?.success === true) return answer.data.logGroups.map(({ logGroupName }) => logGroupName);
  const said = stderr.trim().split("\n")[0] || `exit code ${code}`;
  throw new DeployError("SPARKI_OUTSIDE", `aws logs describe-log-groups: ${said}`, {
    hint: "aws sts get-caller-identity",
  });
}

function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
