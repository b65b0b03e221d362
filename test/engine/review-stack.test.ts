import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reviewConfig } from "../../delivery/review-stack.ts";
import type { ControlsDocument } from "../../runbook/controls/controls.ts";
import { copyForRecipe } from "../support/recipes.ts";
import { makeRuns, type Runs, sparkiOf } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

const ROOT = join(import.meta.dirname, "..", "..");

describe("a pull request's own stack", () => {
  let runs: Runs;
  let project: string;

  beforeAll(() => {
    runs = makeRuns();
    // A copy of the checkout: this one's configs are read by other tests.
    project = join(runs.directory, "project");
    mkdirSync(project);
    copyForRecipe(project);
    // Whether a policy's test bites is told with the policy: the command reads the tests.
    for (const tests of ["test/policies", "test/support"])
      cpSync(join(ROOT, tests), join(project, tests), { recursive: true });
    const today = new Date().toISOString().slice(0, 10);
    writeFileSync(join(project, "Pulumi.pr-123.yaml"), reviewConfig("pr-123", { by: "@alexarno", until: today }));
  });
  afterAll(() => runs.remove());

  const controls = async (stack: string) => {
    const { exitCode, stdout } = await sparkiOf(project, ["controls", "--stack", stack, "--json"], runs);
    if (exitCode !== 0 && exitCode !== 1) throw new Error(stdout);
    const document: ControlsDocument = JSON.parse(stdout);
    return { exitCode, document };
  };

  it("leaves no control unmet on the real engine, relaxes one of the audit by name, and is cheaper than staging", async () => {
    const { exitCode, document } = await controls("pr-123");
    expect([exitCode, document.stack, document.violations]).toEqual([0, "pr-123", []]);
    expect(document.controls).toHaveLength(70);
    const relaxed = document.controls.filter(({ reason = "" }) => reason.startsWith("relaxed: "));
    expect(relaxed.map(({ id }) => id)).toEqual(["S24"]);
    const staging = await controls("staging");
    expect(document.cost.monthly).toBeGreaterThan(100);
    expect(document.cost.monthly).toBeLessThan(staging.document.cost.monthly);
  });
});
