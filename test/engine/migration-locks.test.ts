import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { addressesOf } from "../../rehearsal/addresses.ts";
import { LIMITS, loadMigrations, migrate } from "../../rehearsal/app/migrate.ts";
import { Databases } from "../../rehearsal/backing/database.ts";
import { CertificateAuthority, openDatabaseAuthorities } from "../../rehearsal/certificates.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { ALLOWED_EXAMPLES, STATEMENT_RULES, type StatementRule } from "../../runbook/preflight/migration-rules.ts";
import { judgeMigrations } from "../../runbook/preflight/migrations.ts";
import { OLD_SCHEMA } from "../support/migration-schema.ts";
import { configWith } from "../support/preflight.ts";

jest.setTimeout(3_600_000);

const ROWS = 1_000_000;
const ADDRESSES = addressesOf(253);
const USER = { username: "sparki", password: "password-of-a-test" };
const DATABASE = { name: "locks", hostnames: [], databaseName: "sparki", ...USER };

const run = mkdtempSync(join(tmpdir(), "sparki-locks-"));
const processes = new Processes(run);
let databases: Databases;
let client: pg.Client;

async function connected(database = DATABASE.databaseName): Promise<pg.Client> {
  const authority = await CertificateAuthority.open(run);
  const { username: user, password } = DATABASE;
  const host = ADDRESSES.database(1);
  const made = new pg.Client({ host, user, password, database, ssl: { ca: authority.pem } });
  await made.connect();
  return made;
}

beforeAll(async () => {
  const authority = await CertificateAuthority.open(run);
  const authorities = await openDatabaseAuthorities(run, authority);
  databases = new Databases({ runDirectory: run, authorities, processes, addresses: ADDRESSES });
  await databases.start(DATABASE);
  client = await connected();
  await client.query(OLD_SCHEMA);
  await client.query(
    `INSERT INTO owners SELECT gen_random_uuid() FROM generate_series(1, 1000);
    INSERT INTO projects (id, name, owner, number) SELECT gen_random_uuid(), 'project ' || n, o.id, n
    FROM generate_series(1, ${ROWS}) n CROSS JOIN (SELECT id FROM owners LIMIT 1) o;
    CREATE UNIQUE INDEX by_key ON projects (number);
    ALTER TABLE projects ADD CONSTRAINT is_long CHECK (name <> '') NOT VALID`,
  );
  await client.query("VACUUM ANALYZE projects");
});

afterAll(async () => {
  await client?.end();
  await databases?.stop(DATABASE.name, { dropData: true });
  await processes.stopAll();
  rmSync(run, { recursive: true, force: true });
});

/** What a statement does in a transaction that is taken back: its locks on tables, the rows that it read, its time. */
async function tried(statement: string, on = client) {
  await on.query("BEGIN");
  try {
    const before = await rowsRead(on);
    const file = await fileOf("projects", on);
    const start = performance.now();
    await on.query(statement);
    const milliseconds = performance.now() - start;
    const { rows: locks } = await on.query<{ mode: string; table: string }>(LOCKS);
    const isRewritten = (await fileOf("projects", on)) !== file;
    return { locks, milliseconds, rowsRead: (await rowsRead(on)) - before, isRewritten };
  } finally {
    await on.query("ROLLBACK");
  }
}

const LOCKS = `SELECT mode, relation::regclass::text AS table FROM pg_locks
  WHERE pid = pg_backend_pid() AND relation IS NOT NULL`;
const READ = `SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(oid)), 0) AS read FROM pg_class
  WHERE relname IN ('projects', 'owners')`;

async function rowsRead(on: pg.Client): Promise<number> {
  const { rows } = await on.query<{ read: string }>(READ);
  return Number(rows[0]?.read);
}

async function fileOf(table: string, on: pg.Client): Promise<unknown> {
  const { rows } = await on.query("SELECT pg_relation_filenode(to_regclass($1)) AS file", [table]);
  return rows[0]?.file;
}

const { release } = configWith({});
const at = (level: number) => ({ ...release, schema: { level, oldest: 1 } });
/** What the checklist says of a second migration beside code of the first. */
async function judged(script: string): Promise<readonly string[]> {
  const files = [OLD_SCHEMA, script].map((text, index) => ({ name: `000${index + 1}_step.sql`, script: text }));
  return (await judgeMigrations(files, { release: at(2), live: at(1) })).problems;
}

