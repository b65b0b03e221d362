import { z } from "zod";
import type { Identity, Settings } from "../../records/update.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { markdownCode, markdownText } from "../../shared/text/markup.ts";
import { date } from "../../stacks/fields.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import { configSchema, type Release, type StackConfig } from "../../stacks/schema.ts";
import type { ReleaseApproval, ReleaseEvent } from "../deploy/release-history.ts";

/** The form of the document: another one gets another name. */
export const FORMAT = "sparki-evidence/1";

/** What is kept of a stack for some days, and what of it is missing: `evidence.json` of the archive. */
export interface Evidence {
  readonly format: typeof FORMAT;
  readonly stack: string;
  /** ISO 8601 dates in UTC, both included. */
  readonly from: string;
  readonly to: string;
  /** It is from a rehearsal, so not evidence of a production system. */
  readonly isRehearsal: boolean;
  /** Nothing that should have been recorded is missing. */
  readonly isComplete: boolean;
  readonly gaps: readonly Gap[];
  /** What nothing here records, whatever happened. */
  readonly limits: readonly string[];
  /** What was live when the first day began, by the last update that succeeded before; null without one. */
  readonly before: { readonly update: string; readonly at: string; readonly release: string | null } | null;
  /** Oldest first. */
  readonly updates: readonly UpdateEvidence[];
  /** Deploys that ended before they changed anything, oldest first. */
  readonly refused: readonly Refused[];
  /** Why deployments are refused at the time of gathering; null while they are not. */
  readonly frozen: string | null;
  readonly drills: Drills;
  readonly rotations: readonly Rotation[];
  /** What was in force on any of the days. */
  readonly exemptions: readonly (StackConfig["exemptions"][number] & InForce)[];
  readonly relaxations: readonly (StackConfig["relaxations"][number] & InForce)[];
  /** To replace or delete protected resources. */
  readonly resourceApprovals: readonly (StackConfig["approvals"][number] & InForce)[];
  readonly reports: Reports;
  /** Of the plans that were approved: those on the machine that gathers, as files of the archive, and the hashes of others. */
  readonly plans: { readonly kept: readonly string[]; readonly absent: readonly string[] };
  readonly signature: { readonly algorithm: "Ed25519"; readonly key: string } | null;
}

/** Something that should have been recorded, and is not, or cannot be read. */
export interface Gap {
  readonly of:
    | "range"
    | "history"
    | "update"
    | "runner"
    | "approval"
    | "planner"
    | "promotion"
    | "gates"
    | "reason"
    | "settings"
    | "drill"
    | "report";
  readonly update: string | null;
  readonly release: string | null;
  readonly text: string;
}

/** One update of the stack, with who answers for it and what proved it. */
export interface UpdateEvidence extends Pick<ReleaseEvent, "what" | "reason"> {
  /** The backend's own name of it. */
  readonly update: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly result: "succeeded" | "failed" | "unknown";
  readonly release: Release | null;
  /** Null where nothing recorded it. */
  readonly by: "sparki deploy" | "sparki rollback" | null;
  readonly who: Identity | null;
  readonly approval: Omit<ReleaseApproval, "release" | "update"> | null;
  /** The release that the state named live when it had ended; null where that is not kept. */
  readonly live: string | null;
  /** Every gate behind what was live then; null where that is not kept, and for an update that failed. */
  readonly gates: StackOutputs["gates"] | null;
  /** The update in which these ran: an earlier one where this had nothing to judge. */
  readonly gatesRanIn: string | null;
}

export interface Refused extends Pick<ReleaseEvent, "release" | "what" | "reason"> {
  /** ISO 8601. */
  readonly at: string;
}

/** When a setting was first and last deployed with, until the end of the days: by updates' names. */
export interface InForce {
  readonly firstUpdate: string;
  readonly lastUpdate: string;
  /** What ran last before the end of the days had it still. */
  readonly isInForce: boolean;
}

