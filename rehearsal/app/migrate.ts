import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RawStmt } from "libpg-query";
import pg from "pg";
import { connectionOf, isTransient, retry } from "./database.ts";
import { log, reasonOf } from "./log.ts";
import type { Settings } from "./settings.ts";

/** Any fixed number: whoever migrates holds this advisory lock. */
const LOCK = 726_573_104;
const LOCK_NOT_AVAILABLE = "55P03";

export interface MigrationLimits {
  /** Seconds to wait for the database to answer. @default 120 */
  readonly connectSeconds: number;
  /** Seconds to wait for another migrator. @default 120 */
  readonly turnSeconds: number;
  /** Seconds that one statement may wait for a lock that users' queries hold. @default 3 */
  readonly lockSeconds: number;
  /** Tries of one migration, each with its own `lockSeconds`. @default 5 */
  readonly attempts: number;
  /** Seconds that a lone `... CONCURRENTLY` may take, which blocks no reader and no writer. @default 540 */
  readonly concurrentSeconds: number;
}

export const LIMITS: MigrationLimits = {
  connectSeconds: 120,
  turnSeconds: 120,
  lockSeconds: 3,
  attempts: 5,
  concurrentSeconds: 540,
};

/** Applies what is pending and logs the level reached; returns the exit code. */
export async function migrateUp(settings: Settings, limits = LIMITS): Promise<number> {
  try {
    const client = await connectOnce(settings, limits.connectSeconds);
    try {
      const { level, applied } = await migrate(client, await migrationsOf(settings), limits);
      log("INFO", `schema is at level ${level}`, { schema_level: level, applied });
      return 0;
    } finally {
      await client.end();
    }
  } catch (error) {
    log("ERROR", "migration failed; nothing of it was applied", { reason: reasonOf(error) });
    return 1;
  }
}

/** One connection to the database, waited for. */
function connectOnce(settings: Settings, seconds: number): Promise<pg.Client> {
  const onRetry = (error: unknown) => log("INFO", "waiting for the database", { reason: reasonOf(error) });
  return retry({ seconds, isTransient, onRetry }, async () => {
    const client = new pg.Client({ ...connectionOf(settings), query_timeout: 60_000 });
    // A connection lost between statements must fail the next statement, not the process.
    client.on("error", () => {});
    await client.connect();
    return client;
  });
}

async function migrationsOf({ behaviour }: Settings): Promise<Migration[]> {
  const migrations = await loadMigrations(join(import.meta.dirname, "migrations"));
  return behaviour.failMigration === undefined ? migrations : withFailure(migrations, behaviour.failMigration);
}

/**
 * Applies what is pending, each migration in one transaction, and a lone `... CONCURRENTLY` outside of one; what is said
 * of it in docs/preflight.md is what the checklist judges migrations by.
 */
export async function migrate(client: pg.Client, migrations: readonly Migration[], limits: MigrationLimits) {
  await takeTurn(client, limits.turnSeconds);
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (level integer PRIMARY KEY, name text NOT NULL,
    checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const done = await client.query<{ level: number; checksum: string }>("SELECT level, checksum FROM schema_migrations");
  const checksums = new Map(done.rows.map((row) => [row.level, row.checksum]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const checksum = checksums.get(migration.level);
    if (checksum === undefined) {
      await applyPatiently(client, migration, limits);
      applied.push(migration.name);
    } else if (checksum !== migration.checksum) {
      throw new Error(`${migration.name} was changed after it was applied; add a new migration instead`);
    }
  }
  const level = Math.max(0, ...checksums.keys(), ...migrations.map((migration) => migration.level));
  return { level, applied };
}

/** Waits for the advisory lock, which the server frees when the connection ends. */
async function takeTurn(client: pg.Client, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (let waited = false; ; waited = true) {
    const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [LOCK]);
    if (rows[0]?.locked) return;
    if (performance.now() > deadline) throw new Error(`another migrator held the lock for more than ${seconds} s`);
    if (!waited) log("INFO", "waiting for another migrator");
    await sleep(200);
  }
}

async function applyPatiently(client: pg.Client, migration: Migration, limits: MigrationLimits): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await apply(client, migration, limits);
    } catch (error) {
      // A connection that is gone has rolled back already; its loss must not hide the first failure.
      await client.query("ROLLBACK").catch(() => undefined);
      const blocked = error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE;
      if (!blocked || attempt >= limits.attempts)
        throw new Error(`${migration.name}: ${reasonOf(error)}`, { cause: error });
      log("INFO", "waiting for a lock", { migration: migration.name, attempt, of: limits.attempts });
      await sleep(250 * attempt);
    }
  }
}

