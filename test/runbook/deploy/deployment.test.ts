import { describeResult } from "../../../runbook/deploy/deployment.ts";
import type { Step } from "../../../runbook/deploy/engine-record.ts";

describe("describeResult", () => {
  it("counts steps, as the report's own row does", () => {
    const common = { urn: "u", name: "n", type: "t", startSeconds: 0, endSeconds: 1, status: "done" } as const;
    const steps = ["create", "create", "read"].map((op): Step => ({ ...common, op }));
    expect(describeResult({ outcome: "succeeded", steps })).toBe("succeeded, 2 create, 1 read");
  });
});
