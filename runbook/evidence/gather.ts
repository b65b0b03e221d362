import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { z } from "zod";
import { hashOf } from "../../records/canonical.ts";
import { isOwnPlan, isRollback, type Update, type UpdateOutcome } from "../../records/update.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { documentText, safeDocument } from "../../shared/text/output.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import {
  type EndedDeploy,
  MOST_ENDS,
  type ReleaseEvent,
  releaseHistory,
  UNRECORDED,
} from "../deploy/release-history.ts";
import { approvedFingerprint } from "../plan/approval.ts";
import type { KeptReport } from "../report/report-files.ts";
import { RESTORE_TEST_DAYS } from "../upgrades/upgrades.ts";
import {
  type AuditedSettings,
  auditedSettings,
  type Evidence,
  FORMAT,
  type Gap,
  type InForce,
  isWithin,
  type Range,
  type Refused,
  type Reports,
  type RestoreTest,
  type RestoreTests,
  type Rotation,
  type UpdateEvidence,
} from "./evidence.ts";

/** What is kept of a stack, as it was read. */
export interface KeptFacts {
  readonly stack: string;
  /** All of them, newest first. */
  readonly updates: readonly Update[];
  readonly ends: readonly EndedDeploy[];
  readonly frozen: string | undefined;
  readonly config: Pick<StackConfig, "preflight">;
  readonly isRehearsal: boolean;
}

/** Evidence before the reports on this machine are added to it. */
export type Gathered = Omit<Evidence, "reports" | "plans" | "signature" | "isComplete">;

/** What no part of Sparki Deploy records, whatever happened. */
const LIMITS = [
  "A freeze leaves no record of its own once it is lifted; the rollback that caused it and the one that lifted it are among the updates.",
  "Who reviewed an exemption, a relaxation or an approval of a resource is in the history of the repository; its settings name who asked for it.",
  "Of secrets that are rotated, only the database users' passwords and Redis's AUTH token are recorded.",
  "Pages and alerts are only in the messaging service that received them.",
  "Reports and plans stay on the machines that made them: the matching ones of this machine are included, and every approval names its plan by hash.",
  "The history is read from the stack's backend: anyone who can write to the backend can change it.",
];

/** Gathers what is kept of some days; nothing is guessed: what is missing is a gap. `onProgress` hears of each old state that is read. */
export async function gather(
  facts: KeptFacts,
  range: Range,
  onProgress: (text: string) => void = () => undefined,
): Promise<Gathered> {
  const { stack, ends, frozen, config, isRehearsal } = facts;
  const updates = facts.updates.filter(isDated);
  const events = releaseHistory(updates, ends).reverse();
  const within = updates.filter(({ startedAt }) => isWithin(range, startedAt)).reverse();
  const last = updates.find(({ startedAt, result }) => startedAt < range.begin && result === "succeeded");
  const before = last && { update: last, event: undefined, outcome: await last.outcome?.() };
  const seen: Seen[] = [];
  for (const [index, update] of within.entries()) {
    onProgress(`reading the state after update ${index + 1} of ${within.length}`);
    const event = events.find((each) => each.update === update.id && each.at === update.startedAt);
    seen.push({ update, event, outcome: await update.outcome?.() });
  }
  const { gaps: settingsGaps, ...settings } = settingsEvidence(updates, config, range);
  const gaps = [
    ...rangeGaps(range),
    ...facts.updates.filter((update) => !isDated(update)).map(undated),
    ...historyGaps({ ...facts, updates }, range, seen),
    ...(before === undefined ? [] : beforeGaps(before)),
    ...seen.flatMap((each) => gapsOf(each)),
    ...settingsGaps,
  ];
  return {
    format: FORMAT,
    stack,
    from: range.from,
    to: range.to,
    isRehearsal,
    gaps,
    limits: LIMITS,
    before: before === undefined ? null : liveBefore(before),
    updates: updatesEvidence(before, seen),
    refused: events.flatMap((event) => refusedIn(event, range)),
    frozen: frozen ?? null,
    ...settings,
  };
}

/** An update whose times are times; any other stands in no days. */
function isDated({ startedAt, endedAt }: Update): boolean {
  return [startedAt, endedAt].every((at) => at >= 0 && at < 10_000_000_000);
}

function undated({ id, release }: Update): Gap {
  return { of: "update", update: id, release: release?.id ?? null, text: `when update ${id} was cannot be read` };
}

/** An update with what became of it, and what its state says. */
interface Seen {
  readonly update: Update;
  readonly event: ReleaseEvent | undefined;
  readonly outcome: UpdateOutcome | undefined;
}