const IN_TRANSACTION = (statement: string) => !/\bCONCURRENTLY\b/.test(statement);

/** Safe changes of a large table that live code uses, each as the file of one migration. */
const SAFE = [
  ...ALLOWED_EXAMPLES.map(({ statement }) => statement).filter(IN_TRANSACTION),
  "ALTER TABLE projects ADD a int NOT NULL DEFAULT 7, ADD b jsonb DEFAULT '{}'::jsonb, ADD c state DEFAULT 'new'",
  "ALTER TABLE projects ADD created timestamptz NOT NULL DEFAULT now()",
  "ALTER TABLE projects ALTER name SET NOT NULL",
  "-- contract: level 1\nALTER TABLE projects ADD CONSTRAINT f FOREIGN KEY (owner) REFERENCES owners NOT VALID",
  "-- contract: level 1\nALTER TABLE projects ADD CONSTRAINT short CHECK (name <> '') NOT VALID",
  "ALTER TABLE projects DROP CONSTRAINT is_named",
  "ALTER TABLE projects ALTER number DROP NOT NULL",
  "ALTER TABLE projects ALTER number ADD GENERATED BY DEFAULT AS IDENTITY",
  "CREATE TABLE works (id serial PRIMARY KEY, project uuid REFERENCES projects); CREATE INDEX ON works (project)",
  "-- contract: level 1\nALTER TABLE projects DROP COLUMN name",
  "-- contract: level 1\nALTER TABLE projects RENAME name TO title",
];

describe("what the checklist lets through", () => {
  it.each(SAFE)(
    "reads no row of a large table under AccessExclusiveLock, and holds it for less than 100 ms: %s",
    async (script) => {
      expect(await judged(script)).toEqual([]);
      const attempts = [await tried(script)];
      // A loaded machine makes one try slow, a lock that is held for long makes all of them slow.
      while ((attempts.at(-1)?.milliseconds ?? 0) >= 100 && attempts.length < 8) attempts.push(await tried(script));
      for (const { locks, rowsRead: read, isRewritten } of attempts) {
        const isExclusive = locks.some(({ mode, table }) => mode === "AccessExclusiveLock" && table === "projects");
        if (isExclusive) expect({ read, isRewritten }).toEqual({ read: 0, isRewritten: false });
      }
      const fastest = Math.min(...attempts.map(({ milliseconds }) => milliseconds));
      const isLocked = attempts.some(({ locks }) => locks.some(({ mode }) => mode === "AccessExclusiveLock"));
      if (isLocked) expect(fastest).toBeLessThan(100);
    },
  );

  it.each([
    "ALTER TABLE projects ADD n int DEFAULT 0 CHECK (n >= 0)",
    "ALTER TABLE projects ALTER owner SET NOT NULL",
    "ALTER TABLE projects ALTER number TYPE bigint",
    "ALTER TABLE projects ADD key uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE projects ADD mail address DEFAULT 'a@b'",
  ])("is measured by what tells a bad one: %s", async (script) => {
    expect(await judged(script)).not.toEqual([]);
    const { locks, rowsRead: read, isRewritten } = await tried(script);
    expect(locks).toContainEqual({ mode: "AccessExclusiveLock", table: "projects" });
    expect(read >= ROWS || isRewritten).toBe(true);
  });
});

describe("the lock that a refusal names", () => {
  const rules = Object.values<StatementRule>(STATEMENT_RULES).filter(
    ({ example, lock }) => lock !== undefined && !/^(VACUUM|ALTER TABLE projects ADD EXCLUDE)/.test(example),
  );

  let empty: pg.Client;
  beforeAll(async () => {
    await client.query("CREATE DATABASE empty");
    empty = await connected("empty");
    await empty.query(OLD_SCHEMA);
    await empty.query("CREATE UNIQUE INDEX by_key ON projects (number)");
  });
  afterAll(() => empty?.end());

  it.each(rules)("is the one that PostgreSQL takes: $example", async ({ example, lock }) => {
    // PostgreSQL itself wants the key that the table has to be gone first.
    const statement = example
      .replace("USING INDEX one_name", "USING INDEX by_key")
      .replace("ADD PRIMARY", "DROP CONSTRAINT projects_pkey, ADD PRIMARY");
    expect((await tried(statement, empty)).locks.map(({ mode }) => mode)).toContain(lock);
  });
});

