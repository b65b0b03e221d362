import type { Approval, Identity, Settings, Update } from "../../records/update.ts";
import type { EndedDeploy } from "../../runbook/deploy/release-history.ts";
import { type Range, rangeOf } from "../../runbook/evidence/evidence.ts";
import { type Gathered, gather } from "../../runbook/evidence/gather.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { ranFor, recordOf, updateOf } from "./updates.ts";

/** October 2026, seen from November. */
export const OCTOBER: Range = rangeOf({ from: "2026-10-01", to: "2026-10-31" }, secondsOf("2026-11-29"));

/** Seconds since 1970 of an ISO 8601 day or time. */
export function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}

export const ADA: Identity = { name: "ada", through: "Pulumi Cloud", run: null, knownBy: "backend" };
export const BOB: Identity = { ...ADA, name: "bob" };

export const APPROVAL: Approval = { hash: "a".repeat(64), at: "2026-10-02T08:00:00.000Z", by: ADA, plannedBy: BOB };

/** A gate's result with its counts. */
export function gateResult(changes: Partial<StackOutputs["gates"][number]> = {}): StackOutputs["gates"][number] {
  return {
    gate: "engine-one-box",
    kind: "objective",
    objective: "errors",
    verdict: "pass",
    requests: 4607,
    bad: 0,
    measured: 0,
    limit: 0.001,
    lower: 0,
    upper: 0.00099,
    needed: 0,
    synthetic: 4607,
    reason: "0 of 4607 requests bad",
    ...changes,
  };
}

/** The settings that an audit looks at, as a backend keeps them. */
export function settingsWith(changes: Settings = {}): Settings {
  return { database: { passwordsSince: "2026-09-20" }, preflight: RESTORE_TESTS, ...changes };
}

export const RESTORE_TEST = { on: "2026-10-10", by: "ada", snapshot: "rds:sparki-prod-2026-10-09" };
export const CACHE_RESTORE_TEST = { on: "2026-10-11", by: "bob", snapshot: "automatic.sparki-prod-cache-2026-10-11" };
/** Both records, as the config has them. */
export const RESTORE_TESTS = { restoreTest: RESTORE_TEST, cacheRestoreTest: CACHE_RESTORE_TEST };

/** A deploy that left nothing unrecorded: approved by someone else than who planned it, with its gates' evidence. */
export function wholeUpdate(release: Release, startedAt: string, changes: Partial<Update> = {}): Update {
  const ran = ranFor(release);
  const at = secondsOf(startedAt);
  return updateOf(release, release, {
    id: `prod-${at}`,
    startedAt: at,
    endedAt: at + 600,
    ranBy: ran && { ...ran, who: ADA, approval: APPROVAL },
    settings: settingsWith(),
    outcome: async () => ({ promotion: recordOf(release), gates: [gateResult()] }),
    ...changes,
  });
}

interface Facts {
  readonly ends?: readonly EndedDeploy[];
  readonly frozen?: string;
  readonly preflight?: StackConfig["preflight"];
  readonly range?: Range;
}

/** What is gathered of updates, newest first. */
export function gathered(
  updates: readonly Update[],
  { ends = [], frozen, preflight = {}, range = OCTOBER }: Facts = {},
): Promise<Gathered> {
  const facts = { stack: "prod", updates, ends, frozen, config: { preflight }, isRehearsal: false };
  return gather(facts, range);
}
