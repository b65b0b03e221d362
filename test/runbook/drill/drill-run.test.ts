import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RestoreDrill, TriedUpgrade } from "../../../runbook/drill/drill.ts";
import {
  type DrillRecord,
  drillMessage,
  drillOptions,
  drillText,
  intentText,
  recordOf,
  writeRecord,
} from "../../../runbook/drill/drill-run.ts";
import { drillRestore } from "../../../runbook/drill/restore-drill.ts";
import { stackConfigIn } from "../../../runbook/preflight/stack-file.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { parseConfig } from "../../../stacks/config.ts";
import {
  COPY,
  DRILL_NOW,
  drillPlan,
  drillPorts,
  fakeCopies,
  goodAnswers,
  SNAPSHOT,
  SOURCE,
} from "../../support/restored-copies.ts";
import { rawConfig } from "../../support/stack-config.ts";

const asked = (options: Readonly<Record<string, string | boolean>> = {}, args: readonly string[] = ["restore"]) =>
  drillOptions(args, { limit: "120", ...options });

describe("drillOptions", () => {
  it("means the newest snapshot where nothing else is said", () => {
    expect(asked()).toEqual({
      of: "database",
      wanted: { newest: true },
      limitMinutes: 120,
      isAbandoned: false,
    });
  });

  it("restores the cache where it is named, and by no moment", () => {
    expect(asked({}, ["restore", "cache"]).of).toBe("cache");
    expect(asked({}, ["restore", "database"]).of).toBe("database");
    const snapshot = "automatic.sparki-prod-cache-001-2026-11-28-02-00";
    expect(asked({ snapshot }, ["restore", "cache"]).wanted).toEqual({ snapshot });
    expect(() => asked({ pointInTime: "latest" }, ["restore", "cache"])).toThrow(/for the database/);
    expect(() => asked({}, ["restore", "queue"])).toThrow(/expected database or cache/);
  });

  it("takes a snapshot, a moment and a limit", () => {
    const snapshot = "rds:sparki-prod-database-2026-11-28-03-09";
    expect(asked({ snapshot }).wanted).toEqual({ snapshot });
    expect(asked({ pointInTime: "latest" }).wanted).toEqual({ pointInTime: "latest" });
    const seconds = Date.UTC(2026, 10, 28, 10, 30) / 1000;
    for (const pointInTime of ["2026-11-28T10:30Z", "2026-11-28T10:30:00.000Z", "2026-11-28T12:30:00+02:00"])
      expect(asked({ pointInTime }).wanted).toEqual({ pointInTime: seconds });
    expect(asked({ limit: "5", abandoned: true })).toMatchObject({ limitMinutes: 5, isAbandoned: true });
  });

  it.each([
    { snapshot: "a", pointInTime: "latest" },
    { snapshot: "" },
    { snapshot: "$(reboot)" },
    { snapshot: "-x" },
    { snapshot: "a--b" },
    { snapshot: "a".repeat(256) },
    { pointInTime: "yesterday" },
    { pointInTime: "2026-11-28" },
    { pointInTime: "2026-11-28T10:30" },
    { pointInTime: "2026-02-30T10:30Z" },
    { pointInTime: "2026-13-01T10:30Z" },
    { limit: "0" },
    { limit: "1441" },
    { limit: "soon" },
    { limit: "-5" },
  ])("refuses %j as usage", (options) => {
    expect(() => asked(options)).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", hint: "npx sparki drill --help" }),
    );
  });

  it("refuses another drill", () => {
    for (const what of [undefined, "fire"])
      expect(() => drillOptions([what], { limit: "120" })).toThrow(/expected restore/);
  });
});

const { paint } = plainScreen(process.stderr);
const config = parseConfig(rawConfig("prod"), "prod");
const drilled = async (parts: Parameters<typeof fakeCopies>[0] = {}) =>
  drillRestore(drillPorts(fakeCopies(parts)), await drillPlan());
const MISSING = { query: async () => goodAnswers({ detections: null, projects: "500" }) };

