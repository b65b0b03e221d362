import { isApproved, unapproved } from "../../../policies/judging/approvals.ts";
import { situation } from "../../support/policy-fixtures.ts";

const approval = { resource: "database-instance", action: "replace", by: "@alexarno", until: "2026-11-23" } as const;

describe("unapproved", () => {
  const type = "aws:rds/instance:Instance";
  const to = (action: string, name = "database-instance") => ({ action, type, name });

  it.each(["delete", "replace"])("reports a %s of what holds data", (action) => {
    expect(unapproved([to(action)], situation())).toEqual([to(action)]);
  });

  it.each(["create", "update", "same"])("lets a %s be", (action) => {
    expect(unapproved([to(action)], situation())).toEqual([]);
  });

  it("lets what holds nothing be", () => {
    expect(unapproved([{ action: "delete", type: "aws:ec2/subnet:Subnet", name: "a" }], situation())).toEqual([]);
  });

  it("lets an approved action be, and no other", () => {
    const approved = situation({ approvals: [approval] });
    expect(unapproved([to("replace"), to("delete")], approved)).toEqual([to("delete")]);
    expect(isApproved(approved, "database-instance")).toBe(true);
  });

  it("takes none that ends in more than 400 days", () => {
    const approved = (until: string) => situation({ approvals: [{ ...approval, until }] });
    expect(isApproved(approved("2027-12-28"), "database-instance", "replace")).toBe(true);
    expect(isApproved(approved("2027-12-29"), "database-instance", "replace")).toBe(false);
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
