import type { Step } from "../../../records/engine-record.ts";
import { criticalSteps } from "../../../runbook/deploy/deploy-document.ts";

const step = (urn: string, startSeconds: number, endSeconds: number, op = "create"): Step => {
  return { urn, name: urn, type: "aws:a:A", op, startSeconds, endSeconds, status: "done" };
};
const needs = new Map([
  ["vpc", []],
  ["cluster", ["vpc"]],
  ["database", ["vpc"]],
  ["engine", ["component", "database"]],
  ["component", ["cluster"]],
]);
const names = (steps: readonly Step[]) => [...criticalSteps(steps, needs)].map(({ name }) => name);

describe("criticalSteps", () => {
  it("rolls back from the last to end through what each waited for longest", () => {
    const steps = [step("vpc", 0, 1), step("cluster", 1, 9), step("database", 1, 5), step("engine", 9, 12)];
    expect(names(steps)).toEqual(["engine", "cluster", "vpc"]);
  });

  it("takes a failed step, of which the state knows no needs, to have waited for what ended last", () => {
    const steps = [step("vpc", 0, 1), step("cluster", 1, 9), step("refused", 9.5, 20)];
    expect(names(steps)).toEqual(["refused", "cluster", "vpc"]);
  });

  it("passes over what stayed the same", () => {
    expect(names([step("vpc", 0, 1), step("cluster", 1, 30, "same"), step("engine", 30, 31)])).toEqual([
      "engine",
      "vpc",
    ]);
  });

  it("counts a replacement by what creates it", () => {
    const steps = [step("vpc", 0, 1), step("cluster", 1, 9, "create-replacement"), step("cluster", 9, 9, "replace")];
    expect([...criticalSteps(steps, needs)].map(({ op }) => op)).toEqual(["create-replacement", "create"]);
  });

  it("takes the deletion of what was replaced to have waited for the whole update", () => {
    const steps = [step("vpc", 0, 1), step("engine", 1, 9), step("database", 9.1, 9.2, "delete-replaced")];
    expect(names(steps)).toEqual(["database", "engine", "vpc"]);
  });

  it("is none of no steps", () => {
    expect(names([])).toEqual([]);
  });
});
