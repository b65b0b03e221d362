import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { makeRuns, type Runs, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

const ROOT = join(import.meta.dirname, "..", "..");

describe("sparki rehearse upgrade --from", () => {
  let runs: Runs;
  beforeEach(() => {
    runs = makeRuns();
  });
  afterEach(() => runs.remove());

  /** Rehearses until stderr has come to a moment, and interrupts it there. */
  async function until(moment: string, from: string) {
    let isBegun = false;
    const args = ["rehearse", "upgrade", "--from", from, "--json", "--time-scale", "0.004"];
    const run = await sparki(args, runs, ({ stderr }, child) => {
      if (isBegun || !stderr.includes(moment)) return;
      isBegun = true;
      child.kill("SIGINT");
    });
    expect({ isBegun, exitCode: run.exitCode }).toEqual({ isBegun: true, exitCode: 4 });
    expect(run.stderr).toMatch(/interrupted/i);
    return run;
  }

  // What follows on that, an upgrade to what is here, is rehearsed in test/long/third-service.test.ts.
  it("deploys first what a config file says is live (W38)", async () => {
    const document = parseDocument(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8"));
    document.setIn(["config", "sparki:release", "id"], "what-is-live");
    document.setIn(["config", "sparki:network", "cidr"], "10.77.0.0/16");
    const file = join(runs.directory, "live.yaml");
    writeFileSync(file, document.toString());
    const { stderr } = await until("create Vpc network-vpc", file);
    expect(stderr).toContain("preview what-is-live");
    const { resources } = JSON.parse(readFileSync(join(runs.directory, "prod", "world.json"), "utf8"));
    const vpcs = resources.filter(({ type }: { type: string }) => type === "aws:ec2/vpc:Vpc");
    expect(vpcs).toMatchObject([{ inputs: { cidrBlock: "10.77.0.0/16" } }]);
  });

  it("begins from a git commit's own config, program and charts, also in the sealed copy that it runs from", async () => {
    await until("• preflight", "HEAD");
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
