import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

/** That no request is lost meanwhile is in test/engine/rolling-update.test.ts, at a pace that keeps the order of all waits. */
describe("sparki rehearse kubernetes-upgrade", () => {
  let runs: Runs;
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    runs = makeRuns();
    const args = ["rehearse", "kubernetes-upgrade", "--stack", "staging", "--json", "--time-scale", "0.004"];
    run = await sparki(args, runs);
    report = reportIn(run);
  });
  afterAll(() => runs.remove());

  it("updates the cluster alone, under the gates, and leaves no drift and no process", () => {
    expect({ exitCode: run.exitCode, outcome: report.outcome, reason: report.reason }).toMatchObject({
      exitCode: 0,
      outcome: "promoted",
    });
    const changed = report.steps.filter(({ op, type }) => op !== "same" && type.startsWith("aws:"));
    expect(changed.map(({ name, op }) => `${op} ${name}`)).toEqual(["update cluster-eks-eksCluster"]);
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(runs.processes()).toEqual([]);
  });

  it("begins with the API server of the version before, and replaces it by the config's, controllers and scheduler too", () => {
    for (const program of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
      const log = readFileSync(join(runs.directory, "staging", "logs", `${program}.log`), "utf8");
      const versions = [...log.matchAll(/(?:Version: |"Starting[^"]*" version=")v(1\.\d+)\.\d+/g)].map(
        ([, version]) => version,
      );
      expect({ program, versions }).toEqual({ program, versions: ["1.34", "1.35"] });
    }
  });
});
