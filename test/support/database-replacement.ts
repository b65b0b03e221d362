import type { DatabaseReplacement, FoundInstance } from "../../io/rds-copies.ts";
import { checksIn } from "../../runbook/drill/restore-checks.ts";
import { instanceNames, type RestorePlan, type RestorePorts } from "../../runbook/recovery/restore-database.ts";
import { fakeClock } from "./fake-clock.ts";
import { CHECKS_TEXT, DRILL_NOW, goodAnswers } from "./restored-copies.ts";

/** The moment that is gone back to. */
export const MOMENT = DRILL_NOW - 600;
export const NAMES = instanceNames("prod", MOMENT);
export const OLD: FoundInstance = { resourceId: "db-OLD", status: "available" };
export const NEW: FoundInstance = { resourceId: "db-NEW", status: "available" };

export interface FakeReplacement extends DatabaseReplacement {
  readonly instances: Map<string, FoundInstance>;
  /** What was asked of it that changes something, and its questions, in order. */
  readonly calls: string[];
}

/** Instances that are available at once and answer well; parts may be others. */
export function fakeReplacement(
  there: Readonly<Record<string, FoundInstance>> = { [NAMES.live]: OLD },
  parts: Partial<DatabaseReplacement> = {},
): FakeReplacement {
  const instances = new Map(Object.entries(there));
  const calls: string[] = [];
  const own: DatabaseReplacement = {
    restorable: async () => ({ earliest: DRILL_NOW - 14 * 86_400, latest: DRILL_NOW - 300 }),
    instance: async (name) => instances.get(name),
    restoreBeside: async (name) => void instances.set(name, NEW),
    rename: async (from, to) => {
      const found = instances.get(from);
      if (found === undefined || instances.has(to)) return false;
      instances.delete(from);
      instances.set(to, found);
      return true;
    },
    query: async () => goodAnswers({ "newest project": `${MOMENT - 60}` }),
    ...parts,
  };
  return {
    ...own,
    instances,
    calls,
    restoreBeside: async (name, at) => {
      calls.push(`restore ${name} ${new Date(at * 1000).toISOString()}`);
      await own.restoreBeside(name, at);
    },
    rename: async (from, to, isProtected) => {
      calls.push(`rename ${from} ${to}${isProtected ? ", protected" : ""}`);
      return own.rename(from, to, isProtected);
    },
    query: async (name, questions, signal) => {
      calls.push(`query ${name}: ${questions.map(({ id }) => id).join(", ")}`);
      return own.query(name, questions, signal);
    },
  };
}

export async function restorePlan(parts: Partial<RestorePlan> = {}): Promise<RestorePlan> {
  const checks = await checksIn(CHECKS_TEXT);
  return { stack: "prod", at: MOMENT, checks, schema: { level: 3, oldest: 1 }, limitMinutes: 120, ...parts };
}

export function restorePorts(
  database: DatabaseReplacement,
  parts: Partial<RestorePorts> = {},
): RestorePorts & { readonly adopted: string[]; readonly said: string[] } {
  const [adopted, said]: [string[], string[]] = [[], []];
  return {
    ...{ database, clock: fakeClock(DRILL_NOW), signal: new AbortController().signal, pollSeconds: 15, adopted, said },
    adopt: async (id) => void adopted.push(id),
    requestsSince: async () => ({ requests: 1000, bad: 20 }),
    say: (text) => void said.push(text),
    ...parts,
  };
}
