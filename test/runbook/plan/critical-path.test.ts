import fc from "fast-check";
import { criticalPath, durationOf, gateWaits } from "../../../runbook/plan/critical-path.ts";
import { type PlannedResource, plannedDependencies } from "../../../runbook/plan/planned.ts";

const CLUSTER = "aws:eks/cluster:Cluster";
const ADDON = "aws:eks/addon:Addon";
const DATABASE = "aws:rds/instance:Instance";

function resource(name: string, type: string, given: Partial<PlannedResource> = {}): PlannedResource {
  const nothing = { before: {}, after: {}, changes: [], replacedFor: [] };
  return { urn: `urn::${name}`, name, type, action: "create", ...nothing, ...given };
}

const noWaits = () => ({ typical: 0, longest: 0 });
const needs = (pairs: Readonly<Record<string, string>>) =>
  new Map(Object.entries(pairs).map(([urn, need]) => [`urn::${urn}`, [`urn::${need}`]]));

describe("criticalPath", () => {
  const cluster = resource("cluster", CLUSTER);
  const addon = resource("addon", ADDON);
  const database = resource("database", DATABASE);

  it("adds up what waits for each other, and not what is made side by side", () => {
    const path = criticalPath([database, cluster, addon], needs({ addon: "cluster" }), noWaits);
    expect(path).toEqual({ typical: 630, longest: 1256, chain: ["cluster", "addon"] });
  });

  it("looks through what does not change", () => {
    const kept = resource("kept", "aws:ec2/vpc:Vpc", { action: "same" });
    const path = criticalPath([cluster, kept, addon], needs({ addon: "kept", kept: "cluster" }), noWaits);
    expect(path.chain).toEqual(["cluster", "addon"]);
  });

  it("takes no time when nothing changes", () => {
    const none = [resource("cluster", CLUSTER, { action: "same" })];
    expect(criticalPath(none, new Map(), noWaits)).toEqual({ typical: 0, longest: 0, chain: [] });
  });

  it("ends even where dependencies go in a circle", () => {
    const circle = needs({ cluster: "addon", addon: "cluster" });
    expect(criticalPath([cluster, addon], circle, noWaits).typical).toBeGreaterThan(0);
  });

  it("is never longer than one after the other, nor shorter than the longest alone", () => {
    const resources = [cluster, addon, database];
    const names = fc.constantFrom("cluster", "addon", "database");
    const alone = resources.map((each) => durationOf(each).typical);
    const someNeeds = fc.array(fc.tuple(names, names).filter(([one, other]) => one < other));
    fc.assert(
      fc.property(someNeeds, (pairs) => {
        const { typical } = criticalPath(resources, needs(Object.fromEntries(pairs)), noWaits);
        expect(typical).toBeGreaterThanOrEqual(Math.max(...alone));
        expect(typical).toBeLessThanOrEqual(alone.reduce((one, other) => one + other));
      }),
    );
  });
});

describe("durationOf", () => {
  it("counts deleting and creating for a replacement, and the several zones of a database", () => {
    expect(durationOf(resource("a", DATABASE, { action: "replace" })).typical).toBe(443 + 240);
    expect(durationOf(resource("a", DATABASE, { after: { multiAz: true } })).typical).toBe(1000);
  });
});

describe("gateWaits", () => {
  const objectives = [{ name: "errors", kind: { type: "errors" as const }, maxRatio: 0.001 }];
  const gate = {
    maxWrongVerdictRatio: 0.05,
    syntheticRequestsPerSecond: 20,
    deadlineMinutes: 15,
    healthDeadlineMinutes: 10,
    onInconclusive: "hold" as const,
  };
  const waits = gateWaits({ objectives, gate });

  it("waits for a clean release to be proven, and no longer than the gate's deadlines", () => {
    const { typical, longest } = waits(resource("engine-fleet", "kubernetes:helm.sh/v3:Release"));
    expect(typical).toBeGreaterThan(100);
    expect(typical).toBeLessThan(longest);
    expect(longest).toBe(25 * 60);
  });

  it("waits for nothing before what has no gate", () => {
    expect(waits(resource("cluster", CLUSTER))).toEqual({ typical: 0, longest: 0 });
  });
});

describe("plannedDependencies", () => {
  it("reads what waits for what from the engine's own plan", () => {
    const goal = { type: ADDON, custom: true, dependencies: ["urn::a"], propertyDependencies: { name: ["urn::b"] } };
    const read = plannedDependencies({ resourcePlans: { "urn::addon": { goal }, "urn::gone": { goal: null } } });
    expect([...read]).toEqual([["urn::addon", ["urn::a", "urn::b"]]]);
  });

  it("knows of none when the preview wrote no plan", () => {
    expect([...plannedDependencies({})]).toEqual([]);
  });
});
