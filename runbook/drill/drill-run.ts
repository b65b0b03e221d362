import { type Copies, cacheCopyPrefix, copyPrefix, type RestoreSource } from "../../io/restored-copies.ts";
import { openSlack } from "../../io/slack.ts";
import { estimateCost } from "../../policies/pricing/estimate.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { Mention, type Message, slack } from "../../shared/text/markup.ts";
import { oneLine } from "../../shared/text/visible.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { CommandResult, Ports } from "../command.ts";
import { Notifications } from "../notify/notifications.ts";
import { short, titleOf, to } from "../notify/notify.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { stackFileOf, writeSetting } from "../preflight/stack-file.ts";
import { duration, inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Paint, Screen } from "../report/screen.ts";
import {
  type DrillFailure,
  type DrillPorts,
  type Identified,
  type RestoreDrill,
  type Subject,
  type TriedUpgrade,
  timeOf,
  type UpgradePlan,
} from "./drill.ts";
import { chooseSource, drillRestore, endedBefore, removeLeftovers, type Wanted } from "./restore-drill.ts";
import { obstacleText } from "./upgrade-trial.ts";

interface DrillOptions {
  readonly of: Subject<unknown>["of"];
  readonly wanted: Wanted;
  readonly limitMinutes: number;
  readonly isAbandoned: boolean;
  /** The version that the copy is upgraded to. @default it is not */
  readonly upgradeTo?: string;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

const SNAPSHOT = /^(?:rds:|automatic\.)?[a-z](?:-?[a-z0-9])*$/i;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const MOST_MINUTES = 1_440;

/** What the command line asks for; throws SPARKI_USAGE for anything else than it may. */
export function drillOptions(args: readonly (string | undefined)[], options: Given): DrillOptions {
  const [what, of = "database"] = args;
  if (what !== "restore") throw refused(`the drill's name is ${JSON.stringify(what ?? "")}; expected restore`);
  if (of !== "database" && of !== "cache")
    throw refused(`what to restore is ${JSON.stringify(of)}; expected database or cache`);
  const { snapshot, pointInTime, limit, abandoned, upgradeTo } = options;
  if (snapshot !== undefined && pointInTime !== undefined)
    throw refused("--snapshot and --point-in-time cannot be used together; expected one of them");
  if (of === "cache" && pointInTime !== undefined)
    throw refused("--point-in-time is for the database; Redis is restored from snapshots alone");
  if (of === "cache" && upgradeTo !== undefined)
    throw refused("--upgrade-to is for the database; sparki:cache.engineVersion upgrades the cache (docs/upgrades.md)");
  return {
    of,
    ...(upgradeTo !== undefined && { upgradeTo: versionIn(upgradeTo) }),
    wanted: wantedIn(snapshot, pointInTime),
    limitMinutes: minutesIn(limit),
    isAbandoned: abandoned === true,
  };
}

function wantedIn(snapshot: Given[string], moment: Given[string]): Wanted {
  if (typeof snapshot === "string") {
    if (SNAPSHOT.test(snapshot) && snapshot.length <= 255) return { snapshot };
    throw refused(`--snapshot is ${JSON.stringify(snapshot)}; expected a snapshot's id, as AWS names it`);
  }
  if (typeof moment !== "string") return { newest: true };
  if (moment === "latest") return { pointInTime: "latest" };
  const seconds = momentIn(moment);
  if (seconds !== undefined) return { pointInTime: seconds };
  throw refused(
    `--point-in-time is ${JSON.stringify(moment)}; expected a moment such as 2026-11-28T10:30:00Z, or latest`,
  );
}

/** RDS takes a version with its minor one alone. */
function versionIn(version: Given[string]): string {
  if (typeof version === "string" && /^\d{2}\.\d{1,3}$/.test(version)) return version;
  throw refused(`--upgrade-to is ${JSON.stringify(version)}; expected a version of PostgreSQL such as 18.1`);
}

/** A moment on the command line, in seconds since 1970; undefined where it is none. */
export function momentIn(moment: string): number | undefined {
  const seconds = MOMENT.test(moment) ? Date.parse(moment) / 1000 : Number.NaN;
  // 30 February is read as 2 March.
  const [, , day] = /^(\d{4}-\d{2})-(\d{2})/.exec(moment) ?? [];
  const written = new Date(Date.parse(`${moment.slice(0, 10)}T00:00:00Z`));
  return !Number.isNaN(seconds) && written.getUTCDate() === Number(day) ? seconds : undefined;
}

/** How long AWS may take, by `--limit`; throws SPARKI_USAGE for anything but minutes of a day. */
export function minutesIn(limit: Given[string]): number {
  const minutes = typeof limit === "string" && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (minutes >= 1 && minutes <= MOST_MINUTES) return minutes;
  throw refused(`--limit is ${JSON.stringify(limit)}; expected minutes from 1 to ${MOST_MINUTES}`);
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npx sparki drill --help" });
}

export interface DrillRun<Q> extends Omit<DrillOptions, "of" | "upgradeTo"> {
  /** The upgrade that is tried on the copy. @default none */
  readonly upgrade?: UpgradePlan<Q>;
  readonly stack: string;
  readonly config: StackConfig;
  readonly subject: Subject<Q>;
  readonly copies: Copies<Q>;
  readonly isRehearsal: boolean;
  readonly ports: Ports;
  readonly opened: OpenPreflight;
  readonly screen: Screen;
  /** Resolves once a person has agreed; throws otherwise. */
  agree(question: string): Promise<void>;
}

const POLL_SECONDS = 15;

/** One drill from what is left of earlier ones to its record, told on the screen and, when it did not pass, in Slack. */
export async function runDrill<Q extends Identified>(run: DrillRun<Q>): Promise<CommandResult> {
  const { opened, ports, screen, stack, config } = run;
  const { clock } = ports;
  const notifications = new Notifications(
    openSlack(opened.network, await opened.context.slackSecrets().catch(() => ({})), clock),
    (text) => screen.line(text),
  );
  const { drill, leftoversRemoved } = await drilled(run);
  const { told, record } = await recorded(run, drill);
  const message = drillMessage(config, told);
  if (message !== undefined) notifications.tell(message);
  ports.stderr.write(drillText(told, record, screen.paint));
  const sent = await notifications.all();
  return { exitCode: told.exitCode, json: { ...told, stack, leftoversRemoved, record, notifications: sent } };
}

interface Drilled {
  readonly drill: RestoreDrill;
  readonly leftoversRemoved: readonly string[];
}

/** What is restored, once what earlier drills left is gone; else why nothing is. */
interface Begun {
  readonly leftoversRemoved: readonly string[];
  readonly source: RestoreSource | DrillFailure;
}

async function begin<Q>(run: DrillRun<Q>): Promise<Begun> {
  const { subject, copies, ports, screen, wanted, isAbandoned } = run;
  const { clock } = ports;
  const leftoversRemoved = await showPhase(screen, clock, `earlier drills of ${whole(subject)}`, async (phase) => {
    const names = await removeLeftovers(
      drillPorts(run, (text) => phase.say(text)),
      { subject, isAbandoned },
    );
    phase.note(names.length === 0 ? "nothing was left" : `${names.join(", ")} deleted`);
    return names;
  });
  return { leftoversRemoved, source: await chooseSource(copies, wanted, { subject, now: clock.now() }) };
}

/** What an outside fault kept from beginning is told as any drill that did not pass; a caller's mistake is thrown. */
function unbegun<Q>({ subject, ports: { signal } }: DrillRun<Q>, error: unknown): Begun {
  if (!(error instanceof DeployError) || error.code !== "SPARKI_OUTSIDE" || signal.aborted) throw error;
  const next = error.hint ?? subject.again;
  return { leftoversRemoved: [], source: { reason: "outside", message: error.message, next } };
}

async function drilled<Q extends Identified>(run: DrillRun<Q>): Promise<Drilled> {
  const { stack, config, subject, ports, screen, wanted, limitMinutes, isRehearsal, upgrade } = run;
  const { clock } = ports;
  const { leftoversRemoved, source } = await begin(run).catch((error: unknown) => unbegun(run, error));
  const now = clock.now();
  if ("reason" in source) return { drill: endedBefore(subject, source, now), leftoversRemoved };
  if (!isRehearsal && subject.of === "database") assertUsersIn(source.at, config, stack);
  const name = nameOf(subject, now);
  const size = subject.of === "cache" ? config.cache.nodeType : config.database.instanceClass;
  const upgradeTo = upgrade && { upgradeTo: upgrade.to };
  const intent = { of: subject.of, stack, name, source, size, limitMinutes, now, isRehearsal, ...upgradeTo };
  screen.line(inColumns(intentText(intent)));
  await run.agree("Make this temporary instance?");
  const copy = { name, source, until: clock.now() + limitMinutes * 60, by: await whoRuns(ports), ...upgradeTo };
  const freshAt = "newest" in wanted ? clock.now() : source.at;
  const plan = { subject, copy, freshAt, ...(upgrade && { upgrade }) };
  const drill = await showPhase(screen, clock, `restore drill of ${whole(subject)}`, async (phase) => {
    const ended = await drillRestore(
      drillPorts(run, (text) => phase.say(text)),
      plan,
    );
    phase.note(ended.outcome);
    return ended;
  });
  return { drill, leftoversRemoved };
}

function whole({ of, stack }: Pick<Subject<unknown>, "of" | "stack">): string {
  return of === "cache" ? `${stack}'s cache` : stack;
}

/** Of the second for the database; of the minute for the cache, whose names have at most 40 characters. */
function nameOf({ of, stack }: Pick<Subject<unknown>, "of" | "stack">, now: number): string {
  const stamp = timeOf(now).replace(/\D/g, "");
  return of === "cache"
    ? `${cacheCopyPrefix(stack)}${stamp.slice(2, 12)}`
    : `${copyPrefix(stack)}${stamp.slice(0, 14)}`;
}

function drillPorts<Q>(
  { copies, ports: { clock, signal }, isRehearsal }: DrillRun<Q>,
  say: DrillPorts<Q>["say"],
): DrillPorts<Q> {
  return { copies, clock, signal, say, pollSeconds: isRehearsal ? 0.2 : POLL_SECONDS };
}

/** The check logs in as the application's present user, which an older backup does not have. */
function assertUsersIn(at: number, { database: { passwordsSince } }: StackConfig, stack: string): void {
  if (timeOf(at).slice(0, 10) >= passwordsSince) return;
  throw new DeployError(
    "SPARKI_USAGE",
    `the backup is of ${timeOf(at)}, and the database's present users are of ${passwordsSince}: the check could not log in`,
    { hint: `npx sparki drill restore --stack ${stack} --point-in-time latest` },
  );
}

async function whoRuns({ env }: Ports): Promise<string> {
  const { identityIn } = await import("../../io/engine.ts");
  const { name, through } = identityIn(env, undefined);
  return `${name} (${through})`;
}

/** Writes the record of a drill that passed; one whose record cannot be written did not do what it is for. */
async function recorded<Q>(
  { stack, ports, config }: DrillRun<Q>,
  drill: RestoreDrill,
): Promise<{ told: RestoreDrill; record: DrillRecord | null }> {
  const { restoreTest } = config.preflight;
  const record = recordOf(drill, { runBy: await whoRuns(ports), now: ports.clock.now(), before: restoreTest });
  if (record === undefined) return { told: drill, record: null };
  const file = stackFileOf(stack, ports);
  try {
    writeRecord(file, record, drill.of);
    return { told: drill, record };
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    const failure = {
      reason: "outside",
      message: `the backup is good, but ${error.message}`,
      next: error.hint ?? "",
    } as const;
    return { told: { ...drill, outcome: "broken-off", exitCode: EXIT.outside.code, failure }, record: null };
  }
}

export interface Intent extends Pick<RestoreDrill, "of"> {
  readonly stack: string;
  readonly name: string;
  readonly source: RestoreSource;
  /** The instance class of the database, or the node type of the cache. */
  readonly size: string;
  readonly limitMinutes: number;
  readonly upgradeTo?: string;
  readonly now: number;
  /** A rehearsal's machine is this one, and costs nothing. */
  readonly isRehearsal: boolean;
}

/** By the AWS calculator's hours. */
const HOURS_OF_MONTH = 730;
/** What a deletion may take. */
const REMOVAL_HOURS = 1;

/** What will be made, for how long, and what it costs: what a person agrees to. */
export function intentText(intent: Intent): string {
  const { of, stack, name, source, limitMinutes, now, upgradeTo } = intent;
  const age = duration(Math.max(0, now - source.at));
  const what =
    source.kind === "snapshot"
      ? `snapshot ${source.id} of ${timeOf(source.at)}, ${age} ago`
      : `sparki-${stack}-${of} as it was at ${timeOf(source.at)}, ${age} ago`;
  return [
    `This restores ${what}, into the temporary instance ${name}: ${placeText(intent)}.`,
    ...(upgradeTo === undefined
      ? []
      : [`AWS then upgrades that instance, and nothing else, to PostgreSQL ${upgradeTo}, and it is checked again.`]),
    `It is deleted afterwards in every case; the restore${upgradeTo === undefined ? "" : " and the upgrade"} may take ${limitMinutes} min. ${costText(intent)}`,
  ].join("\n");
}

function placeText({ of, size, source, isRehearsal }: Intent): string {
  if (isRehearsal) return `a ${of === "cache" ? "Redis" : "PostgreSQL"} of this rehearsal`;
  return of === "cache"
    ? `one node of ${size}, in the cache's own subnets, which only the check's pod can reach`
    : `${size} in one zone with ${source.storageGib} GiB, in the database's own subnets, which only the check's pod can reach`;
}

function costText({ of, source: { storageGib }, size, limitMinutes, isRehearsal }: Intent): string {
  if (isRehearsal) return "It costs nothing in a rehearsal.";
  const copy =
    of === "cache"
      ? {
          type: "aws:elasticache/replicationGroup:ReplicationGroup",
          inputs: { nodeType: size, numCacheClusters: 1 },
        }
      : {
          type: "aws:rds/instance:Instance",
          inputs: { instanceClass: size, allocatedStorage: storageGib, multiAz: false },
        };
  const { monthly, lines, asOf } = estimateCost([{ name: "drill", ...copy }]);
  if (!lines.some(({ item }) => item.endsWith(size)))
    return `No price of ${size} is known: see AWS's price list for its hourly price.`;
  const hourly = monthly / HOURS_OF_MONTH;
  const most = hourly * (limitMinutes / 60 + REMOVAL_HOURS);
  return `It costs about ${hourly.toFixed(2)} USD an hour, ${most.toFixed(2)} USD at most (list prices as of ${asOf}).`;
}

/** What a drill came to, for a person. */
export function drillText(drill: RestoreDrill, record: DrillRecord | null, paint: Paint): string {
  const { stack, of, outcome, exitCode, failure, recoverySeconds, dataAgeSeconds, removed, instance, upgrade } = drill;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const measured = [
    ...(recoverySeconds === null ? [] : [`restored in ${duration(recoverySeconds)}`]),
    ...(dataAgeSeconds === null ? [] : [`the newest data was ${duration(dataAgeSeconds)} old`]),
  ].join(", ");
  const left =
    removed === null ? "nothing was created" : removed ? `${instance} is deleted` : `${instance} is NOT deleted`;
  return `${inColumns(
    [
      "",
      `${paint.strong(`restore drill ${stack}${of === "cache" ? ", cache" : ""}`)}: ${colour(outcome)} (exit ${exitCode})`,
      ...(failure === null ? [] : [`${failure.reason}: ${failure.message}`]),
      ...checkLines(drill.checks, paint),
      ...(upgrade === null ? [] : upgradeLines(upgrade, paint)),
      [measured, left].filter(Boolean).join("; "),
      ...(record === null ? [] : [`Recorded: sparki:preflight.${RECORD_KEYS[of]} in Pulumi.${stack}.yaml; commit it.`]),
      ...(failure === null ? [] : [`Next: ${failure.next}`]),
    ].join("\n"),
  )}\n`;
}

function checkLines(checks: RestoreDrill["checks"], paint: Paint): string[] {
  return checks.map(({ name, passed, found, expected }) => {
    const mark = passed ? paint.good("✓") : paint.bad("✗");
    return `  ${mark} ${name}: ${found}; expected ${expected}`;
  });
}

function upgradeLines(upgrade: TriedUpgrade, paint: Paint): string[] {
  const { from, to, outcome, seconds, checks, obstacles, said, log, oldExtensions } = upgrade;
  const took = seconds === null ? "" : ` in ${duration(seconds)}`;
  return [
    `PostgreSQL ${from} → ${to}: ${outcome}${took}; ${outageText(upgrade)}`,
    ...obstacles.map((each) => `  ${paint.bad("✗")} ${obstacleText(each)}`),
    ...said.map((event) => `  RDS: ${event}`),
    ...log.map((line) => `  log: ${line}`),
    ...checkLines(checks, paint),
    ...(oldExtensions ?? []).map(
      ({ name, installed, offered }) =>
        `  after the upgrade: ALTER EXTENSION ${name} UPDATE (${installed}, the new server has ${offered})`,
    ),
    ...(outcome === "upgraded" && oldExtensions === null ? ["  which extensions to update is not known"] : []),
  ];
}

/** How long nobody reached an upgraded copy. */
function outageText({ outageSeconds, unmeasured }: TriedUpgrade): string {
  if (outageSeconds === null) return `how long nobody reached it was not measured: ${unmeasured}`;
  return outageSeconds === 0 ? "it was reached all the time" : `nobody reached it for ${duration(outageSeconds)}`;
}

const UPGRADE_REASONS: ReadonlySet<string> = new Set(["upgrade-refused", "upgrade-obstacle"]);

/** What who is responsible for the database, or the cache, is told of a drill that did not pass. */
export function drillMessage(
  { contacts }: Pick<StackConfig, "contacts">,
  { stack, of, outcome, failure, source, instance, removed }: RestoreDrill,
): Message | undefined {
  // Who interrupted it knows.
  if (failure === null || failure.reason === "interrupted") return undefined;
  const contact = of === "cache" ? contacts.infrastructure : contacts.database;
  const drill = of === "cache" ? "a restore drill of the cache" : "a restore drill";
  const isUpgrade = UPGRADE_REASONS.has(failure.reason);
  const unproven = isUpgrade ? "the backup is good, the upgrade is refused" : "the backup is not proven to be usable";
  const title =
    outcome === "failed"
      ? slack`🚨 ${titleOf(stack)}: ${drill} failed: ${new Mention(contact)} ${unproven}`
      : slack`⚠️ ${titleOf(stack)}: ${drill} was ${outcome}, so it proves nothing`;
  return to(contact, title, [
    ["Reason", `${failure.reason}: ${short(failure.message)}`],
    ["Backup", source === null ? "none was restored" : `${source.snapshot ?? "point in time"}, of ${source.at}`],
    ["Left behind", removed === false ? `${instance}, which costs money` : "nothing"],
    [],
    ["Next", failure.next],
  ]);
}

/** The record that preflight asks for, as it stands in the stack's config. */
export type DrillRecord = NonNullable<StackConfig["preflight"]["restoreTest"]>;

/** As much of it as the config takes. */
const MOST_CHARACTERS = 128;

interface Recording {
  readonly runBy: string;
  readonly now: number;
  /** The database's record until now: an upgrade that it tells of stays told by a drill that tried none. */
  readonly before: DrillRecord | undefined;
}

/** The record of a drill that passed, and of no other one. */
export function recordOf(drill: RestoreDrill, { runBy, now, before }: Recording): DrillRecord | undefined {
  const { of, outcome, exitCode, failure, removed, source } = drill;
  const isProven = outcome === "passed" && exitCode === EXIT.done.code && failure === null && removed === true;
  if (!isProven || source === null) return undefined;
  const on = timeOf(now).slice(0, 10);
  const upgrade =
    drill.upgrade === null ? (of === "database" ? before?.upgrade : undefined) : triedOn(drill.upgrade, on);
  return {
    on,
    by: oneLine(`sparki drill restore${of === "cache" ? " cache" : ""}, run by ${runBy}`)
      .slice(0, MOST_CHARACTERS)
      .toWellFormed()
      .trim(),
    snapshot: source.snapshot ?? `point in time ${source.at}`,
    ...(upgrade && { upgrade }),
  };
}

function triedOn({ to, outageSeconds }: TriedUpgrade, on: string): NonNullable<DrillRecord["upgrade"]> {
  return { to, on, ...(outageSeconds !== null && { outageSeconds: Math.ceil(outageSeconds) }) };
}

/** The key below `sparki:preflight` that holds the newest record. */
const RECORD_KEYS = { database: "restoreTest", cache: "cacheRestoreTest" } as const satisfies Readonly<
  Record<RestoreDrill["of"], string>
>;

/** Sets the record in a stack's file and leaves the rest of it as it is; throws SPARKI_OUTSIDE when it cannot. */
export function writeRecord(file: string, record: DrillRecord, of: RestoreDrill["of"]): void {
  writeSetting(file, { section: "sparki:preflight", key: RECORD_KEYS[of], value: { ...record } });
}
