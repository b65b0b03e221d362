import {
  type Answer,
  BackupUnreadable,
  type Copies,
  isAnswering,
  type Leftover,
  type RestoreSource,
} from "../../io/restored-copies.ts";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { noMomentYet } from "../recovery/restore-database.ts";
import {
  type DrillFailure,
  type DrillPlan,
  type DrillPorts,
  type DrillReason,
  type Identified,
  type RestoreDrill,
  type Subject,
  short,
  type TriedUpgrade,
  timeOf,
} from "./drill.ts";
import type { CheckReason, CheckResult } from "./restore-checks.ts";
import { tryUpgrade } from "./upgrade-trial.ts";

/** What is restored: the newest snapshot, one by its id, or a moment in seconds since 1970. */
export type Wanted =
  | { readonly newest: true }
  | { readonly snapshot: string }
  | { readonly pointInTime: number | "latest" };

const HOUR = 3_600;
/** Automated snapshots are daily, in a window of an hour; preflight asks for the same. */
const MAX_SNAPSHOT_HOURS = 26;

/** What a source is chosen for, and when. */
interface Choice {
  readonly subject: Pick<Subject<unknown>, "of" | "stack" | "again" | "listSnapshots">;
  readonly now: number;
}

/** What to restore, or why there is nothing; throws SPARKI_USAGE for a snapshot or a moment that there is not. */
export async function chooseSource(
  copies: Pick<Copies<unknown>, "newestSnapshot" | "snapshot" | "restorable">,
  wanted: Wanted,
  { subject, now }: Choice,
): Promise<RestoreSource | DrillFailure> {
  const { of, stack, again, listSnapshots: list } = subject;
  if ("snapshot" in wanted) {
    const found = await copies.snapshot(wanted.snapshot);
    if (found !== undefined) return { kind: "snapshot", ...found };
    throw new DeployError("SPARKI_USAGE", `the ${of} of ${stack} has no snapshot ${wanted.snapshot} to restore`, {
      hint: list,
    });
  }
  if ("pointInTime" in wanted) return momentOf(await copies.restorable(), wanted.pointInTime, subject);
  const newest = await copies.newestSnapshot();
  if (newest === undefined)
    return {
      reason: "no-backup",
      message: `the ${of} of ${stack} has no automated snapshot that can be restored`,
      next: list,
    };
  const hours = (now - newest.at) / HOUR;
  if (hours <= MAX_SNAPSHOT_HOURS) return { kind: "snapshot", ...newest };
  return {
    reason: "old-backup",
    message: `the newest automated snapshot, ${newest.id}, is ${hours.toFixed(1)} hours old; expected at most ${MAX_SNAPSHOT_HOURS}`,
    next: `${list}; to restore it anyway: ${again} --snapshot ${newest.id}`,
  };
}

function momentOf(
  range: Awaited<ReturnType<Copies<unknown>["restorable"]>>,
  wanted: number | "latest",
  { of, stack, again }: Choice["subject"],
): RestoreSource | DrillFailure {
  const next = `aws rds describe-db-instances --db-instance-identifier sparki-${stack}-database`;
  if (range === undefined)
    return { reason: "no-backup", message: `the ${of} of ${stack} cannot be restored to a point in time`, next };
  const { earliest, latest, storageGib } = range;
  if (latest < earliest) return { reason: "no-backup", ...noMomentYet(`the ${of} of ${stack}`, range) };
  const at = wanted === "latest" ? latest : wanted;
  if (earliest <= at && at <= latest) return { kind: "point", at, storageGib };
  throw new DeployError(
    "SPARKI_USAGE",
    `--point-in-time is ${timeOf(at)}; expected a moment from ${timeOf(earliest)} to ${timeOf(latest)}`,
    { hint: `${again} --point-in-time latest` },
  );
}

/**
 * Removes what drills left behind whose time is over; throws SPARKI_OUTSIDE for one that may still run, unless it is
 * said to be abandoned, and for what cannot be removed. Returns the names.
 */
