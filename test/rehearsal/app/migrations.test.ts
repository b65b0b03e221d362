import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadMigrations, withFailure } from "../../../rehearsal/app/migrations.ts";

const OWN = join(import.meta.dirname, "../../../rehearsal/app/migrations");

describe("loadMigrations", () => {
  const directory = mkdtempSync(join(tmpdir(), "sparki-migrations-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("reads the application's own in order, from level 1, without a gap", () => {
    const migrations = loadMigrations(OWN);
    expect(migrations.length).toBeGreaterThanOrEqual(3);
    expect(migrations.map(({ level }) => level)).toEqual(migrations.map((_, index) => index + 1));
  });

  it("finds only statements there that expand the schema", () => {
    const statements = loadMigrations(OWN).flatMap((migration) => migration.statements);
    expect(
      statements.filter((statement) =>
        /\b(DROP|RENAME|TRUNCATE|DELETE)\b(?! CASCADE)/.test(statement.replace("ON DELETE", "")),
      ),
    ).toEqual([]);
  });

  it.each(["0002_gap.sql", "1_short.sql", "0001_Upper.sql"])("refuses %s as the first one", (file) => {
    writeFileSync(join(directory, file), "SELECT 1");
    expect(() => loadMigrations(directory)).toThrow(/expected a name like 0001_/);
    rmSync(join(directory, file));
  });
});

describe("withFailure", () => {
  const migrations = loadMigrations(OWN);

  it("fails in the middle of the named migration and leaves the others as they are", () => {
    const changed = withFailure(migrations, "0002_detections");
    const [first, second, third] = changed;
    expect([first, third]).toEqual([migrations[0], migrations[2]]);
    expect(second?.statements.at(-1)).toBe("SELECT 1 / 0");
    expect(second?.statements[0]).toBe(migrations[1]?.statements[0]);
  });

  it("adds a failing migration after the last where the image has none of that name", () => {
    const added = withFailure(migrations, "9999_owners").at(-1);
    expect(added?.level).toBe(migrations.length + 1);
    expect(added?.statements).toHaveLength(2);
  });
});