/** An update in which no gate ran keeps the evidence of the one before: that is told of the update in which they ran. */
function updatesEvidence(before: Seen | undefined, seen: readonly Seen[]): UpdateEvidence[] {
  let ran = { update: before?.update.id, gates: JSON.stringify(before?.outcome?.gates) };
  return seen.map((each) => {
    const { update, outcome } = each;
    const gates = JSON.stringify(outcome?.gates);
    if (update.result === "succeeded" && gates !== ran.gates) ran = { update: update.id, gates };
    return updateEvidence(each, ran.update ?? null);
  });
}

function updateEvidence({ update, event, outcome }: Seen, gatesRanIn: string | null): UpdateEvidence {
  const { id, startedAt, endedAt, result, release, ranBy } = update;
  const approval = ranBy?.approval ?? null;
  const live = outcome?.promotion?.release.id ?? null;
  const gates = result === "succeeded" ? (outcome?.gates ?? null) : null;
  return {
    update: id,
    startedAt: isoOf(startedAt),
    endedAt: isoOf(endedAt),
    result,
    ...became(event, { isLive: live !== null && live === release?.id, gates }),
    release: release ?? null,
    by: ranBy?.by ?? null,
    who: ranBy?.who ?? null,
    approval: approval && { ...approval, isOwnPlan: isOwnPlan(approval) ?? null },
    live,
    gates,
    gatesRanIn: gates === null ? null : gatesRanIn,
  };
}

/** What the history takes for promoted because it succeeded is only called so where the state says the same. */
function became(
  event: ReleaseEvent | undefined,
  { isLive, gates }: { readonly isLive: boolean; readonly gates: UpdateEvidence["gates"] },
): Pick<UpdateEvidence, "what" | "reason"> {
  const { what = "unknown", reason = "" } = event ?? {};
  if (what !== "promoted") return { what, reason };
  if (!isLive) return { what: "unknown", reason: "it succeeded, but no stored state says that it was promoted" };
  const passed = gates?.filter(({ verdict }) => verdict === "pass").length ?? 0;
  return { what, reason: gates === null ? "no gate evidence is stored" : `${passed} of ${gates.length} gates passed` };
}

function refusedIn({ at, release, what, reason, update }: ReleaseEvent, range: Range): Refused[] {
  return update === null && isWithin(range, at) ? [{ at: isoOf(at), release, what, reason }] : [];
}

function liveBefore({ update, outcome }: Seen): Evidence["before"] {
  return { update: update.id, at: isoOf(update.startedAt), release: outcome?.promotion?.release.id ?? null };
}

/** What is not recorded of one update, or cannot be read. */
function gapsOf({ update, event, outcome }: Seen): Gap[] {
  const { id, result, ranBy } = update;
  const release = update.release?.id ?? null;
  const named = release === null ? `update ${id}` : `release ${release} (update ${id})`;
  const gap = (of: Gap["of"], text: string): Gap => ({ of, update: id, release, text });
  if (result === "unknown") return [gap("update", `what became of ${named} is not known: ${update.message}`)];
  const who = ranBy === undefined ? [gap("runner", `who ran ${named} is not recorded: sparki did not run it`)] : [];
  const reason = event?.reason === UNRECORDED ? [gap("reason", `why ${named} failed is not recorded`)] : [];
  const proof = result === "succeeded" ? proofGaps({ update, event, outcome }, named, gap) : [];
  return [...who, ...approvalGaps(update, named, gap), ...reason, ...proof];
}

type ToGap = (of: Gap["of"], text: string) => Gap;

/** A rollback is urgent, and asks for no approval: who made it is recorded, and why. */
function approvalGaps(update: Update, named: string, gap: ToGap): Gap[] {
  if (isRollback(update)) return [];
  const approval = update.ranBy?.approval ?? null;
  if (approval === null) return [gap("approval", `no approval is recorded for ${named}`)];
  if (approval.plannedBy === null) return [gap("planner", `who planned ${named} is not recorded`)];
  if (isOwnPlan(approval) !== undefined) return [];
  const { by, plannedBy } = approval;
  return [
    gap(
      "planner",
      `whether ${by.name}, who approved ${named}, is another person than ${plannedBy.name}, who planned it, is not known`,
    ),
  ];
}

