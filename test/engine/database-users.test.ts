import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { usersSql } from "../../apps/database-jobs.ts";
import { databaseRights } from "../../policies/declared/pod-reach.ts";
import { addressesOf } from "../../rehearsal/addresses.ts";
import type { Backing } from "../../rehearsal/backing/serve.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { Pods } from "../rehearsal/backing/pods.ts";
import { type Credentials, makeUsers, type Users, usersSince } from "../support/database-users.ts";
import { onDatabase, startTestBacking } from "../support/test-backing.ts";

jest.setTimeout(600_000);

const addresses = addressesOf(251);
const HOST = "sparki-test-database.c1.us-east-1.rds.amazonaws.com";
const MASTER = { username: "sparki_admin", password: "password-of-the-master-user" };
const DATABASE = { name: "sparki-test-users", hostnames: [HOST], databaseName: "sparki", ...MASTER };
const [FIRST, SECOND, THIRD] = ["20260801", "20261101", "20270201"].map(usersSince) as [Users, Users, Users];

const run = mkdtempSync(join(tmpdir(), "sparki-users-"));
const processes = new Processes(run);
let backing: Backing;

beforeAll(async () => {
  backing = await startTestBacking({ run, addresses, processes });
  backing.names.setAddress(HOST, (await backing.database.start(DATABASE)).address);
});

afterAll(async () => {
  await backing?.database.stop(DATABASE.name, { dropData: true });
  await backing?.stop();
  await processes.stopAll();
  rmSync(run, { recursive: true, force: true });
});

const as = <T>(who: Credentials, act: (client: pg.Client) => Promise<T>) => onDatabase({ run, addresses }, who, act);

/** The rows of a statement, or the server's own words when it refuses. */
const ask = (who: Credentials, statement: string): Promise<unknown> =>
  as(who, async (client) => (await client.query(statement)).rows).catch((error: Error) => error.message);

const make = (users: Users) =>
  makeUsers(processes, addresses, { host: HOST, databaseName: "sparki", master: MASTER, users });

/** Runs the stand-in's migrations as the migrations user. */
const migrate = ({ migrations: { username, password } }: Users) =>
  new Pods(
    processes,
    { SPARKI_DNS_SERVER: `${addresses.dns}:5353`, SPARKI_CA_FILE: join(run, "ca.pem"), DATABASE_HOST: HOST },
    { "database/username": username, "database/password": password, "cache/auth-token": "none" },
  ).run("migrate up");