describe("intentText", () => {
  const intent = {
    ...{
      of: "database" as const,
      stack: "prod",
      name: COPY.name,
      source: SOURCE,
      size: "db.r7g.large",
      limitMinutes: 120,
      now: DRILL_NOW,
    },
    isRehearsal: false,
  };

  it("says what is made, for how long, and what it costs", () => {
    const text = intentText(intent);
    // 0.239 an hour, and 100 GiB at 0.115 a month: 0.2548 an hour, for two hours and the deletion's one.
    expect(text).toContain("about 0.25 USD an hour, 0.76 USD at most");
    for (const part of [
      "rds:sparki-prod-database-2026-11-28-03-09",
      COPY.name,
      "db.r7g.large in one zone with 100 GiB",
    ])
      expect(text).toContain(part);
  });

  it("does not call free what has no price", () => {
    expect(intentText({ ...intent, size: "db.x2g.large" })).toContain("No price of db.x2g.large is known:");
  });

  it("says of the cache which node is made, and what it costs", () => {
    const cache = { ...intent, of: "cache" as const, size: "cache.r7g.large", name: "sparki-prod-cache-drill-1" };
    const text = intentText(cache);
    // 0.219 an hour, for two hours and the deletion's one.
    expect(text).toContain("about 0.22 USD an hour, 0.66 USD at most");
    expect(text).toContain("one node of cache.r7g.large, in the cache's own subnets");
    expect(intentText({ ...cache, size: "cache.x.large" })).toContain("No price of cache.x.large is known:");
  });

  it("says of a rehearsal that it costs nothing", () => {
    expect(intentText({ ...intent, isRehearsal: true })).toContain("It costs nothing in a rehearsal.");
  });
});

describe("drillText", () => {
  it("shows what was measured, each check, and the record", async () => {
    const text = drillText(await drilled(), { on: "2026-11-28", by: "ada", snapshot: "s" }, paint);
    for (const part of [
      "restore drill prod: passed (exit 0)",
      "✓ projects: 500; expected 468 or more",
      "the newest data was 10 h 00 min old",
      "is deleted",
      "sparki:preflight.restoreTest in Pulumi.prod.yaml",
    ])
      expect(text.replaceAll(/\s+/g, " ")).toContain(part);
  });

  it("shows the reason and the next command of one that failed", async () => {
    const text = drillText(await drilled(MISSING), null, paint);
    expect(text).toContain("restore drill prod: failed (exit 1)\nmissing-data: ");
    expect(text).toContain("✗ detections: nothing");
    expect(text).toContain("Next: ");
    expect(text).not.toContain("Recorded");
  });

  it("names the cache, and its own record", async () => {
    const text = drillText(
      { ...(await drilled()), of: "cache" },
      { on: "2026-11-28", by: "ada", snapshot: "s" },
      paint,
    );
    expect(text).toContain("restore drill prod, cache: passed (exit 0)");
    expect(text.replaceAll(/\s+/g, " ")).toContain("sparki:preflight.cacheRestoreTest in Pulumi.prod.yaml");
  });
});

describe("drillMessage", () => {
  it("tells the database's contact of a drill that failed, by name", async () => {
    const message = drillMessage(config, await drilled(MISSING));
    expect(message).toMatchObject({ channel: config.contacts.database.channel });
    expect(message?.text).toContain("@dba-team");
    expect(message?.text).toContain("Reason: missing-data: ");
  });

  it("wakes nobody by name for one that proves nothing", async () => {
    const message = drillMessage(config, await drilled({ query: async () => [] }));
    expect(message?.text).toContain("inconclusive, so it proves nothing");
    expect(message?.text).not.toContain("@dba-team");
  });

  it("tells the infrastructure's contact of the cache's", async () => {
    const message = drillMessage(config, { ...(await drilled(MISSING)), of: "cache" });
    expect(message).toMatchObject({ channel: config.contacts.infrastructure.channel });
    expect(message?.text).toContain("a restore drill of the cache failed: @network-team");
  });

  it("says that something is left which costs money", async () => {
    const remove = async () => {
      throw new Error("no");
    };
    const message = drillMessage(config, await drilled({ remove }));
    expect(message?.text).toContain(`Left behind: ${COPY.name}, which costs money`);
  });

  it("is none of a drill that passed, or that somebody interrupted", async () => {
    expect(drillMessage(config, await drilled())).toBeUndefined();
    const interrupted = await drillRestore(
      drillPorts(fakeCopies(), { signal: AbortSignal.abort() }),
      await drillPlan(),
    );
    expect(drillMessage(config, interrupted)).toBeUndefined();
  });
});

const ROOT = join(import.meta.dirname, "../../..");

