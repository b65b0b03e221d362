import { rmSync } from "node:fs";
import { makePlan } from "../../../runbook/plan/make-plan.ts";
import { planExitCode } from "../../../runbook/plan/plan.ts";
import { type Planned, plannedProject, type Recorded } from "../../support/planning.ts";

const DATABASE = { type: "aws:rds/instance:Instance", name: "database-instance", before: {}, after: {} };
const approval = { resource: "database-instance", by: "@alexarno", until: "2027-11-28" };
const steps: readonly Planned[] = [{ op: "replace", ...DATABASE, keys: ["engine"] }];

async function planOf(recorded: Recorded) {
  const target = plannedProject(recorded);
  try {
    return await makePlan(target);
  } finally {
    rmSync(target.projectDirectory, { recursive: true });
  }
}

describe("withUnapproved", () => {
  it("refuses a plan that replaces what holds data, and says why and what to add", async () => {
    const plan = await planOf({ steps });
    expect(plan).toMatchObject({
      outcome: "failed",
      failure: expect.stringMatching(/stateful-kept, database-instance/),
    });
    expect(plan.policy.violations).toEqual([
      {
        policy: "stateful-kept",
        level: "mandatory",
        resource: "database-instance",
        message: expect.stringMatching(
          /\[D01\].*replace is not approved, because of engine: add \{resource: database-instance, action: replace/,
        ),
      },
    ]);
    expect(planExitCode(plan)).toBe(1);
  });

  it("lets a plan be whose replacement is approved", async () => {
    const plan = await planOf({ steps, approvals: [{ ...approval, action: "replace" }] });
    expect(plan).toMatchObject({ outcome: "succeeded", failure: undefined, policy: { violations: [] } });
  });

  it.each([
    ["of a deletion", { ...approval, action: "delete" as const }],
    ["that has ended", { ...approval, action: "replace" as const, until: "2026-11-27" }],
    ["of another resource", { ...approval, action: "replace" as const, resource: "keys-*" }],
  ])("refuses a replacement in spite of an approval %s", async (_, other) => {
    expect(planExitCode(await planOf({ steps, approvals: [other] }))).toBe(1);
  });

  it("keeps the engine's own words where the preview failed already", async () => {
    const plan = await planOf({ steps, result: { outcome: "failed", failure: "no credentials" } });
    expect(plan).toMatchObject({ outcome: "failed", failure: "no credentials" });
    expect(plan.policy.violations).toHaveLength(1);
  });
});

describe("what the policies are not told of", () => {
  const vpc = { type: "aws:ec2/vpc:Vpc", name: "network-vpc", after: {} };
  const key = { type: "aws:kms/key:Key", name: "keys-data", after: {} };

  it.each<[string, Planned, string]>([
    ["takes over what already exists", { op: "import", ...vpc }, "option import (declared: not to be set)"],
    [
      "takes the place of another resource",
      { op: "same", ...vpc, before: {}, formerly: "someone-elses" },
      "option aliases (declared: none)",
    ],
    ["replaces by what already exists", { op: "import-replacement", ...vpc }, "option import"],
    [
      "leaves behind what it deletes",
      { op: "create", ...vpc, retained: true },
      "option retainOnDelete (declared: false)",
    ],
    [
      "would leave behind what has not changed",
      { op: "same", ...vpc, before: {}, retained: true },
      "option retainOnDelete",
    ],
    ["only reads what somebody else made", { op: "read", ...vpc }, "being read (declared: not to be)"],
    ["replaces by reading", { op: "read-replacement", ...vpc }, "being read"],
  ])("refuses a plan that %s", async (_, step, option) => {
    const plan = await planOf({ steps: [step] });
    expect(plan).toMatchObject({
      outcome: "failed",
      policy: { violations: [{ policy: "declared-only", resource: "network-vpc" }] },
    });
    expect(plan.policy.violations[0]?.message).toContain(`[D09] aws:ec2/vpc:Vpc "network-vpc", ${option}`);
    expect(planExitCode(plan)).toBe(1);
  });

  it("lets the program read its own outputs", async () => {
    const reference = { type: "pulumi:pulumi:StackReference", name: "previous-outputs", after: {} };
    expect(await planOf({ steps: [{ op: "read", ...reference }] })).toMatchObject({ outcome: "succeeded" });
  });

  it("lets the key of the final snapshots stay behind", async () => {
    expect(await planOf({ steps: [{ op: "create", ...key, retained: true }] })).toMatchObject({ outcome: "succeeded" });
  });
});
