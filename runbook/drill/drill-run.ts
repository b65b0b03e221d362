import { type Copies, cacheCopyPrefix, copyPrefix, type RestoreSource } from "../../io/restored-copies.ts";
import { openSlack } from "../../io/slack.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { CommandResult, Ports } from "../command.ts";
import { Notifications } from "../notify/notifications.ts";
import type { OpenPreflight } from "../preflight/open.ts";
import { inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { stackFileOf } from "../settings-file.ts";
import {
  type DrillFailure,
  type DrillPorts,
  type Identified,
  type RestoreDrill,
  timeOf,
  type UpgradePlan,
} from "./drill.ts";
import { type DrillRecord, drillMessage, drillText, intentText, recordOf, writeRecord } from "./drill-report.ts";
import { chooseSource, drillRestore, endedBefore, removeLeftovers, type Wanted } from "./restore-drill.ts";
import type { Subject } from "./subject.ts";

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
