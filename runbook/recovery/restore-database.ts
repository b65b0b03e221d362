import type { Counts } from "../../gates/objective.ts";
import type { DatabaseReplacement, FoundInstance } from "../../io/rds-copies.ts";
import { type Answer, BackupUnreadable, isAnswering } from "../../io/restored-copies.ts";
import type { StackStateReader } from "../../io/stack-state.ts";
import { resourcesIn } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, type ExitCodeOf, messageOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { type CheckResult, judge, questionsOf, type RestoreChecks } from "../drill/restore-checks.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { AdoptingEngine } from "./adopt.ts";
import { withExchanged } from "./state-edit.ts";

/** The instance that serves, the one that is restored to take its place, and what the first is called afterwards. */
export interface InstanceNames {
  readonly live: string;
  readonly restored: string;
  readonly before: string;
}

/** The names of a restore to a moment, in seconds since 1970: the same command finds again what it has begun. */
export function instanceNames(stack: string, at: number): InstanceNames {
  const stamp = timeOf(at).replace(/\D/g, "");
  return {
    live: `sparki-${stack}-database`,
    restored: `sparki-${stack}-restored-${stamp}`,
    before: `sparki-${stack}-before-${stamp}`,
  };
}

export interface RestorePorts {
  readonly database: DatabaseReplacement;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly pollSeconds: number;
  /** Makes the state name the instance with this id as the stack's database, and reads it. */
  adopt(resourceId: string): Promise<void>;
  /** Users' requests since a time, and the bad ones among them, or why they are not known. */
  requestsSince(time: number): Promise<Counts | string>;
  /** Shows what it waits for. */
  say(text: string): void;
}

export interface RestorePlan {
  readonly stack: string;
  /** The moment, in seconds since 1970. */
  readonly at: number;
  readonly checks: RestoreChecks;
  readonly schema: Release["schema"];
  /** How long AWS may take to make the instance available, and to exchange the names. */
  readonly limitMinutes: number;
}

/** How far an earlier command of the same moment came. */
export type Stage = "nothing" | "restored" | "between-names" | "exchanged";

export interface RestoreFailure {
  readonly reason: "unreadable" | "not-as-declared" | "not-in-time" | "outside" | "interrupted";
  readonly message: string;
  readonly next: string;
}

/** The document of `sparki recover database --json`. */
export interface DatabaseRestore {
  readonly stack: string;
  readonly exitCode: ExitCodeOf<"done" | "refused" | "held" | "outside">;
  readonly outcome: "restored" | "refused" | "not-in-time" | "broken-off";
  readonly failure: RestoreFailure | null;
  /** The moment whose data serves now, ISO 8601. */
  readonly at: string;
  readonly instances: InstanceNames;
  /** Whether it went on with what an earlier command had begun. */
  readonly resumed: boolean;
  readonly startedAt: string;
  readonly seconds: number;
  /** The recovery time: from the command until the restored data serves; null where an earlier command began it. */
  readonly recoverySeconds: number | null;
  /** How long no instance had the database's name. */
  readonly outageSeconds: number | null;
  /** The recovery point: what was written in these seconds before the exchange is in the instance before, and not in use. */
  readonly lostSeconds: number | null;
  readonly checks: readonly CheckResult[];
  readonly requests: Counts | string | null;
  readonly next: string;
}

/** How far the restore is; throws SPARKI_USAGE where the instances are none that a restore leaves. */
export async function stageOf(
  database: Pick<DatabaseReplacement, "instance">,
  stack: string,
  at: number,
): Promise<Stage> {
  const names = instanceNames(stack, at);
  const [live, restored, before] = await Promise.all(
    [names.live, names.restored, names.before].map((name) => database.instance(name)),
  );
  if (live !== undefined && before === undefined) return restored === undefined ? "nothing" : "restored";
  if (live === undefined && before !== undefined && restored !== undefined) return "between-names";
  if (live !== undefined && before !== undefined && restored === undefined) return "exchanged";
  const there = Object.entries({ [names.live]: live, [names.restored]: restored, [names.before]: before });
  const told = there.map(([name, found]) => `${name} ${found?.status ?? "does not exist"}`).join(", ");
  throw new DeployError("SPARKI_USAGE", `${told}; expected ${names.live}, or what an interrupted restore leaves`, {
    hint: `npx sparki status --stack ${stack}`,
  });
}

interface Found {
  readonly checks?: readonly CheckResult[];
  readonly exchangedAt?: number;
  readonly servesAt?: number;
}

/**
 * Restores the database of a stack to a moment: makes an instance with its data beside the one that serves, checks it by
 * drill.yaml, gives it the name of that one, and makes it the state's. Never rejects, and deletes nothing. Once the names
 * are being exchanged no interruption ends it: until then no instance has the name that pods connect to.
 */
