import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadMigrations, withFailure } from "../../../rehearsal/app/migrate.ts";

const OWN = join(import.meta.dirname, "../../../rehearsal/app/migrations");

describe("loadMigrations", () => {
  const directory = mkdtempSync(join(tmpdir(), "sparki-migrations-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("reads the application's own in order, from level 1, without a gap", async () => {
    const migrations = await loadMigrations(OWN);
    expect(migrations.length).toBeGreaterThanOrEqual(3);
    expect(migrations.map(({ level }) => level)).toEqual(migrations.map((_, index) => index + 1));
  });

  it("finds only statements there that expand the schema", async () => {
    const statements = (await loadMigrations(OWN)).map((migration) => migration.script);
    expect(
      statements.filter((statement) =>
        /\b(DROP|RENAME|TRUNCATE|DELETE)\b(?! CASCADE)/.test(statement.replace("ON DELETE", "")),
      ),
    ).toEqual([]);
  });

  it.each([
    ["-- for a page\nCREATE INDEX CONCURRENTLY by_name ON projects (name);\n", true, "by_name"],
    ['DROP INDEX CONCURRENTLY "by name"', true, undefined],
    ["REINDEX (CONCURRENTLY) TABLE projects", true, undefined],
    ["CREATE INDEX CONCURRENTLY a ON b (c); SELECT 1", false, undefined],
    ["CREATE INDEX a ON b (c)", false, undefined],
    ["SELECT 'CREATE INDEX CONCURRENTLY a ON b (c)'", false, undefined],
  ])("knows whether a file runs outside of a transaction: %s", async (script, isConcurrent, index) => {
    writeFileSync(join(directory, "0001_a.sql"), script);
    expect(await loadMigrations(directory)).toMatchObject([{ isConcurrent, index: index && { name: index } }]);
    rmSync(join(directory, "0001_a.sql"));
  });

  it("knows in which schema an index is made: in its table's", async () => {
    writeFileSync(join(directory, "0001_a.sql"), "CREATE INDEX CONCURRENTLY by_name ON app.projects (name)");
    expect(await loadMigrations(directory)).toMatchObject([{ index: { name: "by_name", schema: "app" } }]);
    rmSync(join(directory, "0001_a.sql"));
  });

  it.each(["0002_gap.sql", "1_short.sql", "0001_Upper.sql"])("refuses %s as the first one", async (file) => {
    writeFileSync(join(directory, file), "SELECT 1");
    await expect(loadMigrations(directory)).rejects.toThrow(/expected a name like 0001_/);
    rmSync(join(directory, file));
  });
});

describe("withFailure", () => {
  let migrations: Awaited<ReturnType<typeof loadMigrations>>;
  beforeAll(async () => {
    migrations = await loadMigrations(OWN);
  });

  it("fails in the middle of the named migration and leaves the others as they are", () => {
    const changed = withFailure(migrations, "0002_detections");
    const [first, second, third] = changed;
    expect([first, third]).toEqual([migrations[0], migrations[2]]);
    expect(second?.script).toBe(`${migrations[1]?.script};\nSELECT 1 / 0`);
  });

  it("adds a failing migration after the last where the image has none of that name", () => {
    const added = withFailure(migrations, "9999_owners").at(-1);
    expect(added?.level).toBe(migrations.length + 1);
    expect(added?.script).toMatch(/^CREATE TABLE "9999_owners" .*;\nSELECT 1 \/ 0$/);
  });
});