/** The restore tests of the database, and below `cache` those of Redis. */
export interface Drills extends RestoreTests {
  readonly cache: RestoreTests;
}

export interface RestoreTests {
  /** Restore tests on these days, oldest first. */
  readonly restoreTests: readonly RestoreTest[];
  /** The newest that was on record by the last day; null without one. */
  readonly newest: RestoreTest | null;
}

/** New passwords of the database's users, or a new token of Redis. */
export interface Rotation {
  readonly what: "database users' passwords" | "Redis's AUTH token";
  /** ISO 8601 dates; null where it is not known. */
  readonly since: string;
  readonly before: string | null;
  readonly update: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Reports that deploys and rollbacks left on the machine that gathers. */
export interface Reports {
  readonly kept: readonly { readonly path: string; readonly release: string; readonly outcome: string }[];
  /** Those that fit nothing in the history, as a rehearsal's do: they are not in the archive. */
  readonly apart: readonly string[];
}

/** What of a stack's settings an auditor asks for; undefined where it cannot be read. */
export interface AuditedSettings {
  readonly exemptions: StackConfig["exemptions"] | undefined;
  readonly approvals: StackConfig["approvals"] | undefined;
  readonly relaxations: StackConfig["relaxations"] | undefined;
  /** Null where none is recorded. */
  readonly restoreTest: RestoreTest | null | undefined;
  /** The same of the cache. */
  readonly cacheRestoreTest: RestoreTest | null | undefined;
  /** An ISO 8601 date. */
  readonly passwordsSince: string | undefined;
  /** The same; an earlier program's token had no day. */
  readonly authTokenSince: string | undefined;
  /** The settings that cannot be read, such as `sparki:exemptions`. */
  readonly unreadable: readonly string[];
}

export type RestoreTest = NonNullable<StackConfig["preflight"]["restoreTest"]>;

const { exemptions, approvals, relaxations, preflight } = configSchema.shape;
const databaseSchema = z.object({ passwordsSince: date });
const cacheSchema = z.object({ authTokenSince: date.exactOptional() }).default({});
const { restoreTest, cacheRestoreTest } = preflight.unwrap().shape;
const preflightSchema = z.object({ restoreTest, cacheRestoreTest }).default({});

/** Reads those settings, each by itself: an update of an earlier program may have had others. */
export function auditedSettings(settings: Settings): AuditedSettings {
  const unreadable: string[] = [];
  const read = <Value>(name: string, schema: z.ZodType<Value>): Value | undefined => {
    const { data, success } = schema.safeParse(settings[name]);
    if (!success) unreadable.push(`sparki:${name}`);
    return data;
  };
  const tested = read("preflight", preflightSchema);
  return {
    exemptions: read("exemptions", exemptions),
    approvals: read("approvals", approvals),
    relaxations: read("relaxations", relaxations),
    restoreTest: tested && (tested.restoreTest ?? null),
    cacheRestoreTest: tested && (tested.cacheRestoreTest ?? null),
    passwordsSince: read("database", databaseSchema)?.passwordsSince,
    authTokenSince: read("cache", cacheSchema)?.authTokenSince,
    unreadable,
  };
}

/** Days of the calendar in UTC, the first and the last included. */
export interface Range {
  /** ISO 8601 dates. */
  readonly from: string;
  readonly to: string;
  /** Seconds since 1970: from the begin of the first day to before the end of the last. */
  readonly begin: number;
  readonly end: number;
  /** The last day is not over yet. */
  readonly isOpen: boolean;
}

const DAY_SECONDS = 86_400;
/** Nothing was deployed by this program before. */
const FIRST_DAY = "2020-01-01";
const HINT = "npx sparki evidence --from 2026-10-01 --to 2026-10-31 --key evidence.key, or --unsigned";

type Given = string | boolean | undefined;

/** The days that `--from` and `--to` name; throws SPARKI_USAGE for what is no day, is to come, or ends before it begins. */
export function rangeOf({ from, to }: { readonly from: Given; readonly to: Given }, now: number): Range {
  const range = { from: dayIn("--from", from), to: dayIn("--to", to) };
  const begin = secondsOf(range.from);
  const end = secondsOf(range.to) + DAY_SECONDS;
  if (end <= begin) throw refused(`--from ${range.from} is after --to ${range.to}; expected the earlier day first`);
  if (end - DAY_SECONDS > now)
    throw refused(`--to ${range.to} is in the future; expected today, ${isoDay(now)}, or an earlier day`);
  return { ...range, begin, end, isOpen: end > now };
}

/** Whether something was at such a time, in seconds since 1970. */
export function isWithin({ begin, end }: Range, at: number): boolean {
  return at >= begin && at < end;
}

/** The day of a time in seconds since 1970, ISO 8601 in UTC. */
function isoDay(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}

function dayIn(flag: string, given: Given): string {
  if (given === undefined) throw refused(`${flag} is missing; expected a day, such as 2026-10-01`);
  if (typeof given === "string" && isDay(given) && given >= FIRST_DAY) return given;
  throw refused(`${flag} is ${JSON.stringify(given)}; expected a day since ${FIRST_DAY} such as 2026-10-01, in UTC`);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(secondsOf(text) * 1000 || Number.NaN).getTime() > 0
    ? isoDay(secondsOf(text)) === text
    : false;
}

function secondsOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: HINT });
}