const of = (runBy: string, before?: DrillRecord) => ({ runBy, now: DRILL_NOW, before });
const TRIED: TriedUpgrade = {
  ...{ from: "17.6", to: "18.1", outcome: "upgraded", at: "2026-11-28T12:00:00.000Z", seconds: 700 },
  ...{ outageSeconds: 579.4, unmeasured: null, obstacles: [], said: ["upgrade completed"], log: [], checks: [] },
  oldExtensions: [{ name: "pg_trgm", installed: "1.5", offered: "1.6" }],
};

describe("drillText of an upgrade", () => {
  const textOf = async (upgrade: Partial<TriedUpgrade>) => {
    const passed = await drilled();
    return drillText({ ...passed, upgrade: { ...TRIED, ...upgrade } }, null, paint).replaceAll(/\s+/g, " ");
  };

  it("says how long nobody reached the copy, and what to run afterwards", async () => {
    const text = await textOf({});
    expect(text).toContain("PostgreSQL 17.6 → 18.1: upgraded in 11 min 40 s; nobody reached it for 9 min 39 s");
    expect(text).toContain("ALTER EXTENSION pg_trgm UPDATE (1.5, the new server has 1.6)");
    expect(text).toContain("RDS: upgrade completed");
  });

  it("says what is not known", async () => {
    const text = await textOf({ outageSeconds: null, unmeasured: "the pod is gone", oldExtensions: null });
    expect(text).toContain("how long nobody reached it was not measured: the pod is gone");
    expect(text).toContain("which extensions to update is not known");
  });

  it("names each obstacle and shows the log", async () => {
    const obstacle = {
      kind: "reg-columns",
      of: "copy",
      title: "columns of reg* types",
      fix: "drop each column",
    } as const;
    const text = await textOf({
      ...{ outcome: "refused", seconds: null, log: ["public.calls.handler"] },
      obstacles: [{ ...obstacle, count: 3, names: ["a.b.c"], problem: null }],
    });
    expect(text).toContain("✗ columns of reg* types: a.b.c and 2 more");
    expect(text).toContain("log: public.calls.handler");
  });
});

describe("recordOf", () => {
  let passed: RestoreDrill;
  beforeAll(async () => {
    passed = await drillRestore(drillPorts(fakeCopies()), await drillPlan());
  });

  it("names the snapshot, the day and who ran it", () => {
    expect(recordOf(passed, of("ada (laptop)"))).toEqual({
      on: "2026-11-28",
      by: "sparki drill restore, run by ada (laptop)",
      snapshot: SNAPSHOT.id,
    });
    const point = { ...passed, source: { kind: "point", snapshot: null, at: "2026-11-28T11:55:00.000Z" } } as const;
    expect(recordOf(point, of("ada"))?.snapshot).toBe("point in time 2026-11-28T11:55:00.000Z");
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
    for (const part of others) expect(recordOf({ ...passed, ...part }, of("ada"))).toBeUndefined();
  });

  it("tells the upgrade that was tried and its outage, and keeps an earlier one where none was tried", () => {
    const upgrade = { to: "18.1", on: "2026-11-28", outageSeconds: 580 };
    expect(recordOf({ ...passed, upgrade: TRIED }, of("ada"))).toMatchObject({ upgrade });
    const unmeasured = recordOf({ ...passed, upgrade: { ...TRIED, outageSeconds: null } }, of("ada"));
    expect(unmeasured?.upgrade).toEqual({ to: "18.1", on: "2026-11-28" });
    const before = { on: "2026-11-20", by: "eve", snapshot: "s", upgrade: { ...upgrade, on: "2026-11-20" } };
    expect(recordOf(passed, of("ada", before))).toMatchObject({ on: "2026-11-28", upgrade: before.upgrade });
    expect(recordOf({ ...passed, of: "cache" }, of("ada", before))).not.toHaveProperty("upgrade");
  });

  it("holds no line break and is no longer than the config takes", () => {
    const record = recordOf(passed, of(`eve\n${"x".repeat(400)}`));
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
    const upgrade = { to: "18.1", on: "2026-11-28", outageSeconds: 580 };
    writeRecord(file, { ...record, upgrade }, "database");
    const { preflight } = stackConfigIn(readFileSync(file, "utf8"), { file, stack });
    expect(preflight.restoreTest).toEqual({ ...record, upgrade });
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
