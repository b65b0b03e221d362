import { rmSync } from "node:fs";
import { makePlan } from "../../../runbook/plan/make-plan.ts";
import { planMarkdown } from "../../../runbook/plan/plan-files.ts";
import { plannedDiscards } from "../../../runbook/plan/planned.ts";
import { plannedProject, urnOf } from "../../support/planning.ts";

const CLUSTER = { type: "aws:eks/cluster:Cluster", name: "cluster" };
const URN = urnOf(CLUSTER);
const WHY = `creating ${URN}: waiting for EKS Cluster (c) create: unexpected state 'FAILED', wanted target 'ACTIVE'`;
const cluster = (initErrors: readonly string[]) => {
  return { urn: URN, type: CLUSTER.type, custom: true, id: "c", inputs: { name: "c" }, modified: "1", initErrors };
};

async function planOf(initErrors: readonly string[]) {
  const inputs = { name: "c" };
  const steps = [{ ...CLUSTER, op: "same", before: inputs, after: inputs } as const];
  const target = plannedProject({ steps, resources: [cluster(initErrors)] });
  const plan = await makePlan(target);
  rmSync(target.projectDirectory, { recursive: true });
  return plan;
}

describe("plannedDiscards", () => {
  it("tells what a deploy deletes because AWS could not make it", () => {
    expect(plannedDiscards({ deployment: { resources: [cluster([WHY])] } })).toMatchObject([
      { urn: URN, name: "cluster", action: "delete", before: { name: "c" } },
    ]);
  });

  it("tells nothing of what was made", () => {
    expect(plannedDiscards({ deployment: { resources: [cluster([])] } })).toEqual([]);
  });
});

describe("a plan", () => {
  it("lists the deletions that its deploy begins with, for the reviewer and for the approval", async () => {
    const plan = await planOf([WHY]);
    expect(plan.changes).toMatchObject([{ action: "delete", name: "cluster", risk: "stateful" }]);
    expect(plan.unchanged).toBe(0);
    expect(Object.keys(plan.fingerprint.parts.plan.entries)).toEqual([`delete ${URN}`]);
    expect(planMarkdown(plan)).toContain(
      "- delete **cluster** (aws:eks Cluster), because of a creation that AWS abandoned",
    );
  });

  it("changes nothing about what is there", async () => {
    const plan = await planOf([]);
    expect([plan.changes, plan.unchanged, plan.fingerprint.parts.plan.entries]).toEqual([[], 1, {}]);
  });
});
