import { join } from "node:path";
import { KUBERNETES_PROGRAMS } from "../../tools/catalog.ts";
import { BEHAVIOUR, sayFigures, TIME_SCALE, upgradeUnderLoad, wholeFleet } from "../support/fleet-load.ts";
import { type ServedEngine, serveEngine, startedVersions } from "../support/served-engine.ts";
import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

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

  it.each(KUBERNETES_PROGRAMS)(
    "begins with the %s of the version before, and replaces it by the config's",
    (program) => {
      expect(startedVersions(join(runs.directory, "staging", "logs"), program)).toEqual(["1.34", "1.35"]);
    },
  );
});

/** At a pace that keeps the order of all waits; the rehearsal above has built the programs of the version before. */
describe("an upgrade from the API server of one version to another's under load", () => {
  let engine: ServedEngine;

  beforeAll(async () => {
    const before = KUBERNETES_PROGRAMS.map((program) => `${program}-1.34`);
    engine = await serveEngine("prod", TIME_SCALE, BEHAVIOUR, before);
    await engine.release("r1");
    await wholeFleet(engine);
  });
  afterAll(() => engine?.stop());

  it("loses no request", async () => {
    const figures = await upgradeUnderLoad(engine, "1.35");
    sayFigures("kubernetes upgrade", "1.34 replaced by 1.35, with every node", figures);
    expect(engine.apiServers()).toEqual(["1.34", "1.35"]);
    expect(figures.failures).toEqual([]);
    expect(figures.requests).toBeGreaterThan(1000);
  });
});
