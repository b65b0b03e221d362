import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { STATEMENT_RULES } from "../../../runbook/preflight/migration-rules.ts";
import { migrationProblems } from "../../../runbook/preflight/migrations.ts";
import { configWith } from "../../support/preflight.ts";

const { release } = configWith({});
const at = (level: number, oldest = 1) => ({ ...release, schema: { level, oldest } });
const named = (scripts: readonly string[]) =>
  scripts.map((script, index) => ({ name: `000${index + 1}_step.sql`, script }));
const FIRST = "CREATE TABLE projects (id uuid PRIMARY KEY, name text);";
/** The problems of a second migration, run beside code of the first. */
const second = (script: string, schema: { oldest?: number; live?: number } = {}) =>
  migrationProblems(named([FIRST, script]), { release: at(2, schema.oldest), live: at(schema.live ?? 1) });

describe("migrationProblems", () => {
  it.each([
    "ALTER TABLE projects ADD COLUMN owner text",
    "ALTER TABLE projects ADD COLUMN type text, ALTER COLUMN type SET DEFAULT 'x'",
    "ALTER TABLE projects ADD COLUMN state text NOT NULL DEFAULT 'new'",
    "ALTER TABLE projects ADD created_at timestamptz NOT NULL DEFAULT now()",
    "CREATE INDEX CONCURRENTLY projects_by_name ON projects (name)",
    "ALTER TABLE projects ADD CONSTRAINT named CHECK (name <> '') NOT VALID",
    "ALTER TABLE projects VALIDATE CONSTRAINT named",
    "ALTER TABLE projects ADD CONSTRAINT one UNIQUE USING INDEX projects_by_name",
    "ALTER TABLE projects DROP CONSTRAINT named",
    "ALTER TABLE projects ALTER COLUMN name DROP NOT NULL",
    "DELETE FROM projects WHERE name = ''",
    "DROP INDEX CONCURRENTLY projects_by_name",
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
    "WITH old AS (SELECT id FROM projects FOR UPDATE) DELETE FROM projects USING old WHERE projects.id = old.id",
    "INSERT INTO projects (name) VALUES ('a') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "ALTER TABLE projects ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
  ])("lets through: %s", (script) => {
    expect(second(script)).toEqual([]);
  });

  it.each([
    ["DROP TABLE projects", "drops what it names"],
    ["drop view if exists p", "drops what it names"],
    ["ALTER TABLE projects DROP COLUMN name", "drops a column"],
    ["ALTER TABLE projects DROP name", "drops a column"],
    ["ALTER TABLE projects ALTER COLUMN name DROP DEFAULT", "drops a default"],
    ["TRUNCATE projects", "empties a table"],
    ["DELETE FROM projects", "deletes every row"],
    ["DELETE FROM projects WHERE true", "deletes every row"],
    ["WITH x AS (DELETE FROM projects RETURNING 1) SELECT 1 WHERE 1 = 1", "deletes every row"],
    ["WITH x AS (SELECT 1) DELETE FROM projects", "deletes every row"],
    ["UPDATE projects SET name = NULL", "overwrites every row"],
    ["WITH x AS (UPDATE projects SET name = NULL RETURNING 1) SELECT 1", "overwrites every row"],
    ["SELECT E'it\\'s'; DROP TABLE projects; SELECT 'x'", "drops what it names"],
    ["/* /* /* */ */ */ DROP TABLE projects", "drops what it names"],
    ["/* /* */ ' */ DROP TABLE projects; SELECT 'x'", "drops what it names"],
    [`COMMENT ON COLUMN projects."it's" IS NULL; DROP TABLE projects; SELECT 'x'`, "drops what it names"],
    ["CREATE TABLE IF NOT EXISTS projects (id int); ALTER TABLE projects DROP COLUMN name", "drops a column"],
    ["CREATE TABLE IF NOT EXISTS owners (id int); ALTER TABLE owners DROP COLUMN id", "drops a column"],
    ['CREATE TABLE "app"."owners" (id int); ALTER TABLE "app"."projects" DROP COLUMN id', "drops a column"],
    ["ALTER TABLE projects RENAME TO old; CREATE TABLE projects (id int)", "renames what live code names"],
    ["ALTER TABLE projects SET SCHEMA old", "renames what live code names"],
    ["ALTER TABLE projects RENAME COLUMN name TO title", "renames what live code names"],
    ["ALTER TABLE projects RENAME TO works", "renames what live code names"],
    ["ALTER TABLE projects ALTER COLUMN name TYPE varchar(9)", "changes a column's type"],
    ["ALTER TABLE projects ALTER name SET DATA TYPE varchar(9)", "changes a column's type"],
    ["ALTER TABLE projects ALTER COLUMN name SET NOT NULL", "refuses what live code may insert"],
    ["ALTER TABLE projects ADD COLUMN owner text NOT NULL", "adds a column that live code does not fill"],
    ["ALTER TABLE ONLY projects\n  ADD owner text\n  NOT NULL", "adds a column that live code does not fill"],
  ])("refuses, unless it is marked as a contraction that is due: %s", (script, what) => {
    const problems = second(script);
    expect(problems).toEqual([expect.stringContaining(what)]);
    expect(problems[0]).toMatch(/^0002_step\.sql: /);
    const marked = `-- contract: level 1\n${script};`;
    expect(second(marked, { oldest: 1, live: 1 })).toEqual([]);
  });

  it.each([
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
    ["ALTER TABLE projects SET TABLESPACE fast", "maintenance window"],
    ["VACUUM FULL projects", "leave it out"],
    ["LOCK TABLE projects", "leave it out"],
    ["REINDEX TABLE projects", "CONCURRENTLY"],
    ["REFRESH MATERIALIZED VIEW p", "CONCURRENTLY"],
  ])("refuses what locks a table, marked or not: %s", (script, instead) => {
    expect(second(script)).toEqual([expect.stringContaining(instead)]);
    expect(second(`-- contract: level 1\n${script}`)).toHaveLength(1);
  });

  it.each([
    "DO $$ BEGIN DROP TABLE projects; END $$",
    "DO LANGUAGE plpgsql 'BEGIN DROP TABLE projects; END'",
    "CALL emptied()",
  ])("refuses what hides its statements, marked or not: %s", (script) => {
    expect(second(script)).toEqual([expect.stringContaining("write its statements out")]);
    expect(second(`-- contract: level 1\n${script}`)).toHaveLength(1);
  });

  it("reads a comment that never ends in no time", () => {
    expect(second(`/* ${"/* */ ".repeat(10_000)}`)).toEqual([]);
  });

  it("judges each action of a statement by itself", () => {
    const script = "ALTER TABLE projects ADD a numeric(4, 2) NOT NULL DEFAULT 0, ADD b int NOT NULL, DROP name";
    expect(second(script)).toEqual([expect.stringContaining("ADD b int"), expect.stringContaining("DROP name")]);
  });

  it.each(STATEMENT_RULES)("refuses the page's own example: $example", ({ example, what }) => {
    expect(second(example)).toEqual([expect.stringContaining(what)]);
  });

  it.each([
    ["contracts to what it makes itself", "-- contract: level 2\nDROP TABLE projects", { oldest: 2 }, /expand first/],
    [
      "contracts further than the release says",
      "-- contract: level 1\nDROP TABLE projects",
      { oldest: 0 },
      /sparki:release.schema.oldest is 0/,
    ],
  ])("refuses a contraction that %s", (_, script, schema, message) => {
    expect(second(script, schema)).toEqual([expect.stringMatching(message)]);
  });

  it("refuses a contraction while older code still serves, and lets it through afterwards", () => {
    const files = named([
      FIRST,
      "ALTER TABLE projects ADD COLUMN title text",
      "-- contract: level 2\nALTER TABLE projects DROP name",
    ]);
    const problems = (live: number) => migrationProblems(files, { release: at(3, 2), live: at(live) });
    expect(problems(1)).toEqual([
      expect.stringContaining("0003_step.sql is not due: 2026.11.1, which serves now, is code of level 1"),
    ]);
    expect(problems(2)).toEqual([]);
  });

  it.each([
    ["a gap", ["0001_a.sql", "0003_c.sql"], "0003_c.sql is not next in order"],
    ["a name out of form", ["1-first.sql", "0002_b.sql"], "1-first.sql is not next in order"],
  ])("refuses %s", (_, names, problem) => {
    const files = names.map((name) => ({ name, script: "SELECT 1" }));
    expect(migrationProblems(files, { release: at(2), live: undefined })).toEqual([expect.stringContaining(problem)]);
  });

  it("refuses a release whose level is not the one that its migrations reach", () => {
    const problems = migrationProblems(named([FIRST]), { release: at(2), live: undefined });
    expect(problems).toEqual(["the migrations reach level 1, but sparki:release.schema.level is 2"]);
  });

  it("finds nothing wrong with the stand-in application's own, from an empty database and one by one", () => {
    const folder = join(import.meta.dirname, "../../../rehearsal/app/migrations");
    const files = readdirSync(folder).map((name) => ({ name, script: readFileSync(join(folder, name), "utf8") }));
    for (const live of [undefined, at(1), at(2)])
      expect(migrationProblems(files, { release: at(files.length), live })).toEqual([]);
  });
});