describe("the job that makes the database's users", () => {
  it("takes over what the master user has made, and lets migrations go on as the owner", async () => {
    await as(MASTER, (client) => client.query("CREATE TABLE old (id bigserial PRIMARY KEY, name text)"));
    expect(await make(FIRST)).toEqual({ code: 0, output: "" });
    expect((await migrate(FIRST)).code).toBe(0);
    const owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'";
    expect(await ask(MASTER, owners)).toEqual([{ tableowner: "sparki_owner" }]);
    expect(await ask(FIRST.migrations, "ALTER TABLE old ADD COLUMN more text")).toEqual([]);
  });

  it("changes nothing the second time", async () => {
    expect(await make(FIRST)).toEqual({ code: 0, output: "" });
    expect(await ask(FIRST.application, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it.each([
    "INSERT INTO old (name) VALUES ('a')",
    "UPDATE old SET name = 'b'",
    "SELECT * FROM projects",
    "SELECT nextval('old_id_seq')",
    "DELETE FROM old",
  ])("lets the application do with rows what it must: %s", async (statement) => {
    expect(await ask(FIRST.application, statement)).toEqual(expect.any(Array));
  });

  it.each([
    ["ALTER TABLE projects ADD COLUMN x text", "must be owner of table projects"],
    ["ALTER TABLE projects OWNER TO sparki_application", "must be owner of table projects"],
    ["DROP TABLE projects", "must be owner of table projects"],
    ["TRUNCATE projects", "permission denied for table projects"],
    ["CREATE INDEX ON projects (name)", "must be owner of table projects"],
    [
      "CREATE TRIGGER t BEFORE INSERT ON projects EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      "permission denied for table projects",
    ],
    ["CREATE TABLE x (id int)", "permission denied for schema public"],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "permission denied for schema public"],
    ["CREATE SCHEMA s", "permission denied for database sparki"],
    ["CREATE TEMPORARY TABLE x (id int)", 'permission denied to create temporary tables in database "sparki"'],
    ["CREATE EXTENSION pg_trgm", 'permission denied to create extension "pg_trgm"'],
    ["DROP SCHEMA public", "must be owner of schema public"],
    ["SET ROLE sparki_owner", 'permission denied to set role "sparki_owner"'],
    ["SET ROLE sparki_admin", 'permission denied to set role "sparki_admin"'],
    ["CREATE ROLE x", "permission denied to create role"],
    ["GRANT sparki_owner TO sparki_application", 'permission denied to grant role "sparki_owner"'],
    ["ALTER ROLE sparki_application_20260801 CREATEROLE", "permission denied to alter role"],
    ["ALTER DATABASE sparki SET statement_timeout = 1", "must be owner of database sparki"],
    ["SELECT rolpassword FROM pg_authid", "permission denied for table pg_authid"],
    ["COPY projects TO PROGRAM 'id'", "permission denied to COPY to or from an external program"],
  ])("refuses the application %s", async (statement, words) => {
    expect(await ask(FIRST.application, statement)).toEqual(words);
  });

  it("gives the application the privileges that docs/engine-pod.md computes, of all that PostgreSQL has", async () => {
    const rights = databaseRights(usersSql()).sparki_application;
    const held = async (on: string, of: string, all: readonly string[]) => {
      const asked = all.map((privilege) => `has_${on}_privilege(${of}, '${privilege}') AS "${privilege}"`).join(", ");
      const [row] = await as(FIRST.application, async (client) => (await client.query(`SELECT ${asked}`)).rows);
      return all.filter((privilege) => row[privilege]);
    };
    const tables = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
    expect({
      database: await held("database", "current_database()", ["CONNECT", "CREATE", "TEMPORARY"]),
      schema: await held("schema", "'public'", ["USAGE", "CREATE"]),
      tables: await held("table", "'projects'", tables),
      sequences: (await held("sequence", "'old_id_seq'", ["SELECT", "UPDATE", "USAGE"])).sort(),
    }).toEqual({ ...rights, sequences: [...(rights?.sequences ?? [])].sort() });
  });

  it("gives the application what later migrations make", async () => {
    expect(await ask(FIRST.migrations, "CREATE TABLE later (id bigserial PRIMARY KEY)")).toEqual([]);
    expect(await ask(FIRST.application, "INSERT INTO later DEFAULT VALUES RETURNING id")).toEqual([{ id: "1" }]);
  });

  it("lets migrations make no users and read no passwords", async () => {
    expect(await ask(FIRST.migrations, "CREATE ROLE x")).toContain("permission denied");
    expect(await ask(FIRST.migrations, "SET ROLE sparki_admin")).toContain("permission denied");
    expect(await ask(FIRST.migrations, "SELECT rolpassword FROM pg_authid")).toContain("permission denied");
  });

  it("keeps the users of the rotation before, whose connections and passwords go on, and drops older ones", async () => {
    const rows = await as(FIRST.application, async (client) => {
      expect(await make(SECOND)).toEqual({ code: 0, output: "" });
      return (await client.query("SELECT current_user AS me")).rows;
    });
    expect(rows).toEqual([{ me: "sparki_application_20260801" }]);
    for (const { application } of [FIRST, SECOND])
      expect(await ask(application, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect((await migrate(SECOND)).code).toBe(0);
    expect(await make(THIRD)).toEqual({ code: 0, output: "" });
    expect(await ask(FIRST.application, "SELECT 1")).toContain("authentication failed");
    expect(await ask(FIRST.migrations, "SELECT 1")).toContain("authentication failed");
    for (const { application } of [SECOND, THIRD])
      expect(await ask(application, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("fails, having changed nothing, where it cannot log in as the master user or a password is short", async () => {
    const users = usersSince("20270501");
    const job = { host: HOST, databaseName: "sparki", users };
    const wrong = await makeUsers(processes, addresses, { ...job, master: { ...MASTER, password: "wrong" } });
    expect(wrong).toEqual({ code: 2, output: expect.stringContaining("authentication failed") });
    const short = { ...users, migrations: { ...users.migrations, password: "short" } };
    const refused = await makeUsers(processes, addresses, { ...job, master: MASTER, users: short });
    expect(refused).toEqual({ code: 3, output: expect.stringContaining("short password") });
    expect(await ask(MASTER, "SELECT FROM pg_roles WHERE rolname LIKE '%20270501'")).toEqual([]);
  });
});
