import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

describe("sparki rehearse tls-policy", () => {
  let runs: Runs;
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    runs = makeRuns();
    run = await sparki(["rehearse", "tls-policy", "--stack", "staging", "--json", "--time-scale", "0.004"], runs);
    report = reportIn(run);
  });
  afterAll(() => runs.remove());

  it("updates the listener alone, under the gates, and leaves no drift and no process", () => {
    expect({ exitCode: run.exitCode, outcome: report.outcome, reason: report.reason }).toMatchObject({
      exitCode: 0,
      outcome: "promoted",
    });
    const changed = report.steps.filter(({ op, type }) => op !== "same" && type.startsWith("aws:"));
    expect(changed.map(({ name, op }) => `${op} ${name}`)).toEqual(["update edge-lb-https"]);
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(runs.processes()).toEqual([]);
  });

  it("loses none of its users' requests", () => {
    expect(report.users?.requests).toBeGreaterThan(100);
    expect(report.users?.lost).toBe(0);
  });
});
