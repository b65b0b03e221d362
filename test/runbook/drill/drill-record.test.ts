import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordOf, writeRecord } from "../../../runbook/drill/drill-record.ts";
import { drillRestore, type RestoreDrill } from "../../../runbook/drill/restore-drill.ts";
import { stackConfigIn } from "../../../runbook/preflight/stack-file.ts";
import { DRILL_NOW, drillPlan, drillPorts, fakeCopies, SNAPSHOT } from "../../support/restored-copies.ts";

const ROOT = join(import.meta.dirname, "../../..");

describe("recordOf", () => {
  let passed: RestoreDrill;
  beforeAll(async () => {
    passed = await drillRestore(drillPorts(fakeCopies()), await drillPlan());
  });

  it("names the snapshot, the day and who ran it", () => {
    expect(recordOf(passed, "ada (laptop)", DRILL_NOW)).toEqual({
      on: "2026-11-28",
      by: "sparki drill restore, run by ada (laptop)",
      snapshot: SNAPSHOT.id,
    });
    const point = { ...passed, source: { kind: "point", snapshot: null, at: "2026-11-28T11:55:00.000Z" } } as const;
    expect(recordOf(point, "ada", DRILL_NOW)?.snapshot).toBe("point in time 2026-11-28T11:55:00.000Z");
  });

  it("is of no drill that did not pass, or left something", () => {
    const failure = { reason: "stale-data", message: "old", next: "look" } as const;
    const others: Partial<RestoreDrill>[] = [
      { outcome: "failed" },
      { exitCode: 3 },
      { failure },
      { removed: false },
      { removed: null },
      { source: null },
    ];
    for (const part of others) expect(recordOf({ ...passed, ...part }, "ada", DRILL_NOW)).toBeUndefined();
  });

  it("holds no line break and is no longer than the config takes", () => {
    const record = recordOf(passed, `eve\n${"x".repeat(400)}`, DRILL_NOW);
    expect(record?.by).not.toContain("\n");
    expect(record?.by.length).toBeLessThanOrEqual(128);
  });
});

describe("writeRecord", () => {
  const record = { on: "2026-11-28", by: 'sparki drill restore, run by ada: "x" #1', snapshot: SNAPSHOT.id };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-record-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(["prod", "staging"])("adds to the config of %s, or replaces, that one line and nothing else", (stack) => {
    const file = join(folder, `Pulumi.${stack}.yaml`);
    const before = `${readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")}  # a comment\n`;
    writeFileSync(file, before, { mode: 0o640 });
    for (const on of ["2026-11-27", "2026-11-28"]) {
      writeRecord(file, { ...record, on }, "database");
      const after = readFileSync(file, "utf8");
      const added = after.split("\n").filter((line) => !before.split("\n").includes(line));
      expect(added).toHaveLength(1);
      expect(after.split("\n")).toHaveLength(before.split("\n").length + 1);
      expect(stackConfigIn(after, { file, stack }).preflight.restoreTest).toEqual({ ...record, on });
    }
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it("makes the key where the config has none", () => {
    const file = join(folder, "Pulumi.prod.yaml");
    writeFileSync(
      file,
      readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8").replace(/ {2}sparki:preflight:\n(?: {4}.*\n)+/, ""),
    );
    writeRecord(file, record, "database");
    expect(stackConfigIn(readFileSync(file, "utf8"), { file, stack: "prod" }).preflight).toEqual({
      restoreTest: record,
    });
  });

  it.each([
    [
      "before others",
      '    restoreTest:\n      "on": "2026-01-01"\n      by: ada # then\n      snapshot: none\n    checkout: ../sparki\n',
    ],
    [
      "after others",
      "    checkout: ../sparki\n    restoreTest:\n      by: ada\n      snapshot: none\n      on: 2026-01-01\n",
    ],
    ["without a value", "    restoreTest:\n    checkout: ../sparki\n"],
  ])("replaces a record on lines of its own %s", (_, lines) => {
    const file = join(folder, "Pulumi.prod.yaml");
    const whole = readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8");
    const preflight = / {2}sparki:preflight:\n(?: {4}.*\n)+/;
    writeFileSync(file, whole.replace(preflight, `  sparki:preflight:\n${lines}`));
    writeRecord(file, record, "database");
    const after = readFileSync(file, "utf8");
    expect(stackConfigIn(after, { file, stack: "prod" }).preflight).toEqual({
      checkout: "../sparki",
      restoreTest: record,
    });
    expect(after.split("\n")).toHaveLength(whole.split("\n").length - 1);
  });

  it("adds to a key that is written on one line, and leaves alone what it cannot add to", () => {
    const file = join(folder, "Pulumi.prod.yaml");
    const whole = readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8");
    const preflight = / {2}sparki:preflight:\n(?: {4}.*\n)+/;
    writeFileSync(file, whole.replace(preflight, "  sparki:preflight: { checkout: ../sparki } # beside\n"));
    writeRecord(file, record, "database");
    const after = readFileSync(file, "utf8");
    expect(stackConfigIn(after, { file, stack: "prod" }).preflight).toEqual({
      checkout: "../sparki",
      restoreTest: record,
    });
    expect(after).toContain(" # beside\n");
    for (const odd of [
      "config: []\n",
      "config:\n  sparki:preflight: none\n",
      "config:\n  sparki:preflight: {}\n",
      "a: [\n",
    ]) {
      writeFileSync(file, odd);
      expect(() => writeRecord(file, record, "database")).toThrow(expect.objectContaining({ code: "SPARKI_OUTSIDE" }));
      expect(readFileSync(file, "utf8")).toBe(odd);
    }
  });

  it("says what to write by hand where it cannot", () => {
    expect(() => writeRecord(join(folder, "gone.yaml"), record, "database")).toThrow(
      expect.objectContaining({
        code: "SPARKI_OUTSIDE",
        hint: expect.stringContaining(`snapshot: "${SNAPSHOT.id}" }`),
      }),
    );
  });
});