async function apply(client: pg.Client, migration: Migration, limits: MigrationLimits): Promise<void> {
  const start = performance.now();
  if (migration.isConcurrent) await applyAlone(client, migration, limits.concurrentSeconds);
  else await applyWhole(client, migration, limits.lockSeconds);
  log("INFO", "applied", { migration: migration.name, duration_ms: Math.round(performance.now() - start) });
}

/** PostgreSQL itself finds the statements of the script. */
async function applyWhole(client: pg.Client, migration: Migration, lockSeconds: number): Promise<void> {
  await client.query("BEGIN");
  await client.query(`SET LOCAL lock_timeout = '${Math.round(lockSeconds * 1000)}ms'`);
  await client.query(migration.script);
  await record(client, migration);
  await client.query("COMMIT");
}

/**
 * Waits as long as it must: nothing waits for it. What an interrupted run left of its index is dropped first, and what a
 * failure leaves at once: a unique index refuses rows of live code while it is invalid too.
 */
async function applyAlone(client: pg.Client, migration: Migration, seconds: number): Promise<void> {
  const patient = (text: string) => {
    const statement = { text, query_timeout: seconds * 1000 };
    return client.query(statement);
  };
  const clear = async () => {
    if (migration.index === undefined) return;
    const { name, schema } = migration.index;
    const { rows } = await client.query<{ index: string }>(INVALID_INDEX, [name, schema ?? null]);
    for (const { index } of rows) await patient(`DROP INDEX CONCURRENTLY ${index}`);
  };
  await clear();
  try {
    await patient(migration.script);
  } catch (error) {
    // The failure is told, whatever becomes of what it left: the next run looks for it too.
    await clear().catch(() => undefined);
    throw error;
  }
  await record(client, migration);
}

/** Its name as it is written in a statement; without a schema, the one that a name alone leads to. */
const INVALID_INDEX = `SELECT format('%I.%I', nspname, relname) AS index
  FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relname = $1 AND NOT indisvalid
    AND CASE WHEN $2::text IS NULL THEN pg_table_is_visible(indexrelid) ELSE nspname = $2 END`;

async function record(client: pg.Client, { level, name, checksum }: Migration): Promise<void> {
  const columns = [level, name, checksum];
  await client.query("INSERT INTO schema_migrations (level, name, checksum) VALUES ($1, $2, $3)", columns);
}

interface Migration {
  readonly level: number;
  /** File name without `.sql`: `0001_projects`. */
  readonly name: string;
  readonly script: string;
  /** Whether it is one statement that PostgreSQL runs outside of a transaction only: `... CONCURRENTLY`. */
  readonly isConcurrent: boolean;
  /** The index that a lone `CREATE INDEX CONCURRENTLY` makes; it is left invalid when it is interrupted. */
  readonly index: { readonly name: string; readonly schema: string | undefined } | undefined;
  readonly checksum: string;
}

