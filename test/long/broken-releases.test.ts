import { makeRuns, type Runs, reportIn, type SparkiRun, sparki } from "../support/sparki.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const digest = (reference: string) => reference.slice(reference.indexOf("sha256:"));
const PROBE = "Readiness probe failed: HTTP probe failed with statuscode: 404";

let runs: Runs;

/** Two releases are promoted, and each of the third ones is deployed over the second. */
beforeAll(async () => {
  runs = makeRuns();
  const args = ["rehearse", "upgrade", "--on-promoted", "--json", "--time-scale", "0.004"];
  expect(reportIn(await sparki(args, runs))).toMatchObject({ outcome: "promoted" });
});
afterAll(() => runs.remove());

/** A third deployment whose readiness probe asks a path that is not there. */
describe.each([
  ["chart-broken", "by the engine's chart"],
  ["value-broken", "by a value in the config"],
  ["release-broken", "by both, with new images"],
])("sparki rehearse %s --json, a third release that is never ready %s (W31)", (scenario) => {
  let run: SparkiRun;
  let report: ReturnType<typeof reportIn>;

  beforeAll(async () => {
    run = await sparki(["rehearse", scenario, "--resume", "--json"], runs);
    report = reportIn(run);
  });

  it("ends with exit 1, rolled back, and the probe's own answer on the first line of the report", () => {
    expect({ exitCode: run.exitCode, outcome: report.outcome }).toEqual({ exitCode: 1, outcome: "rolled-back" });
    expect(report.reason.startsWith(PROBE)).toBe(true);
    const first = run.stderr.split("\n").find((line) => line.startsWith(`${scenario}: `));
    expect(first).toContain(`${scenario}: rolled-back (exit 1): ${PROBE} (engine-one-box-`);
  });

  it("pages nobody, and tells Slack the same on a message's first line", () => {
    expect(report.decisions.filter(({ page }) => page)).toEqual([]);
    const [title] = report.notifications.at(-1)?.text.split("\n") ?? [];
    expect(title).toContain(`deployment rolled back: ${PROBE} (engine-one-box-`);
    expect(report.notifications.map(({ text }) => text).join("\n")).not.toContain("investigate now");
  });

  it("runs what was promoted on every track, and proves its objects, not only its images", () => {
    const { images, id } = report.previous ?? report.release;
    expect(id).toMatch(/-next$/);
    const tracks = (image = "") => ({ oneBox: [digest(image)], fleet: [digest(image)] });
    expect(report.live).toEqual({ engine: tracks(images.engine), web: tracks(images.web) });
    const proof = report.rollback?.gates.filter(({ gate }) => gate === "rollback") ?? [];
    expect(proof.map(({ objective, verdict }) => `${objective}: ${verdict}`)).toEqual([
      "running digests: pass",
      "objects as promoted: pass",
      "errors: pass",
    ]);
  });

  it("touches no fleet on the rollback, because none had changed", () => {
    const touched = report.rollback?.steps.filter(({ op }) => op !== "same").map(({ name }) => name) ?? [];
    expect(touched).toContain("engine-one-box");
    expect(touched.filter((name) => name.endsWith("-fleet") || name.startsWith("web"))).toEqual([]);
  });

  it("leaves nothing frozen: the state is whole, and as the world is", () => {
    expect(report.rollback?.verdict).toBe("pass");
    expect(report.world).toMatchObject({ orphans: 0, duplicates: 0, drift: 0, findings: [] });
    expect(runs.processes()).toEqual([]);
  });
});