function proofGaps({ update, outcome }: Seen, named: string, gap: ToGap): Gap[] {
  if (outcome === undefined)
    return [gap("gates", `no state is kept of ${named}: neither what was live nor any gate's evidence`)];
  const live = outcome.promotion?.release.id;
  const gates =
    outcome.gates === undefined || outcome.gates.length === 0
      ? [gap("gates", `no gate evidence is stored of ${named}`)]
      : [];
  if (live === undefined) return [gap("promotion", `no promotion is recorded after ${named}`), ...gates];
  if (live === update.release?.id) return gates;
  return [gap("promotion", `${named} succeeded, and the state names ${live} as live after it`), ...gates];
}

function beforeGaps({ update, outcome }: Seen): Gap[] {
  if (outcome?.promotion !== undefined) return [];
  const text = `what was live when these days began is not known: no state that says it is kept of update ${update.id}`;
  return [{ of: "promotion", update: update.id, release: update.release?.id ?? null, text }];
}

function rangeGaps({ to, isOpen }: Range): Gap[] {
  return isOpen ? [gapOfAll("range", `${to} is not over yet: its remaining part is missing`)] : [];
}

function historyGaps({ updates, ends }: KeptFacts, range: Range, seen: readonly Seen[]): Gap[] {
  if (updates.length === 0)
    return [
      gapOfAll(
        "history",
        "the backend's history has no update: the stack was never deployed there, or its history was deleted",
      ),
    ];
  const oldest = ends.at(-1)?.startedAt ?? 0;
  const forgotten =
    ends.length >= MOST_ENDS && oldest > range.begin
      ? [
          gapOfAll(
            "history",
            `how deploys ended before ${isoOf(oldest)} may be missing: the stack keeps only the newest ${MOST_ENDS}`,
          ),
        ]
      : [];
  return [...forgotten, ...unrecordedPromotions(updates, range, seen)];
}

/** What a promotion record names as promoted earlier, and no update promoted: where the history begins in these days. */
function unrecordedPromotions(updates: readonly Update[], range: Range, seen: readonly Seen[]): Gap[] {
  const first = updates.at(-1)?.startedAt ?? 0;
  if (first < range.begin) return [];
  const known = new Set(updates.flatMap(({ release }) => release?.id ?? []));
  const named = seen.flatMap(({ outcome }) => outcome?.promotion?.earlier ?? []).map(({ release }) => release.id);
  return [...new Set(named)]
    .filter((id) => !known.has(id))
    .map((release) => ({
      of: "history",
      update: null,
      release,
      text: `release ${release} was promoted earlier, but no update in the history deployed it`,
    }));
}

function gapOfAll(of: Gap["of"], text: string): Gap {
  return { of, update: null, release: null, text };
}

/** ISO 8601 in UTC, of seconds since 1970. */
function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

type SettingsEvidence = Pick<
  Evidence,
  "drills" | "rotations" | "exemptions" | "relaxations" | "resourceApprovals" | "gaps"
>;

/** An update with what of its settings can be read. */
interface Ran {
  readonly update: Update;
  readonly settings: AuditedSettings;
}

/**
 * What the settings of a stack's updates (newest first) say of some days: restore tests, new passwords, and the exemptions
 * that were in force. The stack's present config is asked for its restore tests alone: nothing else of it was deployed.
 */
function settingsEvidence(
  updates: readonly Update[],
  present: Pick<StackConfig, "preflight">,
  range: Range,
): SettingsEvidence {
  const until = updates.filter(({ startedAt }) => startedAt < range.end).reverse();
  const ran = until.flatMap((update) =>
    update.settings === undefined ? [] : [{ update, settings: auditedSettings(update.settings) }],
  );
  const inForce = <Grant extends object>(of: (settings: AuditedSettings) => readonly Grant[] | undefined) =>
    grantsIn(ran, of, range);
  const database = drillsIn(ran, present, "restoreTest", range);
  const cache = drillsIn(ran, present, "cacheRestoreTest", range);
  return {
    drills: { ...database, cache },
    rotations: [
      ...rotationsIn(ran, "passwordsSince", "database users' passwords", range),
      ...rotationsIn(ran, "authTokenSince", "Redis's AUTH token", range),
    ],
    exemptions: inForce(({ exemptions }) => exemptions),
    relaxations: inForce(({ relaxations }) => relaxations),
    resourceApprovals: inForce(({ approvals }) => approvals),
    gaps: [
      ...unreadable(until, ran, range),
      ...drillGaps(database, "", range),
      ...drillGaps(cache, " of the cache", range),
    ],
  };
}