const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** The migrations of a directory in order; a name out of form, a gap or a level used twice throws. */
export async function loadMigrations(directory: string): Promise<Migration[]> {
  const parser = await import("libpg-query");
  await parser.loadModule();
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  return files.map((file, index) => {
    const level = Number(NAME.exec(file)?.[1]);
    if (level !== index + 1)
      throw new Error(`migration ${file}: expected a name like ${pad(index + 1)}_what_it_adds.sql`);
    const script = readFileSync(join(directory, file), "utf8");
    return migrationOf(level, file.slice(0, -".sql".length), script, concurrency(parser.parseSync(script).stmts));
  });
}

type Concurrency = Pick<Migration, "isConcurrent" | "index">;

const ORDINARY: Concurrency = { isConcurrent: false, index: undefined };

/** Only a lone statement can run outside of a transaction: with others it would be half done when it fails. */
function concurrency(statements: readonly RawStmt[] = []): Concurrency {
  const [first, second] = statements;
  if (first?.stmt === undefined || second !== undefined) return ORDINARY;
  const { stmt } = first;
  if ("IndexStmt" in stmt && stmt.IndexStmt.concurrent) {
    const { idxname: name, relation } = stmt.IndexStmt;
    // An index is where its table is.
    return { isConcurrent: true, index: name === undefined ? undefined : { name, schema: relation?.schemaname } };
  }
  if ("DropStmt" in stmt && stmt.DropStmt.concurrent) return { isConcurrent: true, index: undefined };
  if (!("ReindexStmt" in stmt)) return ORDINARY;
  const options = stmt.ReindexStmt.params ?? [];
  const isConcurrent = options.some((option) => "DefElem" in option && option.DefElem.defname === "concurrently");
  return { isConcurrent, index: undefined };
}

/** The migrations of an image that is told to fail in `name`: its own if it has that one, else one more after the last. */
export function withFailure(migrations: readonly Migration[], name: string): Migration[] {
  const has = migrations.some((migration) => migration.name === name);
  const level = migrations.length + 1;
  const all = has
    ? migrations
    : [...migrations, migrationOf(level, name, `CREATE TABLE ${table(name)} (id bigint)`, ORDINARY)];
  return all.map((migration) => (migration.name === name ? failing(migration) : migration));
}

/** What it does happens, and then a statement fails. */
function failing(migration: Migration): Migration {
  return { ...migration, ...ORDINARY, script: `${migration.script};\nSELECT 1 / 0` };
}

function migrationOf(level: number, name: string, script: string, concurrency: Concurrency): Migration {
  const checksum = createHash("sha256").update(script).digest("hex");
  return { level, name, script, ...concurrency, checksum };
}

function table(name: string): string {
  return `"${name.replaceAll('"', "")}"`;
}

function pad(level: number): string {
  return String(level).padStart(4, "0");
}

/** What every Sparki has from the start; the ids are fixed so that seeding again changes nothing. */
const PROJECTS = [
  ["5eed0000-0000-4000-8000-000000000001", "Getting started", "https://github.com/alexarno/sparki-start.git"],
  ["5eed0000-0000-4000-8000-000000000002", "Next.js example", "https://github.com/alexarno/sparki-next.git"],
  ["5eed0000-0000-4000-8000-000000000003", "Go example", "https://github.com/alexarno/sparki-go.git"],
] as const;

/** Upserts the first data in one transaction: the same rows however often; returns the exit code. */
export async function seedData(settings: Settings): Promise<number> {
  try {
    const client = await connectOnce(settings, LIMITS.connectSeconds);
    try {
      const { rowCount } = await client.query(
        `INSERT INTO projects (id, name, repository_url) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
         ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, repository_url = EXCLUDED.repository_url`,
        [PROJECTS.map(([id]) => id), PROJECTS.map(([, name]) => name), PROJECTS.map(([, , url]) => url)],
      );
      log("INFO", "seed data is in place", { projects: rowCount });
      return 0;
    } finally {
      await client.end();
    }
  } catch (error) {
    log("ERROR", "seeding failed; nothing was changed", { reason: reasonOf(error) });
    return 1;
  }
}