export async function removeLeftovers<Q>(
  ports: DrillPorts<Q>,
  { subject, isAbandoned }: { readonly subject: Pick<Subject<Q>, "again" | "deletion">; readonly isAbandoned: boolean },
): Promise<string[]> {
  const left = await ports.copies.leftovers();
  const running = left.find(({ until }) => until > ports.clock.now());
  if (running !== undefined && !isAbandoned) throw mayStillRun(running, subject.again);
  for (const { name, by } of left) {
    ports.say(`removing ${name}, which a drill of ${by} left behind`);
    const problem = await removal(ports, name);
    if (problem !== undefined)
      throw new DeployError("SPARKI_OUTSIDE", `${name}, left behind by a drill, could not be removed: ${problem}`, {
        hint: subject.deletion(name),
      });
  }
  return left.map(({ name }) => name);
}

function mayStillRun({ name, by, until }: Leftover, again: string): DeployError {
  return new DeployError(
    "SPARKI_OUTSIDE",
    `${name} exists: a drill that ${by} began, and that ends by ${timeOf(until)} at the latest`,
    { hint: `wait for it; or, if it is no longer running: ${again} --abandoned` },
  );
}

/** A drill that ended before anything was made. */
export function endedBefore(
  { stack, of }: Pick<Subject<unknown>, "stack" | "of">,
  failure: DrillFailure,
  now: number,
): RestoreDrill {
  return {
    ...{ stack, of, ...endOf(failure), failure, source: null, instance: null, startedAt: timeOf(now), seconds: 0 },
    ...{ recoverySeconds: null, dataAgeSeconds: null, checks: [], upgrade: null, removed: null },
  };
}

/**
 * Restores the copy, asks it, judges the answers, and deletes it whatever happened; never rejects. An interruption ends
 * the waiting and the asking, and not the deletion.
 */
export async function drillRestore<Q extends Identified>(
  ports: DrillPorts<Q>,
  plan: DrillPlan<Q>,
): Promise<RestoreDrill> {
  const { clock, copies } = ports;
  const { copy, subject } = plan;
  const { stack, of, deletion } = subject;
  const began = clock.now();
  let tried: Tried;
  try {
    ports.signal.throwIfAborted();
    await copies.restore(copy);
    tried = await tryCopy(ports, plan, began);
  } catch (error) {
    tried = { ...NOTHING, failure: failureOf(error, ports.signal, plan) };
  }
  ports.say(`deleting ${copy.name}`);
  const problem = await removal(ports, copy.name);
  const failure =
    problem === undefined ? tried.failure : withLeftover(tried.failure, copy.name, problem, deletion(copy.name));
  const { source } = copy;
  return {
    stack,
    of,
    ...endOf(failure),
    failure,
    source: { kind: source.kind, snapshot: source.kind === "snapshot" ? source.id : null, at: timeOf(source.at) },
    instance: copy.name,
    startedAt: timeOf(began),
    seconds: clock.now() - began,
    recoverySeconds: tried.recoverySeconds,
    dataAgeSeconds: tried.newestAt === undefined ? null : Math.max(0, began - tried.newestAt),
    checks: tried.checks,
    upgrade: tried.upgrade,
    removed: problem === undefined,
  };
}

interface Tried {
  readonly failure: DrillFailure | null;
  readonly recoverySeconds: number | null;
  readonly newestAt: number | undefined;
  readonly checks: readonly CheckResult[];
  readonly upgrade: TriedUpgrade | null;
}

const NOTHING = { recoverySeconds: null, newestAt: undefined, checks: [], upgrade: null } as const;