export async function restoreDatabase(ports: RestorePorts, plan: RestorePlan, stage: Stage): Promise<DatabaseRestore> {
  const { clock } = ports;
  const startedAt = clock.now();
  const found: Found = {};
  const failure = await steps(ports, plan, stage, (each) => Object.assign(found, each)).then(
    () => null,
    (error: unknown) => failureOf(error, ports.signal, plan),
  );
  const { checks = [], exchangedAt, servesAt } = found;
  const requests = exchangedAt === undefined ? null : await ports.requestsSince(startedAt).catch(messageOf);
  return {
    ...{ stack: plan.stack, ...endOf(failure), failure, at: timeOf(plan.at) },
    instances: instanceNames(plan.stack, plan.at),
    ...{ resumed: stage !== "nothing", startedAt: timeOf(startedAt), seconds: clock.now() - startedAt },
    recoverySeconds: servesAt === undefined || stage !== "nothing" ? null : servesAt - startedAt,
    outageSeconds: servesAt === undefined || exchangedAt === undefined ? null : servesAt - exchangedAt,
    lostSeconds: exchangedAt === undefined ? null : exchangedAt - plan.at,
    ...{ checks, requests, next: failure?.next ?? `npx sparki deploy --stack ${plan.stack}` },
  };
}

async function steps(ports: RestorePorts, plan: RestorePlan, stage: Stage, note: (found: Found) => unknown) {
  const { database, signal, clock, say } = ports;
  const { restored, before, live } = instanceNames(plan.stack, plan.at);
  if (stage === "nothing") {
    signal.throwIfAborted();
    await database.restoreBeside(restored, plan.at);
  }
  if (stage === "nothing" || stage === "restored") {
    await available(ports, restored, plan, signal);
    say(`asking ${restored}`);
    const choose = `choose another moment; ${deletion(restored)}, if it is not needed`;
    const checks = await answersOf(ports, restored, plan.checks, plan);
    note({ checks });
    assertPassed(checks, restored, choose);
    signal.throwIfAborted();
    const exchangedAt = clock.now();
    note({ exchangedAt });
    await renamed(ports, plan, { from: live, to: before });
  }
  if (stage !== "exchanged") {
    await renamed(ports, plan, { from: restored, to: live });
    await available(ports, live, plan);
  }
  // Users write to it already: how old its newest row is says nothing any more.
  const served = { ...plan.checks, newest: [] };
  const checks = await answersOf(ports, live, served, plan);
  if (stage === "exchanged" || stage === "between-names") note({ checks });
  assertPassed(checks, live, `${command(plan)}, which asks again`);
  if (stage !== "exchanged") note({ servesAt: clock.now() });
  const { resourceId } = (await database.instance(live)) ?? { resourceId: "" };
  say(`making ${live} the state's`);
  await ports.adopt(resourceId);
}

/** It did not come to what was declared or in time; what exists by then is told. */
class Refused extends Error {
  readonly failure: RestoreFailure;