/** The evidence as auditors read it: `evidence.md` of the archive. */
export function evidencePage(evidence: Evidence): string {
  const { stack, from, to, isRehearsal, gaps, limits } = evidence;
  return [
    `# Evidence of ${markdownText(stack)}, ${from} to ${to}`,
    "",
    `Days are in UTC, both included. ${SUMMARY}`,
    ...(isRehearsal
      ? ["", "**This is from a rehearsal on one machine: it is not evidence of a production system.**"]
      : []),
    "",
    "## What is missing",
    "",
    ...list(
      gaps.map(({ text }) => text),
      "Nothing that should have been recorded is missing.",
    ),
    "",
    "What is never recorded here:",
    "",
    ...list(limits, ""),
    "",
    "## Releases",
    "",
    beforeText(evidence),
    "",
    ...table(
      ["started", "release", "what", "run by", "approved by", "planned by", "gates", "update"],
      evidence.updates.map(updateRow),
    ),
    ...refusedText(evidence),
    ...(evidence.frozen === null
      ? []
      : ["", `When this was gathered, deployments were refused: ${markdownText(evidence.frozen)}`]),
    ...evidence.updates.flatMap(gatesText),
    "",
    "## Drills",
    "",
    ...drillsText(evidence.drills, "restore test"),
    "",
    ...drillsText(evidence.drills.cache, "restore test of the cache"),
    "",
    "## Rotations",
    "",
    ...list(
      evidence.rotations.map(
        ({ what, since, before, update, at }) =>
          `${at}: ${what}, of ${since} in place of ${before ?? "unknown ones"} (update ${update})`,
      ),
      "No rotation is recorded on these days.",
    ),
    "",
    "## Exemptions",
    "",
    ...exemptionsText(evidence),
    "",
    "## Reports and plans",
    "",
    ...list(
      evidence.reports.kept.map(({ path, release, outcome }) => `${path}: ${release}, ${outcome}`),
      "No report of these updates is on the machine that gathered this.",
    ),
    "",
    ...list(
      [
        ...evidence.plans.kept.map((path) => `${path}: what that plan's hash covers`),
        ...evidence.plans.absent.map((hash) => `the approved plan ${hash} is not on the machine that gathered this`),
      ],
      "No plan was approved on these days.",
    ),
    "",
  ].join("\n");
}

