import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALLOWED_EXAMPLES, STATEMENT_RULES, type StatementRule } from "../../../runbook/preflight/migration-rules.ts";
import { judgeMigrations, type MigrationFile, type SchemaPlan } from "../../../runbook/preflight/migrations.ts";
import { OLD_SCHEMA } from "../../support/migration-schema.ts";
import { configWith } from "../../support/preflight.ts";

const { release } = configWith({});
const at = (level: number, oldest = 1) => ({ ...release, schema: { level, oldest } });
const named = (scripts: readonly string[]) =>
  scripts.map((script, index) => ({ name: `000${index + 1}_step.sql`, script }));
const FIRST = "CREATE TABLE projects (id uuid PRIMARY KEY, name text);";
const migrationProblems = async (files: readonly MigrationFile[], plan: SchemaPlan) =>
  (await judgeMigrations(files, plan)).problems;
/** The problems of a second migration, run beside code of the first. */
const second = (script: string, schema: { oldest?: number; live?: number } = {}) =>
  migrationProblems(named([FIRST, script]), { release: at(2, schema.oldest), live: at(schema.live ?? 1) });
/** The same beside a schema with one of everything. */
const beside = (script: string) => migrationProblems(named([OLD_SCHEMA, script]), { release: at(2), live: at(1) });

