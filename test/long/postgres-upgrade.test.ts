import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

/** The version is AWS's model's; the server is one binary, which is stopped for the outage and keeps its data. */
describe("sparki rehearse postgres-upgrade", () => {
  let runs: Runs;
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    runs = makeRuns();
    const args = ["rehearse", "postgres-upgrade", "--stack", "staging", "--json", "--time-scale", "0.004"];
    run = await sparki(args, runs);
    report = reportIn(run);
  });
  afterAll(() => runs.remove());

  it("upgrades the instance in place between its new parameters and the end of the old ones", () => {
    expect({ exitCode: run.exitCode, outcome: report.outcome, reason: report.reason }).toMatchObject({
      exitCode: 0,
      outcome: "promoted",
    });
    const changed = report.steps.filter(({ op, type }) => op !== "same" && type.startsWith("aws:"));
    const names = new Set(changed.map(({ name }) => name));
    expect([...names].sort()).toEqual(["database-instance", "database-parameters"]);
    expect(changed.filter(({ name }) => name === "database-instance").map(({ op }) => op)).toEqual(["update"]);
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(runs.processes()).toEqual([]);
  });

  it("has no users in its window", () => {
    expect(report.users).toEqual({ requests: 0, lost: 0 });
  });

  it("warned in preflight of the outage, and of what alone undoes it", () => {
    const check = report.preflight?.checks.find(({ id }) => id === "database-version");
    expect(check).toMatchObject({
      status: "warn",
      reason: expect.stringContaining("only snapshot before-the-upgrade"),
    });
  });

  it("keeps every row", () => {
    const rows = Object.entries(report.inside?.rows ?? {}).filter(([table]) => table.endsWith("projects"));
    expect(rows.map(([, count]) => count > 0)).toEqual([true]);
  });
});