describe("the runner", () => {
  const folder = mkdtempSync(join(tmpdir(), "sparki-lone-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const applied = async (...scripts: readonly string[]) => {
    for (const [index, script] of scripts.entries()) writeFileSync(join(folder, `000${index + 1}_step.sql`), script);
    return migrate(client, await loadMigrations(folder), LIMITS);
  };
  const INDEX = "-- for the list\nCREATE INDEX CONCURRENTLY by_owner ON projects (owner);\n";

  it("runs a lone CREATE INDEX CONCURRENTLY outside of a transaction, and drops first what an interrupted one left", async () => {
    const other = await connected();
    await other.query("SET statement_timeout = 20");
    await expect(other.query(INDEX)).rejects.toThrow(/statement timeout/);
    await other.end();
    const state = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_owner'::regclass";
    expect((await client.query(state)).rows).toEqual([{ indisvalid: false }]);
    expect(await judged(INDEX)).toEqual([]);
    const drop = "-- contract: level 1\nDROP INDEX CONCURRENTLY by_number";
    expect(await judged(drop)).toEqual([]);
    expect((await applied(INDEX, drop)).applied).toEqual(["0001_step", "0002_step"]);
    expect((await client.query(state)).rows).toEqual([{ indisvalid: true }]);
    expect((await client.query("SELECT to_regclass('by_number') AS found")).rows).toEqual([{ found: null }]);
  });

  it("drops a unique index that could not be built: invalid, it would refuse rows of live code", async () => {
    const other = await connected("empty");
    try {
      await other.query(`CREATE SCHEMA app; CREATE TABLE app.works (name text); INSERT INTO app.works VALUES ('a'), ('a');
        CREATE UNIQUE INDEX by_name ON owners (id)`);
      const duplicates = mkdtempSync(join(tmpdir(), "sparki-lone-"));
      writeFileSync(join(duplicates, "0001_step.sql"), "CREATE UNIQUE INDEX CONCURRENTLY by_name ON app.works (name)");
      const migrations = await loadMigrations(duplicates);
      rmSync(duplicates, { recursive: true });
      for (const _ of ["once", "again"])
        await expect(migrate(other, migrations, LIMITS)).rejects.toThrow(/could not create unique index/);
      const left = "SELECT to_regclass('app.by_name') AS failed, to_regclass('by_name')::text AS other";
      expect((await other.query(left)).rows).toEqual([{ failed: null, other: "by_name" }]);
    } finally {
      await other.end();
    }
  });

  it("breaks no prepared statement of live code that names its columns, and each other one once, as the contract says", async () => {
    const live = await connected("empty");
    const ask = (name: string, columns: string) =>
      live.query({ name, text: `SELECT ${columns} FROM measured LIMIT 1` });
    try {
      await ask("named", "year");
      await ask("whole", "*");
      const script = "ALTER TABLE measured ADD month int";
      expect(await judged(script)).toEqual([]);
      await live.query(script);
      await ask("named", "year");
      await expect(ask("whole", "*")).rejects.toThrow("cached plan must not change result type");
    } finally {
      await live.end();
    }
  });

  it("fails on what the checklist refuses as one that cannot run in its transaction", async () => {
    const script = "SELECT 1; CREATE INDEX CONCURRENTLY i ON projects (number)";
    expect(await judged(script)).toEqual([expect.stringContaining("cannot run in the transaction")]);
    const drop = "-- contract: level 1\nDROP INDEX CONCURRENTLY by_number";
    await expect(applied(INDEX, drop, script)).rejects.toThrow(
      /0003_step: CREATE INDEX CONCURRENTLY cannot (run inside a transaction block|be executed)/,
    );
  });

  it.each([
    [STATEMENT_RULES.severalIndexes.example, /does not support dropping multiple objects/],
    [STATEMENT_RULES.partitionedIndex.example, /index on partitioned table "measured" concurrently/],
  ])("could not run at all what the checklist refuses: %s", async (script, reason) => {
    expect(await judged(script)).toHaveLength(1);
    await expect(client.query(script)).rejects.toThrow(reason);
  });
});
