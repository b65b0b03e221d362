import { hashOf } from "../../records/canonical.ts";
import type { Update } from "../../records/update.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { RESTORE_TEST_DAYS } from "../upgrades/upgrades.ts";
import type { Evidence, Gap, InForce, RestoreTests, Rotation } from "./evidence.ts";
import { type AuditedSettings, auditedSettings, type RestoreTest } from "./evidence.ts";
import { isWithin, type Range } from "./range.ts";

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
export function settingsEvidence(
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
