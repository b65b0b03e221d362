import { costChange, costFact, costRows } from "../../../runbook/plan/plan.ts";
import type { PlannedResource } from "../../../runbook/plan/planned.ts";

type Inputs = PlannedResource["before"];

function planned(action: PlannedResource["action"], type: string, before: Inputs, after: Inputs): PlannedResource {
  return { urn: `urn:${type}`, name: "a", type, action, before, after, changes: [], replacedFor: [] };
}

const gateway = (action: PlannedResource["action"]) => planned(action, "aws:ec2/natGateway:NatGateway", {}, {});
const cache = planned(
  "update",
  "aws:elasticache/replicationGroup:ReplicationGroup",
  { nodeType: "cache.t4g.small", numCacheClusters: 2 },
  { nodeType: "cache.t4g.medium", numCacheClusters: 2 },
);

describe("costChange", () => {
  it("prices what is there against what is planned, item by item, the dearest first", () => {
    const { from, to, lines } = costChange([gateway("same"), gateway("create"), cache]);
    expect(lines).toEqual([
      { item: "cache cache.t4g.medium", from: 0, to: 94.9 },
      { item: "NAT gateway", from: 32.85, to: 65.7 },
      { item: "cache cache.t4g.small", from: 46.72, to: 0 },
    ]);
    expect([from, to]).toEqual([79.57, 160.6]);
  });

  it("counts what is deleted as there and no longer planned, and what is made as planned only", () => {
    expect(costChange([gateway("delete"), gateway("same")])).toMatchObject({ from: 65.7, to: 32.85 });
    expect(costChange([gateway("create")])).toMatchObject({ from: undefined, to: 32.85 });
  });

  it("says what it leaves out, and of which day and place its prices are", () => {
    const { notCounted, asOf, region } = costChange([cache]);
    expect(notCounted.join("\n")).toMatch(/data transfer/);
    expect([asOf, region]).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d$/), "us-east-1"]);
  });
});

describe("costFact", () => {
  it.each([
    [
      [gateway("same"), gateway("create")],
      /^32\.85 → 65\.70 USD \(\+32\.85\), list prices of \S+ in us-east-1, use not counted$/,
    ],
    [[gateway("same"), gateway("delete")], /^65\.70 → 32\.85 USD \(−32\.85\)/],
    [[gateway("same")], /^32\.85 → 32\.85 USD, list/],
    [[gateway("create")], /^nothing → 32\.85 USD, list/],
  ])("tells the change in one line", (resources, expected) => {
    expect(costFact(costChange(resources))).toMatch(expected);
  });
});

describe("costRows", () => {
  it("shows the difference only where there is one", () => {
    expect(costRows(costChange([gateway("same"), { ...cache, after: cache.before }]))).toEqual([
      ["cache cache.t4g.small", "46.72", "46.72", ""],
      ["NAT gateway", "32.85", "32.85", ""],
    ]);
    expect(costRows(costChange([gateway("same"), gateway("create")]))).toEqual([
      ["NAT gateway", "32.85", "65.70", "+32.85"],
    ]);
  });
});
