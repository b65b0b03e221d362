import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { openNetwork } from "../../../io/network.ts";
import type { CopyUpgrades, DatabaseCopies, Question } from "../../../io/restored-copies.ts";
import { type DrillRun, runDrill } from "../../../runbook/drill/drill-run.ts";
import { databaseUpgrade } from "../../../runbook/drill/upgrade-trial.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { runSparki } from "../../support/command-line.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { configWith, fakeContext } from "../../support/preflight.ts";
import { DRILL_NOW, drillSubject, fakeCopies, goodAnswers } from "../../support/restored-copies.ts";

describe("sparki drill", () => {
  it.each([
    [["drill"], "SPARKI_USAGE"],
    [["drill", "fire"], "SPARKI_USAGE"],
    [["drill", "restore", "twice"], "SPARKI_USAGE"],
    [["drill", "restore", "--snapshot", "a;b"], "SPARKI_USAGE"],
    [["drill", "restore", "--point-in-time", "yesterday"], "SPARKI_USAGE"],
    [["drill", "restore", "--snapshot", "a", "--point-in-time", "latest"], "SPARKI_USAGE"],
    [["drill", "restore", "--limit", "0"], "SPARKI_USAGE"],
    [["drill", "restore", "caches"], "SPARKI_USAGE"],
    [["drill", "restore", "cache", "twice"], "SPARKI_USAGE"],
    [["drill", "restore", "cache", "--point-in-time", "latest"], "SPARKI_USAGE"],
    [["drill", "restore", "cache"], "SPARKI_USAGE"],
    [["drill", "restore", "--upgrade-to", "18"], "SPARKI_USAGE"],
    [["drill", "restore", "--upgrade-to", "18.1;"], "SPARKI_USAGE"],
    [["drill", "restore", "cache", "--upgrade-to", "18.1"], "SPARKI_USAGE"],
    [["drill", "restore", "--stack", "nowhere"], "SPARKI_CONFIG"],
    // Nobody can be asked, and nobody has agreed.
    [["drill", "restore"], "SPARKI_USAGE"],
  ])("ends with 2 for %j, before it asks anybody", async (argv, code) => {
    const { exitCode, out } = await runSparki([...argv, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
  });

  it("teaches what it makes, what it costs and how it ends", async () => {
    const { exitCode, out } = await runSparki(["drill", "--help"]);
    expect(exitCode).toBe(0);
    for (const words of [
      "temporary instance",
      "what that costs",
      "drill.yaml",
      "--abandoned",
      "Exit codes: 0 restored",
    ])
      expect(out.replaceAll(/\s+/g, " ")).toContain(words);
  });
});

describe("runDrill", () => {
  let folder: string;
  let file: string;
  const unchanged = readFileSync(join(import.meta.dirname, "../../../Pulumi.prod.yaml"), "utf8");
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-drill-run-"));
    file = join(folder, "Pulumi.prod.yaml");
    writeFileSync(file, unchanged);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(parts: Parameters<typeof fakeCopies>[0] = {}, own: Partial<DrillRun<Question>> = {}) {
    const stderr = new PassThrough();
    const written = text(stderr);
    const copies = fakeCopies(parts);
    const network = openNetwork({});
    const env = { PULUMI_OPTION_CONFIG_FILE: file };
    const output = openOutput(stderr);
    const clock = fakeClock(DRILL_NOW);
    const ports = { stdout: output, stderr: output, clock, env, cwd: folder, signal: new AbortController().signal };
    const asked: string[] = [];
    const ended = await runDrill({
      ...{ stack: "prod", config: configWith({}), subject: await drillSubject(), copies, ports },
      ...{ wanted: { newest: true }, limitMinutes: 120, isAbandoned: false, isRehearsal: false },
      opened: { context: { ...fakeContext(), slackSecrets: async () => ({}) }, network, close: () => network.close() },
      screen: plainScreen(stderr),
      agree: async (question) => void asked.push(question),
      ...own,
    }).finally(() => network.close());
    stderr.end();
    return { ...ended, asked, calls: copies.calls, told: await written, json: Object(ended.json) };
  }

  it("asks, tells the price first, and writes the record of a drill that passed", async () => {
    const { exitCode, json, asked, told } = await run();
    expect(exitCode).toBe(0);
    expect(asked).toEqual(["Make this temporary instance?"]);
    expect(told.replaceAll(/\s+/g, " ")).toMatch(/It costs about \d\.\d\d USD an hour/);
    const record = {
      on: "2026-11-28",
      by: expect.stringContaining("sparki drill restore"),
      snapshot: json.source.snapshot,
    };
    expect(json).toMatchObject({ outcome: "passed", removed: true, leftoversRemoved: [], record, notifications: [] });
    expect(readFileSync(file, "utf8")).toContain('restoreTest: { "on": "2026-11-28", by: ');
  });

  it("tries an upgrade on the copy alone, says so before it asks, and records what it measured", async () => {
    const begun: string[] = [];
    const upgrade = databaseUpgrade({ from: "17.6", to: "18.1" });
    const none = [...upgrade.before, ...upgrade.live].map(({ id }) => ({ id, value: '{"count": 0, "names": []}' }));
    const upgrades: CopyUpgrades = {
      liveVersion: async () => "17.6",
      begin: async (name, version) => void begun.push(`${name} ${version}`),
      state: async () => ({ status: "available", version: "18.1", isPending: false, events: ["completed"] }),
      refusalLog: async () => [],
      watch: async () => ({ end: async () => [{ from: DRILL_NOW, until: DRILL_NOW + 579.2 }] }),
    };
    const query: DatabaseCopies["query"] = async () => [...goodAnswers(), ...none];
    const { exitCode, json, told } = await run({ upgrades, query }, { upgrade });
    expect({ exitCode, begun }).toEqual({ exitCode: 0, begun: ["sparki-prod-drill-20261128120000 18.1"] });
    expect(told.replaceAll(/\s+/g, " ")).toContain(
      "AWS then upgrades that instance, and nothing else, to PostgreSQL 18.1",
    );
    expect(json.record.upgrade).toEqual({ to: "18.1", on: "2026-11-28", outageSeconds: 580 });
    expect(readFileSync(file, "utf8")).toContain('upgrade: { to: "18.1", "on": "2026-11-28", outageSeconds: 580 } }');
  });

  it("writes the cache's record beside the database's, and drills it under a name that ElastiCache takes", async () => {
    const { exitCode, json } = await run({}, { subject: { ...(await drillSubject()), of: "cache" } });
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ of: "cache", instance: "sparki-prod-cache-drill-2611281200", removed: true });
    expect(readFileSync(file, "utf8")).toContain(
      'cacheRestoreTest: { "on": "2026-11-28", by: "sparki drill restore cache, run by ',
    );
  });

  it.each(["SPARKI_USAGE", "SPARKI_OUTSIDE"] as const)(
    "makes nothing and tells nobody without a person's yes (%s)",
    async (code) => {
      const refused = async () => {
        throw new DeployError(code, "not confirmed, or Ctrl-C at the prompt");
      };
      const copies = fakeCopies();
      await expect(run({}, { agree: refused, copies })).rejects.toMatchObject({ code });
      expect(copies.calls).toEqual([]);
      expect(readFileSync(file, "utf8")).toBe(unchanged);
    },
  );

  it.each([
    ["a broken backup", { query: async () => goodAnswers({ detections: null }) }, 1],
    ["no backup", { newestSnapshot: async () => undefined }, 1],
    [
      "AWS that does not answer",
      { newestSnapshot: async () => Promise.reject(new DeployError("SPARKI_OUTSIDE", "no")) },
      4,
    ],
    [
      "one that may still run",
      { leftovers: async () => [{ name: "sparki-prod-drill-0", until: DRILL_NOW + 60, by: "eve" }] },
      4,
    ],
    ["no answer", { query: async () => [] }, 3],
    ["a copy that cannot be deleted", { remove: async () => Promise.reject(new Error("no")) }, 4],
  ])("writes no record of %s, and tells Slack", async (_, parts, code) => {
    const { exitCode, json } = await run(parts);
    expect(exitCode).toBe(code);
    expect(json.record).toBeNull();
    expect(json.notifications).toHaveLength(1);
    expect(json.notifications[0]).toMatchObject({ channel: configWith({}).contacts.database.channel });
    expect(readFileSync(file, "utf8")).toBe(unchanged);
  });

  it("does not pass where the record cannot be written, and says what to write", async () => {
    const ports = { PULUMI_OPTION_CONFIG_FILE: join(folder, "gone.yaml") };
    file = ports.PULUMI_OPTION_CONFIG_FILE;
    const { exitCode, json } = await run();
    expect(exitCode).toBe(4);
    expect(json).toMatchObject({
      record: null,
      failure: { reason: "outside", next: expect.stringContaining('{ "on": "2026-11-28"') },
    });
  });

  it("refuses a backup from before the database's present users, which nothing could read", async () => {
    const config = configWith({});
    const database = { ...config.database, passwordsSince: "2026-11-29" };
    const copies = fakeCopies();
    await expect(run({}, { config: { ...config, database }, copies })).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      hint: expect.stringContaining("--point-in-time latest"),
    });
    expect(copies.calls).toEqual([]);
  });
});
