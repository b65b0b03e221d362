import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { systemClock } from "../../io/clock.ts";
import type { DatabaseCopies, Question, RestoreSource } from "../../io/restored-copies.ts";
import { addressesOf } from "../../rehearsal/addresses.ts";
import { LIMITS, loadMigrations, migrate } from "../../rehearsal/app/migrate.ts";
import { backupOf } from "../../rehearsal/backing/backups.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import type { Route } from "../../rehearsal/control.ts";
import { copyRoutes } from "../../rehearsal/copies.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { type DrillPorts, databaseSubject } from "../../runbook/drill/drill.ts";
import { checksIn, type RestoreChecks } from "../../runbook/drill/restore-checks.ts";
import { chooseSource, drillRestore, removeLeftovers } from "../../runbook/drill/restore-drill.ts";
import { databaseUpgrade } from "../../runbook/drill/upgrade-trial.ts";
import { rehearsedCopies } from "../../runbook/rehearse/rehearsed-aws.ts";
import { onDatabase, startTestBacking } from "../support/test-backing.ts";

jest.setTimeout(600_000);

const ROOT = join(import.meta.dirname, "..", "..");
const addresses = addressesOf(249);
const MASTER = { username: "sparki_admin", password: "password-of-the-master-user" };
const LIVE = "sparki-test-database";
const DATABASE = { name: LIVE, hostnames: ["db.example"], databaseName: "sparki", ...MASTER };

const run = mkdtempSync(join(tmpdir(), "sparki-drill-"));
const processes = new Processes(run);
let backing: Backing;
let routes: Readonly<Record<string, Route>>;
let copies: DatabaseCopies;
let checks: RestoreChecks;
let drills = 0;
let snapshots = 0;

beforeAll(async () => {
  backing = await startTestBacking({ run, addresses, processes });
  await backing.database.start(DATABASE);
  // The ten minutes of a major upgrade pass in three seconds.
  routes = copyRoutes(backing.database, { timeScale: 0.005 });
  // What the command's own port asks over HTTP, and what answers it there.
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await routes[`${method} ${path}`]?.(body, path);
    return JSON.parse(JSON.stringify(answer ?? {}));
  };
  copies = rehearsedCopies(ask, LIVE, 20);
  checks = await checksIn(readFileSync(join(ROOT, "drill.yaml"), "utf8"));
  await sql(async (client) => {
    await migrate(client, await loadMigrations(join(ROOT, "rehearsal/app/migrations")), LIMITS);
    await client.query(
      "INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, 500) n",
    );
  });
});

afterAll(async () => {
  await backing?.database.stop(LIVE, { dropData: true });
  await backing?.stop();
  await processes.stopAll();
  rmSync(run, { recursive: true, force: true });
});

/** What a source is chosen for. */
const SUBJECT = { of: "database", stack: "test", again: "again", listSnapshots: "list" } as const;

const sql = <T>(act: (client: pg.Client) => Promise<T>) => onDatabase({ run, addresses }, MASTER, act);

const query = (text: string) => sql(async (client) => (await client.query(text)).rows);

const ports = (
  signal = new AbortController().signal,
  say: (text: string) => void = () => {},
): DrillPorts<Question> => ({
  ...{ copies, clock: systemClock, signal, say, pollSeconds: 0.05 },
});

function planOf(source: RestoreSource, own = checks, schema = { level: 3, oldest: 1 }) {
  const name = `sparki-test-drill-${++drills}`;
  const copy = { name, source, until: Date.now() / 1000 + 300, by: "a test" };
  return { subject: databaseSubject("test", own, schema), copy, freshAt: Date.now() / 1000 };
}

/** The newest snapshot, taken now. */
async function snapshotNow(): Promise<RestoreSource> {
  await backing.database.backUp(LIVE, `rds:${LIVE}-${++snapshots}`);
  const source = await chooseSource(copies, { newest: true }, { subject: SUBJECT, now: Date.now() / 1000 });
  if ("reason" in source) throw new Error(source.message);
  return source;
}

/** Nothing of a drill is left: no server, no data, no entry. */
function expectNothingLeft() {
  expect(backing.database.names()).toEqual([LIVE]);
  return expect(copies.leftovers()).resolves.toEqual([]);
}

