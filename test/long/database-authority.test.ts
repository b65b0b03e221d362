import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

/** The authorities are the rehearsal's own; PostgreSQL, its certificates and its clients' trust are real. */
describe("sparki rehearse database-authority", () => {
  let runs: Runs;
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    runs = makeRuns();
    const args = ["rehearse", "database-authority", "--stack", "staging", "--json", "--time-scale", "0.004"];
    run = await sparki(args, runs);
    report = reportIn(run);
  });
  afterAll(() => runs.remove());

  it("promotes a release whose pods all connect by the next authority's certificate", () => {
    expect({ exitCode: run.exitCode, outcome: report.outcome, reason: report.reason }).toMatchObject({
      exitCode: 0,
      outcome: "promoted",
    });
    const changed = report.steps.filter(({ op, type }) => op !== "same" && type.startsWith("aws:"));
    expect(changed).toEqual([]);
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(runs.processes()).toEqual([]);
  });

  it("loses none of its users' requests", () => {
    expect(report.users?.requests).toBeGreaterThan(100);
    expect(report.users?.lost).toBe(0);
  });
});
