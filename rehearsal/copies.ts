import { z } from "zod";
import { messageOf } from "../shared/deploy-error.ts";
import type { Databases } from "./backing/database.ts";
import type { Route } from "./control.ts";
import { parsed } from "./control-requests.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const restoreSchema = z.strictObject({
  database: name,
  copy: name,
  backup: z.string().max(100).exactOptional(),
  /** In seconds since 1970. */
  moment: z.number().exactOptional(),
  until: z.number(),
  by: z.string().max(200),
});
const askSchema = z.strictObject({
  name,
  questions: z.array(z.strictObject({ id: z.string().max(60), sql: z.string().max(8_000) })).max(100),
});
const namedSchema = z.strictObject({ name });

interface Copy {
  status: "creating" | "available" | "incompatible-restore" | "deleting";
  why: string | undefined;
  readonly until: number;
  readonly by: string;
  /** Resolves once its server has started, or will not. */
  started: Promise<void>;
}

/**
 * Temporary copies of the rehearsal's databases, real servers over real backups, as a drill asks for them: a copy begins
 * `creating` and becomes `available` once PostgreSQL has replayed its log, or `incompatible-restore` with what it said.
 */
export function copyRoutes(databases: Databases): Readonly<Record<string, Route>> {
  const copies = new Map<string, Copy>();

  async function restore(body: unknown): Promise<void> {
    const { database, copy, backup, moment, until, by } = parsed(restoreSchema, body);
    if (databases.names().includes(copy)) throw new Error(`${copy} already exists`);
    const base = databases
      .backups(database)
      .find((each) => (backup === undefined ? each.at <= (moment ?? 0) : each.id === backup));
    if (base === undefined) throw new Error(`DBSnapshotNotFound: ${backup ?? "no backup before that moment"}`);
    const made: Copy = { status: "creating", why: undefined, until, by, started: Promise.resolve() };
    copies.set(copy, made);
    const target = { backup: base.id, ...(moment === undefined ? {} : { until: moment }) };
    made.started = databases.restore(database, copy, target).then(
      () => {
        if (made.status === "creating") made.status = "available";
      },
      (error: unknown) => {
        made.status = "incompatible-restore";
        made.why = messageOf(error).replace(/\s+/g, " ");
      },
    );
  }

  async function remove(body: unknown) {
    const { name: copy } = parsed(namedSchema, body);
    const found = copies.get(copy);
    if (found === undefined) return { isGone: true };
    found.status = "deleting";
    await found.started;
    await databases.stop(copy, { dropData: true });
    copies.delete(copy);
    return { isGone: true };
  }

  return {
    "GET /copies": async () => ({
      copies: [...copies].map(([own, { status, why, until, by }]) => ({ name: own, status, why, until, by })),
    }),
    // RDS backs an instance up as soon as it exists, and then once a day.
    "POST /copies/backups": async (body) => {
      const { name: database } = parsed(namedSchema, body);
      if (!databases.names().includes(database)) return { backups: [] };
      if (databases.backups(database).length === 0) await databases.backUp(database, backupId(database));
      return { backups: databases.backups(database) };
    },
    "POST /copies/back-up": async (body) => {
      const { name: database } = parsed(namedSchema, body);
      return databases.backUp(database, backupId(database));
    },
    "POST /copies/restore": restore,
    "POST /copies/ask": async (body) => {
      const { name: database, questions } = parsed(askSchema, body);
      return { answers: await Promise.all(questions.map((question) => answerOf(databases, database, question))) };
    },
    "POST /copies/remove": remove,
  };
}

/** As RDS names an automated snapshot, by the second. */
function backupId(database: string): string {
  return `rds:${database}-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}`;
}

async function answerOf(
  databases: Databases,
  database: string,
  { id, sql }: { readonly id: string; readonly sql: string },
) {
  try {
    return { id, value: await databases.ask(database, sql) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { id, problem: messageOf(error), sqlState: code };
  }
}
