import { isApproved, unapprovedSteps } from "../../../policies/judging/approvals.ts";
import { situation } from "../../support/policy-fixtures.ts";

const approval = { resource: "database-instance", action: "replace", by: "sre", until: "2026-11-23" } as const;

describe("unapprovedSteps", () => {
  const type = "aws:rds/instance:Instance";
  const step = (op: string, name = "database-instance") => ({ op, type, name });

  it.each(["delete", "replace", "create-replacement", "delete-replaced"])("reports a %s of what holds data", (op) => {
    expect(unapprovedSteps([step(op)], situation())).toEqual([step(op)]);
  });

  it.each(["create", "update", "same", "refresh"])("lets a %s be", (op) => {
    expect(unapprovedSteps([step(op)], situation())).toEqual([]);
  });

  it("lets what holds nothing be", () => {
    expect(unapprovedSteps([{ op: "delete", type: "aws:ec2/subnet:Subnet", name: "a" }], situation())).toEqual([]);
  });

  it("lets an approved action be, and no other", () => {
    const approved = situation({ approvals: [approval] });
    expect(unapprovedSteps([step("replace"), step("delete")], approved)).toEqual([step("delete")]);
    expect(isApproved(approved, "database-instance")).toBe(true);
  });

  it.each([
    ["*", true],
    ["database-*", true],
    ["database", false],
    ["keys-*", false],
  ])("takes %s in an approval for a pattern of names", (resource, expected) => {
    const approved = situation({ approvals: [{ ...approval, resource }] });
    expect(isApproved(approved, "database-instance", "replace")).toBe(expected);
  });
});