async function tryCopy<Q extends Identified>(ports: DrillPorts<Q>, plan: DrillPlan<Q>, began: number): Promise<Tried> {
  const { clock, signal } = ports;
  const failure = await availability(ports, plan);
  if (failure !== undefined) return { ...NOTHING, failure };
  const recoverySeconds = clock.now() - began;
  let checked: Omit<Tried, "recoverySeconds"> = NOTHING_CHECKED;
  try {
    const { answers, live, ...read } = await readCopy(ports, plan);
    checked = { ...read, upgrade: null };
    if (plan.upgrade === undefined || read.failure !== null) return { ...checked, recoverySeconds };
    const obstacles = plan.upgrade.obstacles({ answers, live });
    const tried = await tryUpgrade(ports, { ...plan, upgrade: plan.upgrade }, obstacles);
    const { document: upgrade } = tried;
    if (tried.failure !== null || upgrade.outcome !== "upgraded")
      return { ...checked, recoverySeconds, upgrade, failure: tried.failure };
    // Whatever breaks from here on, the upgrade is told.
    checked = { ...checked, upgrade };
    const after = await readCopy(ports, plan, plan.upgrade.after);
    const oldExtensions = plan.upgrade.oldExtensions(after.answers) ?? null;
    const told = { ...upgrade, checks: after.checks, oldExtensions };
    return { ...checked, recoverySeconds, upgrade: told, failure: afterUpgrade(after.failure) };
  } catch (error) {
    return { ...checked, recoverySeconds, failure: failureOf(error, signal, plan) };
  }
}

const NOTHING_CHECKED = { failure: null, newestAt: undefined, checks: [], upgrade: null } as const;

/** The same finding is another one where the backup itself had passed. */
function afterUpgrade(failure: DrillFailure | null): DrillFailure | null {
  return failure && { ...failure, message: `after the upgrade: ${failure.message}` };
}

/** Asks the copy and the one that serves, and judges what they answer; `more` is asked of the copy besides. */
async function readCopy<Q extends Identified>(
  ports: DrillPorts<Q>,
  { subject, copy, freshAt, upgrade }: DrillPlan<Q>,
  more: readonly Q[] = upgrade?.before ?? [],
) {
  ports.say(`asking ${copy.name}`);
  const answers = await ports.copies.query({ copy: copy.name }, [...subject.questions, ...more], ports.signal);
  const live = await liveAnswers(ports, subject, upgrade?.live);
  const { results, newestAt = subject.of === "cache" ? copy.source.at : undefined } = subject.judge({
    ...{ answers, live, at: freshAt },
  });
  return { answers, live, failure: worst(results, subject), newestAt, checks: results };
}

/** What the live one does not say is compared with nothing, which the check that asked for it tells. */
async function liveAnswers<Q extends Identified>(
  { copies, signal, say }: DrillPorts<Q>,
  { of, liveQuestions }: Subject<Q>,
  more: readonly Q[] = [],
): Promise<readonly Answer[]> {
  const questions = [...liveQuestions, ...more];
  if (questions.length === 0) return [];
  say(`querying the live ${of}, to compare`);
  try {
    return await copies.query("live", questions, signal);
  } catch (error) {
    signal.throwIfAborted();
    return questions.map(({ id }) => ({ id, problem: messageOf(error), sqlState: "" }));
  }
}

/** Why the copy does not become available; undefined once it is. A status that is not known is waited for as any other. */
async function availability<Q>(
  ports: DrillPorts<Q>,
  { copy, subject }: DrillPlan<Q>,
): Promise<DrillFailure | undefined> {
  const { copies, clock, signal } = ports;
  let last = "does not exist yet";
  for (;;) {
    const found = await copies.describe(copy.name);
    const { status, why } = found ?? { status: undefined };
    const words = [status, why].filter(Boolean).join(": ");
    if (isAnswering(status)) return undefined;
    if (status !== undefined && subject.unreadable.has(status)) return unreadable(words, subject.again, copy.source);
    if (status !== undefined && subject.ended.has(status))
      return { reason: "not-restored", message: `the restored instance is ${words}`, next: subject.events(copy.name) };
    last = status === undefined ? last : words;
    if (clock.now() >= copy.until) break;
    ports.say(`${copy.name} is ${last}`);
    await clock.sleep(Math.min(ports.pollSeconds, Math.max(0.01, copy.until - clock.now())), signal);
  }
  return {
    reason: "not-restored",
    message: `the restored instance was not available by ${timeOf(copy.until)}; its last status was ${last}`,
    next: `${subject.again} --limit MINUTES, with more of them`,
  };
}