/** What was in force when the days began, and what any update in them ran with; each once, the first one first. */
function grantsIn<Grant extends object>(
  ran: readonly Ran[],
  of: (settings: AuditedSettings) => readonly Grant[] | undefined,
  range: Range,
): (Grant & InForce)[] {
  const kept = ran.map(({ update, settings }) => ({ update, grants: of(settings) ?? [] }));
  const isSucceeded = ({ update }: { readonly update: Update }) => update.result === "succeeded";
  const last = kept.findLast(isSucceeded);
  const before = kept.findLast((each) => each.update.startedAt < range.begin && isSucceeded(each));
  const relevant = kept.filter((each) => each === before || each.update.startedAt >= range.begin);
  const names = new Map(relevant.flatMap(({ grants }) => grants).map((grant) => [hashOf(grant), grant]));
  return [...names].map(([name, grant]) => {
    const having = kept.filter(({ grants }) => grants.some((each) => hashOf(each) === name));
    return {
      ...grant,
      firstUpdate: having[0]?.update.id ?? "",
      lastUpdate: having.at(-1)?.update.id ?? "",
      isInForce: last !== undefined && having.includes(last),
    };
  });
}

/** A later day of a secret in an update that succeeded; the first that is known of rotates nothing. */
function rotationsIn(
  ran: readonly Ran[],
  day: "passwordsSince" | "authTokenSince",
  what: Rotation["what"],
  range: Range,
): Rotation[] {
  const succeeded = ran.filter(({ update, settings }) => update.result === "succeeded" && settings[day]);
  return succeeded.flatMap(({ update, settings: { [day]: since } }, index) => {
    const before = succeeded[index - 1]?.settings[day];
    if (since === undefined || before === undefined || since === before || !isWithin(range, update.startedAt))
      return [];
    const at = new Date(update.startedAt * 1000).toISOString();
    return [{ what, since, before, update: update.id, at }];
  });
}

function drillsIn(
  ran: readonly Ran[],
  { preflight }: Pick<StackConfig, "preflight">,
  record: "restoreTest" | "cacheRestoreTest",
  range: Range,
): RestoreTests {
  const recorded = ran.flatMap(({ settings }) => settings[record] ?? []);
  const all = [...recorded, ...(preflight[record] === undefined ? [] : [preflight[record]])];
  const each = new Map(all.map((test) => [hashOf(test), test]));
  const until = [...each.values()].filter(({ on }) => on <= range.to).sort(byDay);
  return { restoreTests: until.filter(({ on }) => on >= range.from), newest: until.at(-1) ?? null };
}

function byDay(one: RestoreTest, other: RestoreTest): number {
  return one.on < other.on ? -1 : 1;
}

function drillGaps({ newest }: RestoreTests, of: string, { to }: Range): Gap[] {
  const gap = (text: string): Gap[] => [{ of: "drill", update: null, release: null, text }];
  if (newest === null) return gap(`no restore test${of} is recorded by ${to}`);
  const days = Math.round((Date.parse(to) - Date.parse(newest.on)) / 86_400_000);
  if (days <= RESTORE_TEST_DAYS) return [];
  return gap(
    `the newest restore test${of} by ${to} is of ${newest.on}, ${days} days before; expected one within ${RESTORE_TEST_DAYS}`,
  );
}

/** Updates that count for these days and whose settings are not kept, or cannot be read. */
function unreadable(until: readonly Update[], ran: readonly Ran[], range: Range): Gap[] {
  const before = until.findLast(({ startedAt, result }) => startedAt < range.begin && result === "succeeded");
  return until.flatMap((update): Gap[] => {
    if (update !== before && update.startedAt < range.begin) return [];
    const found = ran.find((each) => each.update === update)?.settings.unreadable;
    if (found?.length === 0) return [];
    // An update of which nothing is known is a gap of its own.
    if (found === undefined && update.result === "unknown") return [];
    const what = found === undefined ? "the settings" : found.join(", ");
    const text = `${what} of update ${update.id} cannot be read`;
    return [{ of: "settings", update: update.id, release: update.release?.id ?? null, text }];
  });
}

/** Reports as files of the archive, by path, with what is said of them. */
export interface ReportFiles extends Reports {
  readonly files: ReadonlyMap<string, string>;
  readonly gaps: readonly Gap[];
}

interface Place {
  readonly cwd: string;
  readonly range: Range;
}

/** As much of a report as says what it is of. */
const reportSchema = z.looseObject({
  outcome: z.string(),
  reason: z.string(),
  release: z.looseObject({ id: z.string() }),
  gates: z.array(z.looseObject({})).default([]),
});
type Report = z.infer<typeof reportSchema>;

/** Names that a file of the archive may have. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/**
 * The reports of deploys and rollbacks on these days that fit what the history says: rehearsals against a cloud of one's own
 * leave theirs in the same folder, and so does every backend. Their texts are made safe again.
 */