  constructor(failure: RestoreFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** AWS's words for an instance that no waiting makes available. */
const BROKEN =
  /^(?:incompatible-(?:restore|network|parameters)|restore-error|failed|inaccessible-encryption-credentials.*)$/;

async function available(ports: RestorePorts, name: string, plan: RestorePlan, signal?: AbortSignal): Promise<void> {
  const { database, clock, pollSeconds, say } = ports;
  const end = clock.now() + plan.limitMinutes * 60;
  for (let found: FoundInstance | undefined; ; ) {
    found = await database.instance(name);
    if (isAnswering(found?.status)) return;
    const status = found?.status ?? "does not exist yet";
    const told = [`${name}: ${status}`, ...(found?.why === undefined ? [] : [short(found.why)])].join(": ");
    if (BROKEN.test(status))
      throw new Refused({ reason: "unreadable", message: told, next: `${deletion(name)}; choose an earlier moment` });
    if (clock.now() >= end) throw late(told, plan);
    say(told);
    await clock.sleep(pollSeconds, signal);
  }
}

interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** Resolves once the instance has the new name; asks again while AWS cannot do it yet. */
async function renamed(ports: RestorePorts, plan: RestorePlan, { from, to }: Renaming): Promise<void> {
  const { database, clock, pollSeconds, say } = ports;
  const end = clock.now() + plan.limitMinutes * 60;
  for (let isAsked = false; ; ) {
    isAsked ||= await database.rename(from, to, true);
    if (isAsked && (await database.instance(to)) !== undefined && (await database.instance(from)) === undefined) return;
    const told = `${from} is being renamed to ${to}`;
    if (clock.now() >= end) throw late(told, plan);
    say(told);
    await clock.sleep(pollSeconds);
  }
}

function late(told: string, plan: RestorePlan): Refused {
  const message = `${told}, after ${plan.limitMinutes} minutes`;
  return new Refused({ reason: "not-in-time", message, next: `${command(plan)}, which continues` });
}

/** How what the instance answers compares with what is declared; with no live data, for that may be lost. */
async function answersOf(
  { database, signal }: RestorePorts,
  name: string,
  checks: RestoreChecks,
  { schema, at }: Pick<RestorePlan, "schema" | "at">,
): Promise<readonly CheckResult[]> {
  const alone = { ...checks, rows: checks.rows.map(({ ofLive: _, ...row }) => row) };
  const answers: readonly Answer[] = await database.query(name, questionsOf(alone), signal);
  return judge(alone, { answers, live: [], schema, at }).results;
}

function assertPassed(checks: readonly CheckResult[], name: string, next: string): void {
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  const message = failed.map((each) => `${each.name}: ${each.found}; expected ${each.expected}`).join(". ");
  throw new Refused({ reason: "not-as-declared", message: `${name}: ${message}`, next });
}

function failureOf(error: unknown, signal: AbortSignal, plan: RestorePlan): RestoreFailure {
  const next = `${command(plan)}, which continues`;
  if (error instanceof Refused) return error.failure;
  if (error instanceof BackupUnreadable)
    return { reason: "unreadable", message: short(error.message), next: "choose another moment; docs/recovery.md" };
  if (signal.aborted) return { reason: "interrupted", message: "it was interrupted", next };
  return { reason: "outside", message: short(messageOf(error)), next };
}

function endOf(failure: RestoreFailure | null): Pick<DatabaseRestore, "exitCode" | "outcome"> {
  if (failure === null) return { exitCode: EXIT.done.code, outcome: "restored" };
  if (failure.reason === "outside" || failure.reason === "interrupted")
    return { exitCode: EXIT.outside.code, outcome: "broken-off" };
  if (failure.reason === "not-in-time") return { exitCode: EXIT.held.code, outcome: "not-in-time" };
  return { exitCode: EXIT.refused.code, outcome: "refused" };
}

function command({ stack, at }: RestorePlan): string {
  return `npx sparki recover database --stack ${stack} --point-in-time ${timeOf(at)}`;
}

function deletion(name: string): string {
  return `aws rds delete-db-instance --db-instance-identifier ${name} --skip-final-snapshot`;
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function short(text: string): string {
  return bounded(oneLine(text), 400);
}

/** The type of the stack's one database. */
export const DATABASE = "aws:rds/instance:Instance";

/**
 * Makes the state name the resource with this id as the only one of its type, and reads what it is at AWS; changes
 * nothing there. Done again it changes nothing more. Throws SPARKI_OUTSIDE where the engine cannot read it, or does not
 * find it: then the state has what it had before.
 */
export async function exchangeInState(engine: AdoptingEngine, type: string, id: string): Promise<void> {
  const exported = await engine.exportEncrypted();
  const { urn, before, state } = withExchanged(exported, type, id);
  if (before !== id) await engine.importState(state);
  const { outcome, failure } = await engine.refresh(undefined, [urn]);
  const isThere = resourcesIn(await engine.exportEncrypted()).some((each) => each.urn === urn && each.id === id);
  if (outcome === "succeeded" && isThere) return;
  // A resource that a refresh does not find is no longer in the state: the next update would make an empty one.
  await engine.importState(exported);
  throw new DeployError("SPARKI_OUTSIDE", `the state could not take over ${id}: ${failure ?? "it was not found"}`, {
    hint: "run the same command again",
  });
}

interface Intent {
  readonly stack: string;
  readonly at: number;
  readonly now: number;
  readonly stage: Stage;
}

const BEGUN: Readonly<Record<Exclude<Stage, "nothing">, string>> = {
  restored: "The instance was asked for already.",
  "between-names": "The names are half exchanged: the database has been unreachable since.",
  exchanged: "The restored instance serves already; the state does not name it yet.",
};

/** What will happen, and what is lost by it: what a person agrees to. */
export function restoreIntent({ stack, at, now, stage }: Intent): string {
  const { live, restored, before } = instanceNames(stack, at);
  const lost = duration(Math.max(0, now - at));
  return [
    `This takes the database of ${stack} back to ${timeOf(at)}, ${lost} ago:`,
    `  1. ${restored} is made beside the live instance and checked by drill.yaml; users are served meanwhile`,
    `  2. ${live} is renamed to ${before}, and ${restored} to ${live}: requests that need the database fail meanwhile`,
    "  3. the state names the restored instance; the next deployment sets its monitoring and maintenance window again",
    `Whatever was written to any table since then (${lost}, and until step 2) is only in ${before}, which stays and costs`,
    "as much as the live one until you delete it. Nothing is deleted.",
    ...(stage === "nothing" ? [] : [BEGUN[stage]]),
  ].join("\n");
}

/** What a restore came to, for a person. */
export function restoreText(document: DatabaseRestore, paint: Paint): string {
  const { stack, outcome, exitCode, failure, at, instances, checks, requests, next } = document;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = checks.map(({ name, passed, found, expected }) => {
    return `  ${passed ? paint.good("✓") : paint.bad("✗")} ${name}: ${found}; expected ${expected}`;
  });
  const counted = typeof requests === "string" ? `not known: ${requests}` : `${requests?.bad} of ${requests?.requests}`;
  return `${inColumns(
    [
      "",
      `${paint.strong(`database of ${stack}`)} as of ${at}: ${colour(outcome)} (exit ${exitCode})`,
      ...lines,
      ...(failure === null ? [] : [`  reason   ${failure.reason}: ${failure.message}`]),
      ...measured(document),
      ...(requests === null ? [] : [`  requests ${counted} failed, of users, during the recovery`]),
      ...(document.outageSeconds === null ? [] : [`  kept     ${instances.before}, with what was written since`]),
      `  next     ${next}`,
    ].join("\n"),
  )}\n`;
}

function measured({ recoverySeconds, outageSeconds, lostSeconds }: DatabaseRestore): string[] {
  const all = [
    ["recovered in", recoverySeconds],
    ["no database for", outageSeconds],
    ["not in use any more: the writes of", lostSeconds],
  ] as const;
  const known = all.flatMap(([what, seconds]) => (seconds === null ? [] : [`${what} ${duration(seconds)}`]));
  return known.length === 0 ? [] : [`  measured ${known.join("; ")}`];
}

interface Wanted {
  readonly stack: string;
  /** In seconds since 1970. */
  readonly at: number;
  readonly now: number;
  readonly config: Pick<StackConfig, "database">;
}

/**
 * Throws SPARKI_USAGE for a moment that the live database cannot be restored to, and for one before its present users
 * were made: no pod could log in to what is restored. Throws SPARKI_GATE while there is no such moment at all.
 */
export async function assertRestorable(
  database: Pick<DatabaseReplacement, "restorable">,
  { stack, at, now, config }: Wanted,
): Promise<void> {
  const live = `sparki-${stack}-database`;
  const range = await database.restorable();
  if (range === undefined)
    throw new DeployError("SPARKI_USAGE", `${live} cannot be restored to a point in time: it has no backups`, {
      hint: "docs/recovery.md: restore its newest snapshot",
    });
  const latest = Math.min(range.latest, now);
  if (latest < range.earliest) {
    const { message, next } = noMomentYet(live, { ...range, latest });
    throw new DeployError("SPARKI_GATE", message, { hint: next });
  }
  if (at < range.earliest || at > latest)
    throw new DeployError(
      "SPARKI_USAGE",
      `--point-in-time is ${timeOf(at)}; expected a moment from ${timeOf(range.earliest)} to ${timeOf(latest)}`,
      { hint: "AWS keeps the log about five minutes late: for a moment after the last one, wait that long" },
    );
  const { passwordsSince } = config.database;
  if (timeOf(at).slice(0, 10) >= passwordsSince) return;
  throw new DeployError(
    "SPARKI_USAGE",
    `--point-in-time is ${timeOf(at)}, and the database's present users are of ${passwordsSince}: no pod could log in`,
    { hint: "docs/recovery.md: rotate the users after such a restore" },
  );
}

/**
 * That there is nothing to restore to between a first backup and the log's reaching it, and from when on there is; of a
 * range whose latest moment is before its earliest.
 */
export function noMomentYet(
  live: string,
  { earliest, latest }: { readonly earliest: number; readonly latest: number },
): { readonly message: string; readonly next: string } {
  const first = timeOf(earliest);
  return {
    message: `${live} cannot be restored to any moment yet: its first backup is of ${first}, and its log is kept until ${timeOf(latest)}`,
    next: `run the same command again about five minutes after ${first}, with that moment or a later one`,
  };
}

/** Throws SPARKI_OUTSIDE while an update holds the stack: it would write over what a recovery writes into the state. */
export async function assertUnlocked(state: Pick<StackStateReader, "lock">, stack: string): Promise<void> {
  const lock = await state.lock();
  if (lock === undefined) return;
  throw new DeployError("SPARKI_OUTSIDE", `${stack} is locked by ${lock.holder}: an update may be running`, {
    hint: `npx sparki status --stack ${stack}; if nothing runs: pulumi cancel --stack ${stack}`,
  });
}
