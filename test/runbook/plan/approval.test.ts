import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { approvalRefusal, approvedPlan, assertHash } from "../../../runbook/plan/approval.ts";
import { makePlan, type PlanTarget } from "../../../runbook/plan/make-plan.ts";
import type { Plan } from "../../../runbook/plan/plan.ts";
import { writePlan } from "../../../runbook/plan/plan-files.ts";
import { exitCodeOf } from "../../../stacks/deploy-error.ts";
import { engineTelling, type Planned, plannedProject, urnOf } from "../../support/planning.ts";

const CACHE = { type: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache-group" };
const step: Planned = { ...CACHE, op: "update", before: { nodeType: "a" }, after: { nodeType: "b" } };
const resource = (modified: string) => ({ urn: urnOf(CACHE), type: CACHE.type, custom: true, modified });
const recorded = { steps: [step], resources: [resource("1")] };

let target: PlanTarget;
let approved: Plan;
beforeEach(async () => {
  target = plannedProject(recorded);
  approved = await makePlan(target);
  await writePlan(target.projectDirectory, approved);
});
afterEach(() => rmSync(target.projectDirectory, { recursive: true }));

async function refusal(now: PlanTarget = target): Promise<{ lines: string[]; exitCode: number }> {
  const error: unknown = await approvedPlan(approved.fingerprint.hash, now).then(
    () => undefined,
    (thrown) => thrown,
  );
  const [, ...lines] = error instanceof Error ? error.message.split("\n") : [];
  return { lines, exitCode: exitCodeOf(error) };
}

function replaceInConfig(from: string, to: string): void {
  const text = readFileSync(target.configFile, "utf8");
  expect(text.split(from)).toHaveLength(2);
  writeFileSync(target.configFile, text.replace(from, to));
}

describe("approvedPlan", () => {
  it("gives the plan when nothing differs from what was approved", async () => {
    const plan = await approvedPlan(approved.fingerprint.hash, target);
    expect(plan.fingerprint).toEqual(approved.fingerprint);
  });

  it("refuses after a change of the config", async () => {
    replaceInConfig("db.t4g.large", "db.t4g.xlarge");
    expect(await refusal()).toEqual({ lines: ["  config: sparki:database differs"], exitCode: 1 });
  });

  it("refuses after a change of a chart's file", async () => {
    appendFileSync(join(target.projectDirectory, "apps/charts/engine/values.yaml"), "# more\n");
    expect(await refusal()).toEqual({ lines: ["  charts: engine/values.yaml differs"], exitCode: 1 });
  });

  it("refuses after a change of a digest", async () => {
    replaceInConfig("b099ca69", "00000000");
    const { lines, exitCode } = await refusal();
    expect(lines).toEqual([
      expect.stringMatching(/^ {2}digests: engine was \S+@sha256:b099\w+, is \S+@sha256:0000\w+$/),
    ]);
    expect(exitCode).toBe(1);
  });

  it("refuses after a change of the program", async () => {
    appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "export const more = 1;\n");
    expect(await refusal()).toEqual({ lines: ["  program: infra/cache.ts differs"], exitCode: 1 });
  });

  it("refuses after the state has moved", async () => {
    const moved = { ...target, engine: engineTelling({ ...recorded, resources: [resource("2")] }) };
    expect(await refusal(moved)).toEqual({ lines: ["  state: cache-group differs"], exitCode: 1 });
  });

  it("refuses after something was changed by hand", async () => {
    const drift: Planned = { ...CACHE, op: "update", before: { nodeType: "a" }, after: { nodeType: "c" } };
    const drifted = { ...target, engine: engineTelling({ ...recorded, drift: [drift] }) };
    expect(await refusal(drifted)).toEqual({ lines: ["  drift: cache-group is new"], exitCode: 1 });
  });

  it("refuses when the engine would do something else", async () => {
    const other = { ...target, engine: engineTelling({ ...recorded, steps: [{ ...step, after: { nodeType: "d" } }] }) };
    expect(await refusal(other)).toEqual({ lines: ["  plan: cache-group differs"], exitCode: 1 });
  });

  it.each([
    ["is gone", (file: string) => rmSync(file)],
    [
      "was altered",
      (file: string) =>
        writeFileSync(
          file,
          readFileSync(file, "utf8")
            .replace("engine@sha256:b0", "engine@sha256:c0")
            .replace('"infra/cache.ts"', '"infra/other.ts"'),
        ),
    ],
    ["is no JSON", (file: string) => writeFileSync(file, "{")],
  ])("cannot say what differs when the approved plan's file %s, and still refuses", async (_, harm) => {
    harm(join(target.projectDirectory, ".sparki/plans", `staging-${approved.fingerprint.hash.slice(0, 12)}.json`));
    appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "// more\n");
    const { lines, exitCode } = await refusal();
    expect(lines).toEqual([expect.stringContaining("is not known")]);
    expect(exitCode).toBe(1);
  });
});

describe("approvalRefusal", () => {
  it("has nothing to say of what was approved", async () => {
    expect(await approvalRefusal(approved.fingerprint.hash, target)).toBeUndefined();
  });

  it("says what differs", async () => {
    appendFileSync(join(target.projectDirectory, "infra/cache.ts"), "// more\n");
    expect(await approvalRefusal(approved.fingerprint.hash, target)).toContain("infra/cache.ts differs");
  });

  it("leaves a mistake to its own exit code", async () => {
    await expect(approvalRefusal("abc", target)).rejects.toMatchObject({ code: "SPARKI_USAGE" });
  });
});

describe("assertHash", () => {
  it.each(["", "abc", "A".repeat(64), `${"a".repeat(64)}\n`])("refuses %j, which is no plan's hash", (hash) => {
    expect(() => assertHash(hash)).toThrow(expect.objectContaining({ code: "SPARKI_USAGE" }));
  });
});
