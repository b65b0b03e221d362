import type { Answer, Copies, Copy, DatabaseCopies, Question, RestoreSource } from "../../io/restored-copies.ts";
import { type DrillPlan, type DrillPorts, databaseSubject } from "../../runbook/drill/drill.ts";
import { checksIn } from "../../runbook/drill/restore-checks.ts";
import type { Clock } from "../../shared/clock.ts";
import { fakeClock } from "./fake-clock.ts";

export const DRILL_NOW = Date.UTC(2026, 10, 28, 12) / 1000;

export const SNAPSHOT = { id: "rds:sparki-prod-database-2026-11-28-03-09", at: DRILL_NOW - 9 * 3_600, storageGib: 100 };

export const SOURCE: RestoreSource = { kind: "snapshot", ...SNAPSHOT };

export const CHECKS_TEXT = `database:
  schemaLevel: SELECT max(level) FROM schema_migrations
  rows:
    - { name: projects, query: SELECT count(*) FROM projects, atLeast: 3, ofLive: 0.9 }
    - { name: detections, query: SELECT count(*) FROM detections, atLeast: 0 }
  newest:
    - { name: newest project, query: SELECT max(created_at) FROM projects, maxAgeHours: 24 }
`;

/** Answers of a good copy; those that are given take the place of their own. */
export function goodAnswers(own: Readonly<Record<string, string | null>> = {}): Answer[] {
  const values = {
    "schema level": "3",
    projects: "500",
    detections: "0",
    "newest project": `${DRILL_NOW - 36_000}.25`,
  };
  return Object.entries({ ...values, ...own }).map(([id, value]) => ({ id, value }));
}

export interface FakeCopies extends DatabaseCopies {
  /** What was asked of it, in order. */
  readonly calls: string[];
}

/** Copies that are available at once, answer well and go at once; parts may be others. */
export function fakeCopies(parts: Partial<DatabaseCopies> = {}): FakeCopies {
  const calls: string[] = [];
  const there = new Set<string>();
  const own: DatabaseCopies = {
    newestSnapshot: async () => SNAPSHOT,
    snapshot: async () => undefined,
    restorable: async () => ({ earliest: DRILL_NOW - 14 * 86_400, latest: DRILL_NOW - 300, storageGib: 100 }),
    leftovers: async () => [],
    restore: async ({ name }) => void there.add(name),
    describe: async (name) => (there.has(name) ? { status: "available" } : undefined),
    query: async (asked) => (asked === "live" ? [{ id: "projects", value: "520" }] : goodAnswers()),
    remove: async (name) => {
      there.delete(name);
      return true;
    },
    ...parts,
  };
  return {
    ...own,
    calls,
    restore: async (copy) => {
      calls.push(`restore ${copy.name}`);
      await own.restore(copy);
    },
    query: async (asked, questions, signal) => {
      calls.push(`query ${asked === "live" ? "live" : asked.copy}: ${questions.map(({ id }) => id).join(", ")}`);
      return own.query(asked, questions, signal);
    },
    remove: async (name) => {
      calls.push(`remove ${name}`);
      return own.remove(name);
    },
  };
}

export const COPY: Copy = {
  name: "sparki-prod-drill-1",
  source: SOURCE,
  until: DRILL_NOW + 7_200,
  by: "ada (laptop)",
};

/** The subject of the stack `prod`, whose code runs on the schema's levels 1 to 3. */
export async function drillSubject() {
  return databaseSubject("prod", await checksIn(CHECKS_TEXT), { level: 3, oldest: 1 });
}

export async function drillPlan(parts: Partial<DrillPlan<Question>> = {}): Promise<DrillPlan<Question>> {
  return { subject: await drillSubject(), copy: COPY, freshAt: DRILL_NOW, ...parts };
}

export function drillPorts<Q>(
  copies: Copies<Q>,
  { clock = fakeClock(DRILL_NOW), signal = new AbortController().signal }: { clock?: Clock; signal?: AbortSignal } = {},
): DrillPorts<Q> & { readonly said: string[] } {
  const said: string[] = [];
  return { copies, clock, signal, said, say: (text) => void said.push(text), pollSeconds: 15 };
}
