import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { makeRuns, type Runs, reportIn, sparki } from "../support/sparki.ts";

jest.setTimeout(1_200_000);

const ROOT = join(import.meta.dirname, "..", "..");

describe("sparki rehearse upgrade --from", () => {
  let runs: Runs;
  beforeEach(() => {
    runs = makeRuns();
  });
  afterEach(() => runs.remove());

  it("goes from a config file of what is live to what is here, and shows what that changes (W38)", async () => {
    const document = parseDocument(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8"));
    document.setIn(["config", "sparki:release", "id"], "what-is-live");
    document.setIn(["config", "sparki:web", "maxReplicas"], 5);
    const file = join(runs.directory, "live.yaml");
    writeFileSync(file, document.toString());
    const run = await sparki(["rehearse", "upgrade", "--from", file, "--json", "--time-scale", "0.004"], runs);
    const report = reportIn(run);
    expect({ code: run.exitCode, outcome: report.outcome }).toEqual({ code: 0, outcome: "promoted" });
    expect(report.previous?.id).toBe("what-is-live");
    expect(report.steps.filter(({ op }) => op === "create")).toEqual([]);
    const changed = report.steps.filter(({ op }) => op === "update").map(({ name }) => name);
    expect(changed).toEqual(expect.arrayContaining(["web-one-box", "web-fleet", "promotion-record"]));
  });

  it("begins from a git commit's own config, program and charts, also in the sealed copy that it runs from", async () => {
    let isBegun = false;
    const run = await sparki(["rehearse", "upgrade", "--from", "HEAD", "--json"], runs, ({ stderr }, child) => {
      if (isBegun || !stderr.includes("• preflight")) return;
      isBegun = true;
      child.kill("SIGINT");
    });
    expect({ isBegun, exitCode: run.exitCode }).toEqual({ isBegun: true, exitCode: 4 });
    expect(run.stderr).toMatch(/interrupted/i);
  });

  it.each([
    [
      "what is neither a file nor a commit",
      ["upgrade", "--from", "nonsense"],
      "expected a config file, or a git commit",
    ],
    ["a scenario that is no upgrade", ["bad-image", "--from", "HEAD"], "--from goes with the scenario upgrade"],
  ])("refuses %s before anything begins", async (_, args, message) => {
    const { exitCode, stdout } = await sparki(["rehearse", ...args, "--json"], runs);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error.message).toContain(message);
  });
});