function unreadable(words: string, again: string, source: RestoreSource): DrillFailure {
  const what = source.kind === "snapshot" ? `snapshot ${source.id}` : `the backup up to ${timeOf(source.at)}`;
  return {
    reason: "unreadable",
    message: `${what} cannot be restored: ${short(words)}`,
    next: `find an older one that can be restored: ${again} --snapshot ID; then docs/recovery.md`,
  };
}

function failureOf<Q>(error: unknown, signal: AbortSignal, { subject, copy }: DrillPlan<Q>): DrillFailure {
  const { again } = subject;
  if (signal.aborted) return { reason: "interrupted", message: "the drill was interrupted", next: again };
  if (error instanceof BackupUnreadable) return unreadable(error.message, again, copy.source);
  const hint = error instanceof DeployError ? error.hint : undefined;
  return { reason: "outside", message: short(messageOf(error)), next: hint ?? again };
}

/** The most telling of the checks that were not passed: what is wrong comes before what is not known. */
function worst(results: readonly CheckResult[], { next }: Pick<Subject<unknown>, "next">): DrillFailure | null {
  const order: readonly CheckReason[] = ["unreadable", "missing-data", "schema", "stale-data", "unanswered"];
  const failed = results.filter(({ passed }) => !passed);
  const reason = order.find((each) => failed.some((result) => result.reason === each));
  if (reason === undefined) return null;
  const told = failed.map(({ name, found, expected }) => `${name}: ${found}; expected ${expected}`).join(". ");
  return { reason, message: told, next: next[reason] };
}

/** How long a deletion may take, and how often in a row it may be refused. */
const REMOVAL_SECONDS = HOUR;
const MAX_REFUSALS = 5;

/** Why it is not removed; undefined once nothing is left. No interruption ends it: the second signal does. */
async function removal<Q>({ copies, clock, pollSeconds }: DrillPorts<Q>, name: string): Promise<string | undefined> {
  const end = clock.now() + REMOVAL_SECONDS;
  let problem = "it is still being deleted";
  for (let refusals = 0; clock.now() < end && refusals < MAX_REFUSALS; ) {
    try {
      if (await copies.remove(name)) return undefined;
      refusals = 0;
    } catch (error) {
      problem = short(messageOf(error));
      refusals += 1;
    }
    await clock.sleep(pollSeconds);
  }
  return problem;
}

function withLeftover(failure: DrillFailure | null, name: string, problem: string, deletion: string): DrillFailure {
  const left = `${name} is not deleted, and costs money: ${problem}`;
  if (failure === null) return { reason: "not-removed", message: left, next: deletion };
  return { ...failure, message: `${failure.message}. ${left}`, next: `${deletion}; ${failure.next}` };
}

const INCONCLUSIVE: ReadonlySet<DrillReason> = new Set(["not-restored", "unanswered", "not-upgraded"]);
const BROKEN_OFF: ReadonlySet<DrillReason> = new Set(["outside", "interrupted", "not-removed"]);

function endOf(failure: DrillFailure | null): Pick<RestoreDrill, "outcome" | "exitCode"> {
  if (failure === null) return { outcome: "passed", exitCode: EXIT.done.code };
  if (BROKEN_OFF.has(failure.reason)) return { outcome: "broken-off", exitCode: EXIT.outside.code };
  if (INCONCLUSIVE.has(failure.reason)) return { outcome: "inconclusive", exitCode: EXIT.held.code };
  return { outcome: "failed", exitCode: EXIT.refused.code };
}