export function reportFiles(
  reports: readonly KeptReport[],
  evidence: Pick<Evidence, "stack" | "updates">,
  ends: readonly EndedDeploy[],
  { cwd, range }: Place,
): ReportFiles {
  const files = new Map<string, string>();
  const gaps: Gap[] = [];
  const kept: Reports["kept"][number][] = [];
  const apart: string[] = [];
  const ours = reports
    .filter(({ kind, stack, at }) => kind !== "rehearsal" && stack === evidence.stack && isWithin(range, secondsOf(at)))
    .toSorted((one, other) => (one.document < other.document ? -1 : 1));
  for (const each of ours) {
    const name = basename(each.document);
    const found = read(resolve(cwd, each.document), name);
    if (typeof found === "string") {
      gaps.push({
        of: "report",
        update: null,
        release: each.release,
        text: `the report ${name} cannot be read: ${found}`,
      });
      continue;
    }
    const isFitting = fits(found, { kind: each.kind, at: secondsOf(each.at) }, evidence.updates, ends);
    if (!isFitting) {
      apart.push(name);
      continue;
    }
    const path = `reports/${name}`;
    files.set(path, `${documentText(found)}\n`);
    kept.push({ path, release: found.release.id, outcome: found.outcome });
  }
  return { files, gaps, kept, apart };
}

function read(file: string, name: string): Report | string {
  if (!NAME.test(name)) return "its name is not that of a report";
  try {
    const { data, error } = reportSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    const [issue] = error?.issues ?? [];
    return data ?? `${issue?.path.join(".")}: ${issue?.message}`;
  } catch (error) {
    return messageOf(error);
  }
}

interface Told {
  readonly kind: KeptReport["kind"];
  readonly at: number;
}

/** A rollback's report is written within an hour of its update. */
const ROLLBACK_SECONDS = 3600;

/** Whether the history knows what a report tells: by the gates' counts of a promotion, or by the words that were kept of its end. */
function fits(
  report: Report,
  { kind, at }: Told,
  updates: readonly UpdateEvidence[],
  ends: readonly EndedDeploy[],
): boolean {
  const own = updates.filter(
    ({ release, startedAt }) => release?.id === report.release.id && secondsOf(startedAt) <= at + 1,
  );
  if (kind === "rollback")
    return own.some(({ by, endedAt }) => by === "sparki rollback" && at - secondsOf(endedAt) <= ROLLBACK_SECONDS);
  if (report.outcome === "promoted")
    return own.some(
      ({ by, gates }) => by === "sparki deploy" && gates !== null && gates.length > 0 && hasAll(report, gates),
    );
  const words = report.reason.replace(/\s+/g, " ");
  return ends.some(
    ({ startedAt, release, outcome, reason }) =>
      release === report.release.id &&
      outcome === report.outcome &&
      startedAt <= at + 1 &&
      words.startsWith(safe(reason)),
  );
}

function hasAll({ gates }: Report, proven: NonNullable<UpdateEvidence["gates"]>): boolean {
  return proven.every(({ gate, objective, requests, bad, verdict }) =>
    gates.some(
      (each) =>
        each.gate === gate &&
        each.objective === objective &&
        each.requests === requests &&
        each.bad === bad &&
        each.verdict === verdict,
    ),
  );
}

/** Reports are made safe when they are written, and what the stack keeps is not. */
function safe(text: string): string {
  return String(safeDocument(text));
}

function secondsOf(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** What was approved, as files of the archive by path. */
export interface PlanFiles {
  readonly files: ReadonlyMap<string, string>;
  readonly plans: Evidence["plans"];
}

/**
 * The fingerprints of the plans that were approved, of those that this machine has. Only the fingerprint of a plan is what
 * its hash stands for, and only one that has that very hash is taken; it holds names and hashes, and stays as it is.
 */
export async function planFiles(
  updates: readonly Pick<UpdateEvidence, "approval">[],
  read: (hash: string) => Promise<unknown>,
): Promise<PlanFiles> {
  const hashes = [...new Set(updates.flatMap(({ approval }) => approval?.hash ?? []))].sort();
  const files = new Map<string, string>();
  const absent: string[] = [];
  for (const hash of hashes) {
    const isHash = /^[0-9a-f]{64}$/.test(hash);
    const fingerprint = isHash ? approvedFingerprint(hash, await read(hash)) : undefined;
    if (fingerprint === undefined) absent.push(hash);
    else files.set(`plans/${hash}.json`, `${JSON.stringify(fingerprint, null, 2)}\n`);
  }
  return { files, plans: { kept: [...files.keys()], absent } };
}