describe("migrationProblems", () => {
  it.each([
    "ALTER TABLE projects ADD COLUMN owner text",
    "ALTER TABLE projects ADD COLUMN type text, ALTER COLUMN type SET DEFAULT 'x'",
    "ALTER TABLE projects ADD COLUMN state text NOT NULL DEFAULT 'new'",
    "ALTER TABLE projects ADD created_at timestamptz NOT NULL DEFAULT now()",
    "CREATE INDEX CONCURRENTLY projects_by_name ON projects (name)",
    "ALTER TABLE projects ADD COLUMN kind text, ADD CONSTRAINT known CHECK (kind IN ('a', 'b')) NOT VALID",
    "ALTER TABLE projects ADD COLUMN kind text NOT NULL DEFAULT 'a', ADD CHECK (kind = ANY (ARRAY['a', 'b'])) NOT VALID",
    "ALTER TABLE projects ADD COLUMN n int, ADD m int DEFAULT 3, ADD CHECK (n > 0 AND m BETWEEN 1 AND 5 AND m + n < 9) NOT VALID",
    "ALTER TABLE projects ADD COLUMN note text DEFAULT '', ADD CHECK (char_length(note) <= 100 AND note IS NOT NULL) NOT VALID",
    "ALTER TABLE projects ADD COLUMN done boolean DEFAULT false, ADD since date, ADD CHECK (NOT done OR since IS NOT NULL) NOT VALID",
    "ALTER TABLE projects ADD CONSTRAINT named CHECK (id IS NOT NULL) NOT VALID",
    "CREATE UNIQUE INDEX CONCURRENTLY by_both ON projects (name, id)",
    "CREATE INDEX CONCURRENTLY by_lower ON projects (lower(name)) WHERE length(name) > 3",
    "SELECT 1 OPERATOR(pg_catalog.+) 1",
    "ALTER TABLE projects VALIDATE CONSTRAINT named",
    "ALTER TABLE projects ADD CONSTRAINT one UNIQUE USING INDEX projects_by_name",
    "ALTER TABLE projects ALTER COLUMN name DROP NOT NULL",
    "DELETE FROM projects WHERE name = ''",
    "REINDEX INDEX CONCURRENTLY projects_by_name",
    "CREATE TABLE owners (id uuid PRIMARY KEY); CREATE INDEX ON owners (id)",
    "CREATE TABLE owners (id uuid); ALTER TABLE owners ADD CONSTRAINT k CHECK (id IS NOT NULL), DROP id",
    'CREATE TABLE "app"."owners" (id uuid); ALTER TABLE app.owners DROP id',
    "CREATE TABLE IF NOT EXISTS owners (id uuid)",
    "INSERT INTO projects (name) VALUES ('DROP TABLE projects; TRUNCATE x')",
    "-- DROP TABLE projects;\nSELECT 1 /* TRUNCATE projects */",
    "CREATE FUNCTION emptied() RETURNS void LANGUAGE sql AS $body$ DELETE FROM projects; $body$",
    "INSERT INTO projects (name) VALUES (E'it\\'s; DROP TABLE projects; --')",
    'COMMENT ON TABLE projects IS $$it\'s "all"; DROP TABLE projects$$',
    "/* out of use: /* DROP TABLE projects; */ DROP VIEW p; */ SELECT 1",
    "UPDATE projects SET name = '' WHERE name IS NULL",
    "WITH old AS (DELETE FROM projects WHERE name = '' RETURNING id) SELECT 1",
    "WITH old AS (SELECT id FROM projects WHERE name = '' FOR UPDATE) DELETE FROM projects USING old WHERE projects.id = old.id",
    "WITH few AS (SELECT id FROM projects ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED) UPDATE projects SET name = '' WHERE id IN (SELECT id FROM few)",
    "DELETE FROM projects WHERE name IS NOT NULL",
    "DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE name = '')",
    "DELETE FROM projects WHERE id IN (SELECT id FROM projects ORDER BY id LIMIT 100)",
    "DELETE FROM projects WHERE id IN (SELECT p.id FROM (SELECT id FROM projects LIMIT 9) p)",
    "DELETE FROM projects WHERE id = ANY (ARRAY(SELECT id FROM projects WHERE name = ''))",
    "DELETE FROM projects WHERE id IN (SELECT project FROM outworn)",
    "DELETE FROM projects WHERE id IN (SELECT p.id FROM projects p JOIN outworn o ON o.project = p.id)",
    "DELETE FROM projects WHERE id IN (SELECT min(id) FROM projects GROUP BY name HAVING count(*) > 1)",
    "DELETE FROM projects WHERE id NOT IN (SELECT DISTINCT ON (name) id FROM projects)",
    "DELETE FROM projects WHERE EXISTS (SELECT 1 FROM outworn o WHERE o.project = projects.id)",
    "DELETE FROM projects p WHERE EXISTS (SELECT 1 FROM projects q WHERE q.name = p.name AND q.id < p.id)",
    "DELETE FROM projects p USING projects q WHERE p.name = q.name AND p.id < q.id",
    "UPDATE projects SET name = '' FROM outworn o WHERE o.project = projects.id",
    "WITH few AS (SELECT id FROM projects WHERE name = '') UPDATE projects SET name = 'x' FROM few WHERE few.id = projects.id",
    "INSERT INTO projects (name) VALUES ('a') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "INSERT INTO projects (id) SELECT id FROM projects WHERE name = '' ON CONFLICT (id) DO UPDATE SET name = NULL",
    "UPDATE projects SET name = '' WHERE name LIKE 'a%'",
    "GRANT SELECT ON projects TO sparki",
    "GRANT SELECT (name), INSERT, UPDATE, DELETE ON projects TO sparki",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO sparki",
    "CREATE SEQUENCE numbers; GRANT USAGE, SELECT, UPDATE ON SEQUENCE numbers TO sparki",
    "GRANT USAGE ON SCHEMA public TO sparki",
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql SECURITY INVOKER AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION one() TO sparki",
    "CREATE TYPE kind AS ENUM ('a'); GRANT USAGE ON TYPE kind TO sparki",
    "CREATE TABLE owners (id uuid) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)",
    "ALTER TABLE projects SET (autovacuum_analyze_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 100)",
    "ALTER TABLE projects RESET (fillfactor)",
    "DELETE FROM projects WHERE NOT (name IS NOT NULL)",
    "DELETE FROM projects WHERE NOT (name = '' OR name = 'a')",
    "DELETE FROM projects WHERE id IN (SELECT id FROM projects TABLESAMPLE BERNOULLI (1))",
    "ALTER TABLE projects ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY",
  ])("lets through: %s", async (script) => {
    expect(await second(script)).toEqual([]);
  });

  it.each([
    ["DROP TABLE projects", "drops an object"],
    ["drop view if exists p", "drops an object"],
    ["ALTER TABLE projects DROP COLUMN name", "drops a column"],
    ["ALTER TABLE projects DROP name", "drops a column"],
    ["ALTER TABLE projects ALTER COLUMN name DROP DEFAULT", "drops a default"],
    ["ALTER TABLE projects ALTER COLUMN name SET DEFAULT ''", "changes what an INSERT of live code gets"],
    ["ALTER TABLE projects ALTER COLUMN name SET DEFAULT NULL", "changes what an INSERT of live code gets"],
    ["ALTER TABLE projects ADD CONSTRAINT named CHECK (name <> '') NOT VALID", "refuses what live code may write"],
    ["ALTER TABLE projects ADD kind text, ADD CHECK (kind IS NOT NULL) NOT VALID", "refuses what live code may write"],
    [
      "ALTER TABLE projects ADD kind text DEFAULT 'c', ADD CHECK (kind IN ('a', 'b')) NOT VALID",
      "refuses what live code may write",
    ],
    [
      "ALTER TABLE projects ADD kind text, ADD CHECK (kind IS NULL OR name <> '') NOT VALID",
      "refuses what live code may write",
    ],
    [
      "ALTER TABLE projects ADD n int, ADD m int, ADD CHECK (coalesce(n, m) IS NOT NULL) NOT VALID",
      "refuses what live code may write",
    ],
    [
      "ALTER TABLE projects ADD n int DEFAULT 3, ALTER n SET DEFAULT 0, ADD CHECK (n > 0) NOT VALID",
      "refuses what live code may write",
    ],
    [
      "ALTER TABLE projects ADD IF NOT EXISTS kind text, ADD CHECK (kind <> '') NOT VALID",
      "refuses what live code may write",
    ],
    [
      "ALTER TABLE projects ADD FOREIGN KEY (name) REFERENCES owners NOT VALID",
      "refuses what live code may write or delete",
    ],
    ["CREATE UNIQUE INDEX CONCURRENTLY one ON projects (name)", "refuses rows that live code may write"],
    ["CREATE UNIQUE INDEX CONCURRENTLY one ON projects (lower(name))", "refuses rows that live code may write"],
    [
      "CREATE UNIQUE INDEX CONCURRENTLY one ON projects (name) WHERE name <> ''",
      "refuses rows that live code may write",
    ],
    ["DROP INDEX CONCURRENTLY projects_by_name", "drops an index that queries or ON CONFLICT of live code may need"],
    ["TRUNCATE projects", "empties a table"],
    ["DELETE FROM projects", "deletes every row"],
    ["DELETE FROM projects WHERE id IS NOT NULL", "deletes every row"],
    ["UPDATE projects SET name = '' WHERE projects.id IS NOT NULL AND true", "overwrites every row"],
    ["ALTER INDEX projects_pkey RENAME TO projects_key", "renames an object that live code uses"],
    ["DELETE FROM projects WHERE true", "deletes every row"],
    ["DELETE FROM projects WHERE NOT (id IS NULL)", "deletes every row"],
    ["DELETE FROM projects WHERE NOT (name = '' AND id IS NULL)", "deletes every row"],
    ["DELETE FROM projects WHERE NOT (NOT (id IS NOT NULL))", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT id FROM projects TABLESAMPLE SYSTEM (100))", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT id FROM projects)", "deletes every row"],
    ["UPDATE projects SET name = '' WHERE id IN (SELECT id FROM public.projects)", "overwrites every row"],
    ["DELETE FROM projects WHERE (id, name) IN (SELECT DISTINCT id, name FROM projects)", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT id FROM projects ORDER BY id LIMIT ALL)", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT id FROM projects OFFSET 0)", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE id IS NOT NULL)", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE projects.id = id)", "deletes every row"],
    [
      "DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE id IN (SELECT id FROM projects))",
      "deletes every row",
    ],
    ["DELETE FROM projects WHERE id IN (SELECT p.id FROM (SELECT id FROM projects) p)", "deletes every row"],
    ["DELETE FROM projects WHERE id IN (SELECT q.id FROM projects p JOIN projects q USING (id))", "deletes every row"],
    [
      "DELETE FROM projects WHERE id IN (SELECT p.id FROM projects p LEFT JOIN outworn o ON o.project = p.id)",
      "deletes every row",
    ],
    [
      "DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE name = '' UNION SELECT id FROM projects)",
      "deletes every row",
    ],
    ["DELETE FROM projects WHERE id = ANY (ARRAY(SELECT id FROM projects))", "deletes every row"],
    ["DELETE FROM projects WHERE id = (SELECT q.id FROM projects q WHERE q.id = projects.id)", "deletes every row"],
    ["DELETE FROM projects WHERE EXISTS (SELECT 1 FROM projects q WHERE q.id = projects.id)", "deletes every row"],
    ["DELETE FROM projects p WHERE EXISTS (SELECT 1 FROM projects q WHERE q.id = p.id AND true)", "deletes every row"],
    ["DELETE FROM projects p USING projects q WHERE p.id = q.id", "deletes every row"],
    ["UPDATE projects SET name = '' FROM (SELECT id FROM projects) q WHERE projects.id = q.id", "overwrites every row"],
    ["WITH many AS (SELECT id FROM projects) DELETE FROM projects WHERE id IN (TABLE many)", "deletes every row"],
    [
      "WITH many AS (SELECT id FROM projects) UPDATE projects SET name = '' FROM many WHERE many.id = projects.id",
      "overwrites every row",
    ],
    [
      "INSERT INTO projects (id) SELECT q.id FROM (SELECT id FROM projects) q ON CONFLICT (id) DO UPDATE SET name = NULL",
      "overwrites every row",
    ],
    ["WITH x AS (DELETE FROM projects RETURNING 1) SELECT 1 WHERE 1 = 1", "deletes every row"],
    ["WITH x AS (SELECT 1) DELETE FROM projects", "deletes every row"],
    ["UPDATE projects SET name = NULL", "overwrites every row"],
    ["WITH x AS (UPDATE projects SET name = NULL RETURNING 1) SELECT 1", "overwrites every row"],
    ["SELECT E'it\\'s'; DROP TABLE projects; SELECT 'x'", "drops an object"],
    ["/* /* /* */ */ */ DROP TABLE projects", "drops an object"],
    ["/* /* */ ' */ DROP TABLE projects; SELECT 'x'", "drops an object"],
    [`COMMENT ON COLUMN projects."it's" IS NULL; DROP TABLE projects; SELECT 'x'`, "drops an object"],
    ["CREATE TABLE IF NOT EXISTS projects (id int); ALTER TABLE projects DROP COLUMN name", "drops a column"],
    ["CREATE TABLE IF NOT EXISTS owners (id int); ALTER TABLE owners DROP COLUMN id", "drops a column"],
    ['CREATE TABLE "app"."owners" (id int); ALTER TABLE "app"."projects" DROP COLUMN id', "drops a column"],
    ["ALTER TABLE projects RENAME TO old; CREATE TABLE projects (id int)", "renames an object that live code uses"],
    ["ALTER TABLE projects SET SCHEMA old", "renames an object that live code uses"],
    ["ALTER TABLE projects RENAME COLUMN name TO title", "renames an object that live code uses"],
    ["ALTER TABLE projects RENAME TO works", "renames an object that live code uses"],
    ["ALTER TABLE projects ADD COLUMN owner text NOT NULL", "adds a column that live code does not fill"],
    ["ALTER TABLE ONLY projects\n  ADD owner text\n  NOT NULL", "adds a column that live code does not fill"],
  ])("refuses, unless it is marked as a contraction that is due: %s", async (script, what) => {
    const problems = await second(script);
    expect(problems).toEqual([expect.stringContaining(what)]);
    expect(problems[0]).toMatch(/^0002_step\.sql: /);
    const marked = `-- contract: level 1\n${script};`;
    expect(await second(marked, { oldest: 1, live: 1 })).toEqual([]);
  });

  it.each([
    ["SELECT id FROM projects FOR UPDATE", "add WHERE or LIMIT"],
    ["SELECT id FROM projects LIMIT ALL FOR UPDATE", "add WHERE or LIMIT"],
    ["SELECT id FROM projects WHERE id IN (SELECT id FROM projects) FOR UPDATE", "add WHERE or LIMIT"],
    ["WITH old AS (SELECT id FROM projects FOR NO KEY UPDATE) SELECT 1", "add WHERE or LIMIT"],
    ["SELECT p.id FROM projects p, projects q FOR SHARE OF p", "add WHERE or LIMIT"],
    ["CREATE INDEX projects_by_name ON projects (name)", "CREATE INDEX CONCURRENTLY"],
    ["CREATE UNIQUE INDEX one ON projects (name)", "CREATE INDEX CONCURRENTLY"],
    ["ALTER TABLE projects ADD CONSTRAINT named CHECK (name <> '')", "NOT VALID"],
    ["ALTER TABLE projects ADD FOREIGN KEY (id) REFERENCES owners (id)", "NOT VALID"],
    ["ALTER TABLE projects ADD CONSTRAINT one UNIQUE (name)", "USING INDEX"],
    ["ALTER TABLE projects ADD COLUMN key uuid DEFAULT gen_random_uuid()", "fill it in small steps"],
    ["ALTER TABLE projects ADD COLUMN low text GENERATED ALWAYS AS (lower(name)) STORED", "fill a plain column"],
    ["ALTER TABLE projects ADD COLUMN n bigserial", "fill it in small steps"],
    ["ALTER TABLE projects ADD n smallserial", "fill it in small steps"],
    ["ALTER TABLE projects ADD COLUMN IF NOT EXISTS n serial", "fill it in small steps"],
    ["ALTER TABLE projects ADD a int GENERATED ALWAYS AS IDENTITY", "fill it in small steps"],
    ["ALTER TABLE projects ADD a int GENERATED BY DEFAULT AS IDENTITY", "fill it in small steps"],
    ["CREATE TABLE IF NOT EXISTS projects (id int); CREATE INDEX by_name ON projects (name)", "CONCURRENTLY"],
    ["ALTER TABLE projects ALTER COLUMN name TYPE varchar(9)", "add a new column"],
    ["ALTER TABLE projects ALTER name SET DATA TYPE varchar(9)", "add a new column"],
    ["ALTER TABLE projects ALTER COLUMN name SET NOT NULL", "validate it in the next migration"],
    ["ALTER TABLE projects SET TABLESPACE fast", "maintenance window"],
    ["VACUUM FULL projects", "leave it out"],
    ["LOCK TABLE projects", "leave it out"],
    ["REINDEX TABLE projects", "CONCURRENTLY"],
    ["REFRESH MATERIALIZED VIEW p", "CONCURRENTLY"],
  ])("refuses what locks a table, marked or not: %s", async (script, instead) => {
    expect(await second(script)).toEqual([expect.stringContaining(instead)]);
    expect(await second(`-- contract: level 1\n${script}`)).toHaveLength(1);
  });

  it.each([
    ["GRANT ALL ON projects TO sparki", "gives more than rights to rows"],
    ["GRANT SELECT, TRUNCATE ON projects TO sparki", "gives more than rights to rows"],
    ["GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO sparki", "gives more than rights to rows"],
    ["GRANT CREATE ON SCHEMA public TO sparki", "gives more than rights to rows"],
    ["GRANT TEMPORARY ON DATABASE sparki TO sparki", "gives more than rights to rows"],
    ["GRANT SET ON PARAMETER session_replication_role TO sparki", "gives more than rights to rows"],
    ["GRANT EXECUTE ON FUNCTION pg_read_file(text) TO sparki", "gives more than rights to rows"],
    [
      "CREATE FUNCTION emptied() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM projects'",
      "runs with the rights of the migrations' user, whoever calls it",
    ],
    [
      "CREATE PROCEDURE emptied() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM projects'",
      "runs with the rights of the migrations' user, whoever calls it",
    ],
    ["CREATE UNLOGGED TABLE drafts (id uuid)", "a failover or a crash empties"],
    ["CREATE UNLOGGED TABLE drafts AS SELECT id FROM projects", "a failover or a crash empties"],
    ["CREATE UNLOGGED SEQUENCE numbers", "a failover or a crash empties"],
    ["CREATE TABLE drafts (id uuid) WITH (autovacuum_enabled = false)", "is not on the list of statements"],
    ["ALTER TABLE projects SET (autovacuum_enabled = false)", "is not on the list of statements"],
    ["ALTER TABLE projects SET (user_catalog_table = true)", "is not on the list of statements"],
    ["UPDATE pg_attribute SET attnotnull = true WHERE attname = 'name'", "is not on the list of statements"],
    ["DELETE FROM pg_catalog.pg_index WHERE indexrelid = 1", "is not on the list of statements"],
    ["INSERT INTO pg_description VALUES (1, 1, 0, 'x')", "is not on the list of statements"],
    ["CREATE INDEX CONCURRENTLY by_slug ON projects (slug(name))", "effect cannot be analysed"],
    ["CREATE INDEX CONCURRENTLY by_slug ON projects (name) WHERE fits(name)", "effect cannot be analysed"],
    ["SELECT 1 OPERATOR(tools.+) 1", "effect cannot be analysed"],
  ])("refuses what lasts beyond the migration, marked or not: %s", async (script, what) => {
    expect(await second(script)).toEqual([expect.stringContaining(what)]);
    expect(await second(`-- contract: level 1\n${script};`)).toHaveLength(1);
  });

  it.each([
    "DO $$ BEGIN DROP TABLE projects; END $$",
    "DO LANGUAGE plpgsql 'BEGIN DROP TABLE projects; END'",
    "CALL emptied()",
  ])("refuses what hides its statements, marked or not: %s", async (script) => {
    expect(await second(script)).toEqual([expect.stringContaining("write its statements out")]);
    expect(await second(`-- contract: level 1\n${script}`)).toHaveLength(1);
  });

  it.each([
    "CREATE INDEX by_year ON measured (year)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_year ON public.measured (year)",
  ])("refuses an index over partitions, which cannot be made CONCURRENTLY, marked or not: %s", async (script) => {
    expect(await beside(script)).toEqual([expect.stringContaining("an index over all partitions")]);
    expect(await beside(`-- contract: level 1\n${script}`)).toHaveLength(1);
  });

  it("knows an index over partitions where it is dropped, and lets a new table have its own", async () => {
    const schema = `${OLD_SCHEMA}; CREATE INDEX by_year ON measured (year)`;
    const dropped = named([schema, "DROP INDEX CONCURRENTLY public.by_year"]);
    expect(await migrationProblems(dropped, { release: at(2), live: at(1) })).toEqual([
      expect.stringContaining("an index over all partitions"),
    ]);
    expect(await beside("CREATE TABLE t (n int) PARTITION BY RANGE (n); CREATE INDEX ON t (n)")).toEqual([]);
    expect(await beside("CREATE TABLE t (n int) PARTITION BY RANGE (n); DROP TABLE t; CREATE TABLE t (n int)")).toEqual(
      [],
    );
  });

  it("says of a byte order mark what it is, for nobody sees it", async () => {
    expect(await second("\ufeffALTER TABLE projects ADD owner text")).toEqual([
      expect.stringMatching(/^0002_step\.sql .* byte order mark.*: save it as UTF-8 without one/),
    ]);
  });

  it("refuses a comment that never ends, in no time", async () => {
    expect(await second(`/* ${"/* */ ".repeat(10_000)}`)).toEqual([expect.stringContaining("unterminated /* comment")]);
  });

  it("judges each action of a statement by itself", async () => {
    const script = "ALTER TABLE projects ADD a numeric(4, 2) NOT NULL DEFAULT 0, ADD b int NOT NULL, DROP name";
    expect(await second(script)).toEqual([expect.stringContaining("ADD b int"), expect.stringContaining("DROP name")]);
  });

  it.each(Object.entries<StatementRule>(STATEMENT_RULES))(
    "tells rule %s by the page's own example, with its lock",
    async (_, rule) => {
      const { example, what, lock, instead, kind } = rule;
      const [problem, ...more] = await beside(example);
      expect(more).toEqual([]);
      expect(problem).toContain(what);
      expect(problem).toContain(instead);
      if (lock !== undefined) expect(problem).toContain(` under ${lock} on `);
      expect(await beside(`-- contract: level 1\n${example}`)).toHaveLength(kind === "breaking" ? 0 : 1);
    },
  );

  it.each(ALLOWED_EXAMPLES)("lets through the page's own example: $statement", async ({ statement }) => {
    expect(await beside(statement)).toEqual([]);
  });

  it.each([
    ['DROP INDEX IF EXISTS "By Number"', "DROP INDEX CONCURRENTLY"],
    ["ALTER TABLE projects ADD o bigint DEFAULT 1 REFERENCES owners", "adds a column with a constraint"],
    ["ALTER TABLE projects ADD s text UNIQUE", "adds a column with a constraint"],
    ["ALTER TABLE projects ADD k uuid PRIMARY KEY", "adds a column with a constraint"],
    ['ALTER TABLE "projects" ADD "n" int CHECK (n > 0)', "AccessExclusiveLock on projects"],
    ["ALTER TABLE ONLY public.projects ADD n int DEFAULT lower(random()::text)::int", "computes a value"],
    ["ALTER TABLE projects ADD n int DEFAULT my_default()", "computes a value"],
    ["ALTER TABLE projects ADD n int DEFAULT (SELECT 1)", "computes a value"],
    ["ALTER TABLE projects ADD n timestamptz DEFAULT clock_timestamp()", "computes a value"],
    ["ALTER TABLE projects ADD n int NOT NULL DEFAULT NULL", "adds a column that live code does not fill"],
    ["ALTER TABLE projects ADD n serial2", "numbers every row"],
    ["ALTER TABLE projects ADD CHECK (name <> '') NOT ENFORCED", "checks every row"],
    ["ALTER TABLE projects ADD CONSTRAINT c NOT NULL name", "reads every row"],
    [
      "ALTER TABLE projects VALIDATE CONSTRAINT is_named, ADD n int",
      "takes its time under AccessExclusiveLock on projects",
    ],
    [
      "ALTER TABLE projects ADD n int, ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE projects VALIDATE CONSTRAINT c",
      "takes its time under AccessExclusiveLock on projects",
    ],
    ["ALTER TABLE projects ADD n int; UPDATE projects SET n = 1 WHERE number < 10", "takes its time under"],
    ["ALTER TABLE projects ADD n int; ALTER TABLE owners ADD n int", "waits for owners while the file holds"],
    ["ALTER TABLE projects ADD n int; CREATE TABLE x (o uuid REFERENCES owners)", "waits for owners while"],
    [
      "CREATE TABLE x (p uuid REFERENCES projects); INSERT INTO x SELECT id FROM projects",
      "ShareRowExclusiveLock on projects",
    ],
    [
      "CREATE TABLE x AS SELECT id FROM projects; ALTER TABLE x ADD FOREIGN KEY (id) REFERENCES projects",
      "checks every row",
    ],
    ["ALTER TABLE projects DISABLE TRIGGER stamped", "disables the table's triggers"],
    ["ALTER TABLE projects ENABLE REPLICA TRIGGER stamped", "disables the table's triggers"],
    ["SET LOCAL lock_timeout = '1h'", "changes a setting"],
    ["SET LOCAL lock_timeout = 0", "changes a setting"],
    ["SET lock_timeout = '1s'", "changes a setting"],
    ["SET LOCAL statement_timeout = 0", "changes a setting"],
    ["SET search_path = other", "changes a setting"],
    ["SET SESSION AUTHORIZATION postgres", "changes a setting"],
    ["SET session_replication_role = replica", "changes a setting"],
    ["RESET ALL", "changes a setting"],
    ["BEGIN", "ends or divides the runner's transaction"],
    ["ROLLBACK", "ends or divides the runner's transaction"],
    ["SAVEPOINT a", "ends or divides the runner's transaction"],
    ["PREPARE TRANSACTION 'a'", "ends or divides the runner's transaction"],
    ["SELECT pg_advisory_lock(1)", "calls a function"],
    ["SELECT emptied()", "calls a function"],
    ["INSERT INTO projects (name) SELECT dblink('DROP TABLE projects')", "calls a function"],
    ["UPDATE projects SET name = public.lower2(name) WHERE name IS NULL", "calls a function"],
    ["UPDATE projects SET name = '' WHERE name = name", "overwrites every row"],
    ["UPDATE projects SET name = '' WHERE projects.name = name", "overwrites every row"],
    ["UPDATE projects SET name = '' WHERE 1 = 1", "overwrites every row"],
    ["UPDATE projects SET name = '' WHERE name BETWEEN name AND name", "overwrites every row"],
    ["UPDATE projects SET name = '' WHERE id::text LIKE '%'", "overwrites every row"],
    ["UPDATE projects SET name = '' WHERE name ILIKE '%%' OR name IS NULL", "overwrites every row"],
    ["DELETE FROM projects WHERE id::text ~ '^.*$'", "deletes every row"],
    [
      "INSERT INTO projects (id) SELECT id FROM projects ON CONFLICT (id) DO UPDATE SET name = NULL",
      "overwrites every row",
    ],
    ["SELECT setval('projects_id_seq', 1)", "calls a function whose effect cannot be analysed"],
    [
      "CREATE FUNCTION length(uuid) RETURNS int LANGUAGE sql AS 'DELETE FROM projects; SELECT 1'",
      "hides its statements",
    ],
    ["GRANT ALL ON projects TO PUBLIC", "gives more than rights to rows"],
    ["GRANT SELECT ON projects TO sparki WITH GRANT OPTION", "is not on the list"],
    ["UPDATE projects SET name = '' WHERE name IS NULL OR name IS NOT NULL", "overwrites every row"],
    ["UPDATE projects SET name = '' WHERE name = '' OR true", "overwrites every row"],
    ["DELETE FROM projects WHERE EXISTS (SELECT 1)", "deletes every row"],
    ["MERGE INTO projects USING owners ON true WHEN MATCHED THEN DELETE", "not on the list"],
    ["SELECT * INTO x FROM projects", "not on the list"],
    ["EXPLAIN ANALYZE DELETE FROM projects WHERE id IS NULL", "hides its statements"],
    ["EXECUTE prepared", "hides its statements"],
    ["CREATE RULE r AS ON INSERT TO projects DO INSTEAD NOTHING", "hides its statements"],
    ["CREATE OR REPLACE VIEW v AS SELECT 1", "replaces what live code uses"],
    ["CREATE VIEW v AS SELECT emptied()", "calls a function"],
    ["CREATE EXTENSION dblink", "hides its statements"],
    ["CREATE SCHEMA s CREATE TABLE t (id int)", "hides its statements"],
    ["COPY projects TO PROGRAM 'sh'", "outside the migration"],
    ["COPY projects FROM stdin;\n1\ta\n\\.", "not SQL that PostgreSQL can parse"],
    ["\\set ON_ERROR_STOP on", "psql's own commands"],
    ["ALTER TABLE projects ADD COLUM", "not SQL that PostgreSQL can parse"],
    ["ALTER TABLE projects ATTACH PARTITION p DEFAULT", "default partition"],
    ["CREATE TABLE d PARTITION OF measured DEFAULT", "default partition"],
    ["CREATE TABLE d () INHERITS (projects)", "not on the list"],
    [
      "CREATE TABLE p (y int) PARTITION BY RANGE (y); ALTER TABLE p ATTACH PARTITION projects DEFAULT",
      "default partition",
    ],
    ["ALTER TABLE projects OWNER TO other", "changes what live code may write or read"],
    ["REVOKE ALL ON projects FROM sparki", "changes what live code may write or read"],
    ["ALTER TABLE projects RENAME CONSTRAINT projects_pkey TO k", "renames an object that live code uses"],
    ["ALTER TYPE state RENAME VALUE 'new' TO 'newer'", "renames an object that live code uses"],
    ["ALTER TYPE state ADD VALUE 'a'; INSERT INTO projects (name) VALUES ('a')", "may not use yet"],
    ["ALTER SEQUENCE s RESTART", "changes what live code may write or read"],
    ["ALTER DOMAIN address ADD CHECK (value <> '')", "not on the list"],
    ["ALTER SYSTEM SET work_mem = '1GB'", "cannot run in the runner's transaction"],
    ["CREATE DATABASE d", "cannot run in the runner's transaction"],
    ["VACUUM (FULL) projects", "AccessExclusiveLock on projects"],
    ["VACUUM (ANALYZE)", "cannot run in the runner's transaction"],
    ["REINDEX DATABASE CONCURRENTLY sparki", "REINDEX TABLE CONCURRENTLY"],
    ["REINDEX (CONCURRENTLY false) TABLE projects", "REINDEX TABLE CONCURRENTLY"],
    ["LOCK TABLE owners, projects IN SHARE MODE", "locks the table"],
    ["DROP TABLE IF EXISTS projects CASCADE", "CASCADE"],
    ["ALTER TABLE projects DROP COLUMN name CASCADE", "CASCADE"],
    ["TRUNCATE owners CASCADE", "CASCADE"],
    ["-- contract: level 1\nDROP INDEX CONCURRENTLY a; SELECT 1", "migration of its own"],
    ["DROP INDEX CONCURRENTLY one_name", "ON CONFLICT of live code may need"],
    ["CREATE EXTENSION earthdistance", "hides its statements"],
    [
      "CREATE FUNCTION twice(n numeric) RETURNS numeric LANGUAGE sql AS 'SELECT n'",
      "make calls of live code ambiguous",
    ],
    [
      "-- contract: level 1\nDROP TRIGGER IF EXISTS stamped ON projects; UPDATE owners SET id = id WHERE id IN (SELECT owner FROM projects)",
      "takes its time under AccessExclusiveLock on projects",
    ],
    ["SELECT 1; REINDEX TABLE CONCURRENTLY projects", "cannot run in the transaction that the runner opens"],
    ["CREATE TABLE x (id int); CREATE INDEX CONCURRENTLY i ON x (id)", "cannot run in the transaction"],
    ["CREATE TEMP TABLE projects (id int); ALTER TABLE projects DROP name", "drops a column"],
    ["CREATE TABLE other.projects (id int); ALTER TABLE projects DROP name", "drops a column"],
    ["-- contract: level 1\nDROP TABLE owners, projects", "waits for projects while the file holds"],
    ["SELECT 1 /* \n-- contract: level 1\n*/; DROP TABLE owners", "drops an object"],
    ["SELECT '\n-- contract: level 1\n'; DROP TABLE owners", "drops an object"],
    ["SELECT $x$\n-- contract: level 1\n$x$; DROP TABLE owners", "drops an object"],
    ["DROP TABLE owners; -- contract: level 1", "drops an object"],
    ["COMMENT ON TABLE owners IS 'größer als größer'; DROP TABLE projects", "0002_step.sql: DROP TABLE projects drops"],
  ])("refuses its relatives too: %s", async (script, what) => {
    expect(await beside(script)).toEqual([expect.stringContaining(what)]);
  });

  it.each([
    ["a NUL, where the parser ends", "SELECT 1\0; DROP TABLE projects"],
    ["UTF-16", Buffer.from("DROP TABLE projects", "utf16le").toString("utf8")],
    ["another encoding", Buffer.from("COMMENT ON TABLE projects IS 'größer'", "latin1").toString("utf8")],
  ])("refuses a file in %s", async (_, script) => {
    expect(await second(script)).toEqual([expect.stringContaining("is not UTF-8 text: it contains a NUL byte")]);
  });

  it.each([
    "SET LOCAL lock_timeout = '500ms'; ALTER TABLE projects ADD n int",
    "SET LOCAL statement_timeout = '10s'",
    "ALTER TABLE projects ADD e state NOT NULL DEFAULT 'new'::state",
    "ALTER TABLE projects ADD n int[] DEFAULT '{}'::int[], ADD m jsonb NOT NULL DEFAULT '{}'::jsonb",
    "ALTER TABLE projects ADD size int; ALTER TABLE projects ADD CONSTRAINT c CHECK (size > 0) NOT VALID",
    "ALTER TYPE state ADD VALUE 'a'; ALTER TYPE state ADD VALUE 'b'",
    "ALTER TABLE projects DROP CONSTRAINT is_named",
    "CREATE TABLE x (id serial PRIMARY KEY, p uuid REFERENCES projects); CREATE INDEX ON x (p); INSERT INTO x VALUES (1)",
    "CREATE TABLE x (id int); INSERT INTO x SELECT number FROM projects; ALTER TABLE x ADD UNIQUE (id), ALTER id SET NOT NULL",
    "CREATE TABLE x (id int); CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW EXECUTE FUNCTION stamp()",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "REINDEX (CONCURRENTLY) INDEX by_number",
    "ALTER INDEX by_number RENAME TO by_no",
    "ALTER TABLE projects RENAME CONSTRAINT is_named TO has_a_name; ALTER TABLE projects DROP CONSTRAINT has_a_name",
    "CREATE EXTENSION IF NOT EXISTS citext",
    "ANALYZE projects",
  ])("lets its safe relatives through: %s", async (script) => {
    expect(await beside(script)).toEqual([]);
  });

  it("lets SET NOT NULL through over a CHECK that an earlier migration validated, and no other", async () => {
    const steps = (...scripts: readonly string[]) => [FIRST, ...scripts];
    const problems = (scripts: readonly string[]) =>
      migrationProblems(named(scripts), { release: at(scripts.length), live: at(1) });
    const add = "-- contract: level 1\nALTER TABLE projects ADD CONSTRAINT c CHECK (name IS NOT NULL) NOT VALID";
    const validate = "ALTER TABLE projects VALIDATE CONSTRAINT c";
    const set = "ALTER TABLE projects ALTER name SET NOT NULL; ALTER TABLE projects DROP CONSTRAINT c";
    expect(await problems(steps(add, validate, set))).toEqual([]);
    expect(await problems(steps(add, set))).toEqual([expect.stringContaining("reads every row")]);
    expect(await problems(steps(add.replace("name IS", "id IS"), validate, set))).toHaveLength(1);
    expect(await problems(steps(add, validate, "ALTER TABLE projects DROP CONSTRAINT c", set))).not.toEqual([]);
  });

  it("lets a primary key over an index through where its columns are known to be NOT NULL", async () => {
    const key = "ALTER TABLE projects ADD PRIMARY KEY USING INDEX one_number";
    const index = "CREATE UNIQUE INDEX CONCURRENTLY one_number ON projects (number)";
    const problems = (column: string) => {
      const scripts = [`CREATE TABLE projects (number int ${column})`, `-- contract: level 1\n${index}`, key];
      return migrationProblems(named(scripts), { release: at(3), live: at(1) });
    };
    expect(await problems("NOT NULL")).toEqual([]);
    expect(await problems("")).toEqual([expect.stringContaining("reads every row")]);
  });

  it.each([
    ["contracts to what it makes itself", "-- contract: level 2\nDROP TABLE projects", { oldest: 2 }, /expand first/],
    [
      "contracts further than the release says",
      "-- contract: level 1\nDROP TABLE projects",
      { oldest: 0 },
      /sparki:release.schema.oldest is 0/,
    ],
  ])("refuses a contraction that %s", async (_, script, schema, message) => {
    expect(await second(script, schema)).toEqual([expect.stringMatching(message)]);
  });

  it("refuses a contraction while older code still serves, and lets it through afterwards", async () => {
    const files = named([
      FIRST,
      "ALTER TABLE projects ADD COLUMN title text",
      "-- contract: level 2\nALTER TABLE projects DROP name",
    ]);
    const problems = (live: number) => migrationProblems(files, { release: at(3, 2), live: at(live) });
    expect(await problems(1)).toEqual([
      expect.stringContaining("0003_step.sql is not due: 2026.11.1, which is live, is code of level 1"),
    ]);
    expect(await problems(2)).toEqual([]);
  });

  it("takes the highest of several marks, so that none says less than another", async () => {
    const files = named([
      FIRST,
      "SELECT 1",
      "-- contract: level 1\n-- contract: level 2\nALTER TABLE projects DROP name",
    ]);
    const problems = (live: number) => migrationProblems(files, { release: at(3, 2), live: at(live) });
    expect(await problems(1)).toEqual([expect.stringContaining("0003_step.sql is not due")]);
    expect(await problems(2)).toEqual([]);
  });

  it("wants of every later release the level to which the database was contracted: a rollback goes by it", async () => {
    const files = named([FIRST, "SELECT 1", "-- contract: level 2\nALTER TABLE projects DROP name", "SELECT 1"]);
    const problems = (oldest: number) => migrationProblems(files, { release: at(4, oldest), live: at(3, 2) });
    expect(await problems(1)).toEqual([
      "0003_step.sql has contracted the database to level 2, but sparki:release.schema.oldest is 1: a rollback would believe it",
    ]);
    expect(await problems(2)).toEqual([]);
  });

  it("reads a mark in a file with the line ends of Windows", async () => {
    expect(await second("-- contract: level 1\r\nDROP TABLE projects;\r\n")).toEqual([]);
  });

  describe("of a foreign key", () => {
    const found = (...scripts: readonly string[]) => {
      const files = named([OLD_SCHEMA, ...scripts]);
      return judgeMigrations(files, { release: at(files.length), live: at(1) });
    };
    const adding = (reference: string) =>
      found("ALTER TABLE projects ADD lead uuid", `ALTER TABLE projects ADD FOREIGN KEY ${reference} NOT VALID`);

    it("lets one over a new column through, which live code leaves at NULL, and none over one that it writes", async () => {
      expect(await adding("(lead) REFERENCES owners ON DELETE SET NULL")).toEqual({ problems: [], cautions: [] });
      for (const other of ["(owner) REFERENCES owners", "(lead, owner) REFERENCES pairs (a, b)"])
        expect((await adding(other)).problems).toEqual([expect.stringContaining("refuses what live code may write")]);
    });

    it.each([
      ["CREATE TABLE x (p uuid REFERENCES projects)", "deleting a row of projects that"],
      ["CREATE TABLE x (p uuid, FOREIGN KEY (p) REFERENCES projects ON DELETE RESTRICT)", "deleting a row of projects"],
      ["CREATE TABLE x (p uuid); ALTER TABLE x ADD FOREIGN KEY (p) REFERENCES projects", "deleting a row of projects"],
    ])("warns where rows of the new release keep live code from deleting its own: %s", async (script, caution) => {
      expect(await found(script)).toEqual({ problems: [], cautions: [expect.stringContaining(caution)] });
      expect(await found(`-- contract: level 1\n${script}`)).toEqual({ problems: [], cautions: [] });
    });

    it("warns of one over a new column too, and of none that takes its rows along", async () => {
      const { cautions } = await adding("(lead) REFERENCES owners");
      expect(cautions).toEqual([
        expect.stringContaining("deleting a row of owners that a row of the new release refers to"),
      ]);
      expect((await found("CREATE TABLE x (p uuid REFERENCES projects ON DELETE CASCADE)")).cautions).toEqual([]);
      expect(
        (await found("CREATE TABLE x (id uuid PRIMARY KEY); CREATE TABLE y (x uuid REFERENCES x)")).cautions,
      ).toEqual([]);
    });
  });

  it.each([
    ["a gap", ["0001_a.sql", "0003_c.sql"], "0003_c.sql is not next in order"],
    ["a name out of form", ["1-first.sql", "0002_b.sql"], "1-first.sql is not next in order"],
  ])("refuses %s", async (_, names, problem) => {
    const files = names.map((name) => ({ name, script: "SELECT 1" }));
    expect(await migrationProblems(files, { release: at(2), live: undefined })).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  it("refuses a release whose level is not the one that its migrations reach", async () => {
    const problems = await migrationProblems(named([FIRST]), { release: at(2), live: undefined });
    expect(problems).toEqual(["the migrations reach level 1, but sparki:release.schema.level is 2"]);
  });

  it("finds nothing wrong with the stand-in application's own, from an empty database and one by one", async () => {
    const folder = join(import.meta.dirname, "../../../rehearsal/app/migrations");
    const files = readdirSync(folder).map((name) => ({ name, script: readFileSync(join(folder, name), "utf8") }));
    for (const live of [undefined, at(1), at(2)])
      expect(await migrationProblems(files, { release: at(files.length), live })).toEqual([]);
  });
});