describe("drillRestore, on a real PostgreSQL", () => {
  it("passes a good snapshot, with the recovery time and the data's age as measured", async () => {
    const source = await snapshotNow();
    // What is written later is in no snapshot: the copy is compared with what the live database has now.
    await query("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'later')");
    const [row] = await query(
      "SELECT extract(epoch FROM now() - max(created_at)) AS age FROM projects WHERE name <> 'later'",
    );
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "passed", exitCode: 0, failure: null, removed: true });
    expect(drill.checks.map(({ name, found, passed }) => [name, found, passed])).toEqual([
      ["schema level", "3", true],
      ["projects", "500", true],
      ["detections", "0", true],
      ["newest project", expect.stringMatching(/^0\.\d h old$/), true],
    ]);
    expect(drill.checks[1]?.expected).toBe("451 or more: the live database has 501");
    expect(drill.recoverySeconds).toBeGreaterThan(0);
    expect(drill.recoverySeconds).toBeLessThanOrEqual(drill.seconds);
    // Measured by the data itself, against the server's own clock.
    expect(drill.dataAgeSeconds).toBeGreaterThanOrEqual(Number(row?.age) - 1);
    process.stderr.write(
      `restore drill: restored in ${drill.recoverySeconds?.toFixed(2)} s, data ${drill.dataAgeSeconds?.toFixed(2)} s old, ${drill.seconds.toFixed(2)} s in all\n`,
    );
    await expectNothingLeft();
  });

  it("restores to a moment between an accident and what was before it, by the log", async () => {
    await snapshotNow();
    await query("CREATE TABLE moments (at timestamptz NOT NULL DEFAULT now())");
    await query("INSERT INTO moments DEFAULT VALUES");
    await sleep(300);
    const [before] = await query("SELECT extract(epoch FROM clock_timestamp()) AS at");
    await sleep(300);
    await query("DROP TABLE detections");
    const wanted = { pointInTime: Number(before?.at) };
    const source = await chooseSource(copies, wanted, { subject: SUBJECT, now: Date.now() / 1000 });
    if ("reason" in source) throw new Error(source.message);
    // The accident's table is compared with nothing: the live database has lost it.
    const alone = { ...checks, rows: checks.rows.map(({ ofLive: _, ...row }) => row) };
    const plan = planOf(source, {
      ...alone,
      newest: [...alone.newest, { name: "moment", query: "SELECT max(at) FROM moments", maxAgeHours: 1 }],
    });
    const drill = await drillRestore(ports(), plan);
    expect(drill.failure).toBeNull();
    expect(drill).toMatchObject({ outcome: "passed", source: { kind: "point", snapshot: null }, removed: true });
    expect(drill.checks.at(-1)).toMatchObject({ name: "moment", passed: true });
    await expectNothingLeft();
  });

  it("finds a snapshot that has lost a table, and names it", async () => {
    const source = await snapshotNow();
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "missing-data" }, removed: true });
    expect(drill.failure?.message).toContain('relation "detections" does not exist');
    expect(drill.recoverySeconds).toBeGreaterThan(0);
    await query("CREATE TABLE detections (id uuid)");
    await expectNothingLeft();
  });

  it("finds a snapshot that has lost rows which the live database has", async () => {
    await query("CREATE TABLE kept AS SELECT * FROM projects");
    await query("DELETE FROM projects WHERE name LIKE 'p4%'");
    const source = await snapshotNow();
    await query("INSERT INTO projects SELECT * FROM kept ON CONFLICT DO NOTHING");
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "failed", failure: { reason: "missing-data" }, removed: true });
    expect(drill.failure?.message).toBe("projects: 390; expected 451 or more: the live database has 501");
  });

  it("finds data that is too old, by the newest row and not by the snapshot's date", async () => {
    await query("UPDATE projects SET created_at = now() - interval '40 days'");
    const drill = await drillRestore(ports(), planOf(await snapshotNow()));
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "stale-data" }, removed: true });
    expect(drill.failure?.message).toContain("newest project: 960.0 h old; expected at most 720 h old");
    expect(drill.dataAgeSeconds).toBeGreaterThan(39 * 86_400);
    await query("UPDATE projects SET created_at = now()");
  });

  it("finds a snapshot whose schema this release's code cannot run on", async () => {
    const plan = planOf(await snapshotNow(), checks, { level: 5, oldest: 4 });
    expect(await drillRestore(ports(), plan)).toMatchObject({
      exitCode: 1,
      failure: { reason: "schema" },
      removed: true,
    });
  });

  it("finds a damaged snapshot: PostgreSQL refuses its control file", async () => {
    const source = await snapshotNow();
    if (source.kind !== "snapshot") throw new Error("expected a snapshot");
    truncateSync(join(backupOf(backing.database.folderOf(LIVE), source.id), "data", "global", "pg_control"), 100);
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "unreadable" }, removed: true });
    expect(drill.failure?.message).toMatch(
      /incompatible-restore.*(?:could not read|read \d+ of).*pg_control|pg_control/,
    );
    await expectNothingLeft();
  });

  it("finds a snapshot whose table's pages are damaged, when they are read", async () => {
    const source = await snapshotNow();
    if (source.kind !== "snapshot") throw new Error("expected a snapshot");
    const [file] = await query("SELECT pg_relation_filepath('projects') AS path");
    rmSync(join(backupOf(backing.database.folderOf(LIVE), source.id), "data", String(file?.path)));
    const drill = await drillRestore(ports(), planOf(source));
    expect(drill).toMatchObject({ outcome: "failed", failure: { reason: "unreadable" }, removed: true });
    expect(drill.failure?.message).toContain("could not open file");
  });

  it("deletes the copy when it is interrupted, and says so", async () => {
    const source = await snapshotNow();
    const interruption = new AbortController();
    const drill = await drillRestore(
      ports(interruption.signal, (text) => {
        if (/ is creating$/.test(text)) interruption.abort();
      }),
      planOf(source),
    );
    expect(drill).toMatchObject({
      outcome: "broken-off",
      exitCode: 4,
      failure: { reason: "interrupted" },
      removed: true,
    });
    await expectNothingLeft();
  });

  it("removes what a killed drill left, once its time is over or it is said to be abandoned", async () => {
    const source = await snapshotNow();
    const { copy } = planOf(source);
    await copies.restore(copy);
    for (let tried = 0; tried < 600 && (await copies.describe(copy.name))?.status === "creating"; tried++)
      await sleep(100);
    expect(await copies.describe(copy.name)).toEqual({ status: "available" });
    const wanted = { subject: planOf(source).subject, isAbandoned: false };
    await expect(removeLeftovers(ports(), wanted)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("a drill that a test began"),
    });
    expect(backing.database.names()).toEqual([LIVE, copy.name]);
    expect(await removeLeftovers(ports(), { ...wanted, isAbandoned: true })).toEqual([copy.name]);
    await expectNothingLeft();
    const late = { ...copy, name: `${copy.name}-late`, until: Date.now() / 1000 - 1 };
    await copies.restore(late);
    expect(await removeLeftovers(ports(), wanted)).toEqual([late.name]);
    await expectNothingLeft();
  });
});

