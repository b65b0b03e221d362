import { join } from "node:path";
import { leakedFiles, leakedIn, secretsOf } from "../support/secrets.ts";
import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

jest.setTimeout(300_000);

const digest = (reference: string) => reference.slice(reference.indexOf("sha256:"));

describe.each([
  ["upgrade", 0, "promoted"],
  ["error-spike", 1, "rolled-back"],
  ["bad-image", 1, "rolled-back"],
] as const)("sparki rehearse %s --json", (scenario, exitCode, outcome) => {
  let runs: Runs;
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    runs = makeRuns();
    run = await sparki(["rehearse", scenario, "--json", "--time-scale", "0.004"], runs);
    report = reportIn(run);
  });
  afterAll(() => runs.remove());

  it(`ends ${outcome} with exit ${exitCode} and one JSON document on stdout`, () => {
    expect({ code: run.exitCode, exitCode: report.exitCode, outcome: report.outcome }).toEqual({
      code: exitCode,
      exitCode,
      outcome,
    });
  });

  it("leaves no process, no orphan, no duplicate and no drift", () => {
    expect(runs.processes()).toEqual([]);
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(report.world.resources).toBeGreaterThan(100);
  });

  it("changes nothing on AWS: what is there keeps the tag of the release that made it", () => {
    const onAws = report.steps.filter(({ type }) => type.startsWith("aws:"));
    expect(onAws.length).toBeGreaterThan(100);
    expect(onAws.filter(({ op }) => op !== "same")).toEqual([]);
  });

  it("reports from the Kubernetes API what the fleets and the one-boxes really run", () => {
    const { images } = (outcome === "promoted" ? report.release : report.previous) ?? report.release;
    const tracks = (image: string) => ({ oneBox: [digest(image)], fleet: [digest(image)] });
    expect(report.live).toEqual({ engine: tracks(images.engine), web: tracks(images.web) });
  });

  it("previews under the policies, without a violation", () => {
    expect(report.policy.checked).toBeGreaterThan(500);
    expect(report.policy.violations).toEqual([]);
  });

  it("has no secret in its state, its logs, its world or its output", () => {
    const directory = join(runs.directory, "prod");
    const secrets = secretsOf(directory);
    expect(leakedIn(run.stdout + run.stderr, secrets)).toEqual([]);
    expect(leakedFiles(directory, secrets)).toEqual([]);
  });

  if (outcome === "promoted") {
    it("shows every gate passed, with the counts that it rests on", () => {
      expect(new Set(report.gates.map(({ verdict }) => verdict))).toEqual(new Set(["pass"]));
      const errors = report.gates.filter(({ objective }) => objective === "errors");
      expect(errors.map(({ gate }) => gate)).toEqual(["engine one-box", "web one-box", "engine fleet", "web fleet"]);
      for (const gate of errors) expect(gate.upper).toBeLessThanOrEqual(gate.limit);
    });
  } else {
    it("goes back by itself, and proves within two minutes that the release before serves", () => {
      expect(report.decisions.slice(-2)).toMatchObject([
        { phase: "one-box", action: "rollback" },
        { phase: "rollback", action: "stop", page: false },
      ]);
      expect(report.rollback).toMatchObject({ verdict: "pass", release: { id: report.previous?.id } });
      expect(report.rollback?.reason).toMatch(
        /errors: 0 of \d+ requests bad: at most 0\.0\d+ %, under the limit 0\.1 %/,
      );
      expect(report.timing.rollbackSeconds).toBeLessThan(120);
    });

    it("says why it stopped, and lets nothing past the one-box", () => {
      expect(report.reason).toMatch(scenario === "bad-image" ? /ImagePull/ : /requests bad/);
      const touched = report.steps
        .filter(({ op, status }) => status === "done" && op !== "same")
        .map(({ name }) => name);
      expect(touched).not.toContain("engine-fleet");
      expect(touched).not.toContain("promotion-record");
    });
  }
});