const SUMMARY = "All of it, with every number, is in `evidence.json`; `SHA256SUMS` lists every file.";

function list(texts: readonly string[], none: string): string[] {
  return texts.length === 0 ? [none] : texts.map((text) => `- ${markdownText(text)}`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return ["No update ran on these days."];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function beforeText({ before }: Evidence): string {
  if (before === null) return "The history has no update before these days that succeeded.";
  return `Live when these days began: ${markdownText(before.release ?? "not known")}, since update ${markdownText(before.update)} of ${before.at}.`;
}

function updateRow(update: UpdateEvidence): string[] {
  const { startedAt, release, what, who, approval, update: id } = update;
  const planned = approval === null ? "" : (approval.plannedBy?.name ?? "not recorded");
  return [
    startedAt,
    release?.id ?? "not known",
    what,
    who === null ? "not recorded" : `${who.name} (${who.through})`,
    approval === null ? "not recorded" : `${approval.by.name}, ${approval.at}`,
    approval?.isOwnPlan === true ? `${planned}, who approved it too` : planned,
    countText(update),
    id,
  ].map(markdownText);
}

function countText({ update, gates, gatesRanIn }: UpdateEvidence): string {
  if (gates === null) return "none kept";
  if (gatesRanIn !== update) return `none ran: as in ${gatesRanIn}`;
  const passed = gates.filter(({ verdict }) => verdict === "pass").length;
  return `${passed} of ${gates.length} passed`;
}

function refusedText({ refused }: Evidence): string[] {
  if (refused.length === 0) return [];
  return [
    "",
    "Ended before anything was changed:",
    "",
    ...list(
      refused.map(({ at, release, what, reason }) => `${at}: ${release} ${what}: ${reason}`),
      "",
    ),
  ];
}

function gatesText({ update, release, reason, approval, gates, gatesRanIn }: UpdateEvidence): string[] {
  const ran = gatesRanIn === update ? gates : null;
  const results = (ran ?? []).map(({ gate, objective, verdict, requests, bad, limit, upper }) =>
    [gate, objective, verdict, `${requests}`, `${bad}`, `${limit}`, `${upper}`].map(markdownText),
  );
  return [
    "",
    `### ${markdownText(release?.id ?? "An unknown release")}, update ${markdownText(update)}`,
    "",
    `Became: ${markdownText(reason)}`,
    ...(approval === null ? [] : ["", `Plan: ${markdownCode(approval.hash)}`]),
    ...(ran === null
      ? []
      : ["", ...table(["gate", "objective", "verdict", "requests", "bad", "limit", "at most"], results)]),
  ];
}

function drillsText({ restoreTests, newest }: RestoreTests, what: string): string[] {
  const texts = restoreTests.map(({ on, by, snapshot }) => `${on}: ${snapshot} was restored and read by ${by}`);
  const older = newest === null ? "none is recorded" : `the newest earlier one is of ${newest.on}, by ${newest.by}`;
  return list(texts, markdownText(`No ${what} is recorded on these days; ${older}.`));
}

function exemptionsText({ exemptions, relaxations, resourceApprovals }: Evidence): string[] {
  return list(
    [
      ...exemptions.map(
        (each) =>
          `${each.resource} from ${each.control} until ${each.until}, for ${each.by}: ${each.reason}${ranText(each)}`,
      ),
      ...relaxations.map((each) => `${each.control} is relaxed for the whole stack: ${each.reason}${ranText(each)}`),
      ...resourceApprovals.map(
        (each) => `${each.resource} may be ${each.action}d until ${each.until}, by ${each.by}${ranText(each)}`,
      ),
    ],
    "No exemption, relaxation or approval of a resource was in force.",
  );
}

function ranText({ firstUpdate, lastUpdate, isInForce }: InForce): string {
  return ` (first in update ${firstUpdate}, last in ${lastUpdate}${isInForce ? ", in force at the end" : ""})`;
}