describe("drillRestore with an upgrade, on a real PostgreSQL", () => {
  const VERSIONS = { from: "17.6", to: "18.1" };
  const upgradePlan = async () => {
    const plan = planOf(await snapshotNow());
    return { ...plan, copy: { ...plan.copy, upgradeTo: VERSIONS.to }, upgrade: databaseUpgrade(VERSIONS) };
  };
  const superuser = <T>(act: (client: pg.Client) => Promise<T>) => {
    const password = readFileSync(join(backing.database.folderOf(LIVE), "superuser"), "utf8");
    return onDatabase({ run, addresses }, { username: "rdsadmin", password }, act);
  };

  it("upgrades the copy, measures how long nobody reached it, asks again, and tells which extensions are behind", async () => {
    const drill = await drillRestore(ports(), await upgradePlan());
    expect(drill).toMatchObject({ outcome: "passed", exitCode: 0, failure: null, removed: true });
    expect(drill.upgrade).toMatchObject({
      ...{ ...VERSIONS, outcome: "upgraded", obstacles: [], unmeasured: null, oldExtensions: [], log: [] },
      said: ["Database instance engine version upgrade completed"],
    });
    expect(drill.upgrade?.checks.map(({ name, passed }) => [name, passed])).toEqual(
      drill.checks.map(({ name }) => [name, true]),
    );
    // The model's outage, and what the server takes to stop and to start.
    expect(drill.upgrade?.outageSeconds).toBeGreaterThan(2.9);
    expect(drill.upgrade?.outageSeconds).toBeLessThanOrEqual(drill.upgrade?.seconds ?? 0);
    process.stderr.write(`nobody reached the copy for ${drill.upgrade?.outageSeconds?.toFixed(2)} s\n`);
    await expectNothingLeft();
  });

  it("is refused by RDS for what keeps a PostgreSQL from being upgraded, and names each object", async () => {
    await query("CREATE TABLE calls (id int, handler regproc, kept regclass)");
    await query("CREATE DOMAIN named AS regconfig");
    await query("CREATE TABLE texts (language named[])");
    await query("CREATE TABLE parents (id int NOT NULL); CREATE TABLE children () INHERITS (parents)");
    await query("ALTER TABLE children ALTER COLUMN id DROP NOT NULL");
    const drill = await drillRestore(ports(), await upgradePlan());
    expect(drill).toMatchObject({
      outcome: "failed",
      exitCode: 1,
      failure: { reason: "upgrade-refused" },
      removed: true,
    });
    expect(drill.failure?.message).toContain(
      "RDS does not upgrade the copy to 18.1: Database instance is in a state that cannot be upgraded: PreUpgrade checks failed: The instance could not be upgraded because a 'reg*' data type is used in user tables.",
    );
    expect(drill.failure?.message).toContain("public.calls.handler, public.texts.language");
    expect(drill.failure?.message).not.toContain("calls.kept");
    expect(drill.upgrade?.obstacles).toMatchObject([
      { kind: "reg-columns", count: 2 },
      { kind: "not-null-inheritance", count: 1, names: ["public.children.id"] },
    ]);
    expect(drill.upgrade).toMatchObject({ outcome: "refused", seconds: null, outageSeconds: 0, oldExtensions: null });
    expect(drill.upgrade?.log.join("\n")).toContain("Following usages in database 'sparki'");
    expect(drill.checks.every(({ passed }) => passed)).toBe(true);
    await query("DROP TABLE calls, texts, children, parents; DROP DOMAIN named");
    await expectNothingLeft();
  });

  it("names a prepared transaction and an invalid database of the copy", async () => {
    await superuser((client) => client.query("ALTER SYSTEM SET max_prepared_transactions = 5"));
    await backing.database.interrupt(LIVE, async () => {});
    await sql(async (client) => {
      await client.query("BEGIN; CREATE TABLE half (id int); PREPARE TRANSACTION 'left-open'");
    });
    await superuser(async (client) => {
      await client.query("CREATE DATABASE torn");
      await client.query("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'torn'");
    });
    const drill = await drillRestore(ports(), await upgradePlan());
    expect(drill.failure).toMatchObject({ reason: "upgrade-refused" });
    expect(drill.upgrade?.obstacles).toMatchObject([
      { kind: "prepared-transactions", of: "copy", count: 1, names: ["left-open in sparki"] },
      { kind: "invalid-databases", of: "copy", count: 1, names: ["torn"] },
    ]);
    expect(drill.upgrade?.said.at(-1)).toContain("prepared transactions");
    await query("ROLLBACK PREPARED 'left-open'");
    await superuser((client) => client.query("DROP DATABASE torn"));
    await expectNothingLeft();
  });

  it("deletes the copy when it is interrupted while RDS upgrades it", async () => {
    const interruption = new AbortController();
    const say = (text: string) => {
      if (/ is upgrading, /.test(text)) interruption.abort();
    };
    const drill = await drillRestore(ports(interruption.signal, say), await upgradePlan());
    expect(drill).toMatchObject({ outcome: "broken-off", failure: { reason: "interrupted" }, removed: true });
    await expectNothingLeft();
  });
});
