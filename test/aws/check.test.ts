import { findingsOf } from "../../aws/check.ts";
import { facts } from "../../aws/facts.ts";
import { type Input, UNKNOWN_INPUT } from "../../aws/inputs.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import { FURTHER_RIGHT } from "./further-right-inputs.ts";
import { FURTHER_WRONG } from "./further-wrong-inputs.ts";
import { RIGHT } from "./right-inputs.ts";
import { WRONG } from "./wrong-inputs.ts";

describe("findingsOf", () => {
  it.each(Object.keys(RIGHT))("takes right inputs of %s", (type) => {
    expect(findingsOf(type, RIGHT[type] ?? {})).toEqual([]);
  });

  it.each(FURTHER_RIGHT)("takes for %s %s", (type, _what, change) => {
    expect(findingsOf(type, { ...RIGHT[type], ...change })).toEqual([]);
  });

  it.each([...WRONG, ...FURTHER_WRONG])("refuses for %s %s", (type, _what, change, path) => {
    const found = findingsOf(type, { ...RIGHT[type], ...change });
    expect(found.map((each) => each.path)).toContain(path);
    for (const { found: value, expected } of found) expect([value, expected].join("")).not.toBe("");
  });

  it.each(Object.keys(RIGHT))("judges nothing of %s that a preview does not know", (type) => {
    const names = Object.keys(RIGHT[type] ?? {});
    const unknown = Object.fromEntries(names.map((name): [string, Input] => [name, UNKNOWN_INPUT]));
    expect(findingsOf(type, unknown)).toEqual([]);
  });

  it("shows no secret value", () => {
    const type = "aws:rds/instance:Instance";
    const inputs = { ...RIGHT[type], manageMasterUserPassword: undefined, password: "recognisable/password" };
    const [finding] = findingsOf(type, inputs);
    expect(finding).toEqual(expect.objectContaining({ path: "password", found: "a secret value" }));
  });

  const updates: [string, string, object, object, string][] = [
    ["storage shrinks", "aws:rds/instance:Instance", { allocatedStorage: 200 }, {}, "allocatedStorage"],
    [
      "storage grows by less than a tenth",
      "aws:rds/instance:Instance",
      {},
      { allocatedStorage: 105 },
      "allocatedStorage",
    ],
    ["the database's version goes back", "aws:rds/instance:Instance", { engineVersion: "17.7" }, {}, "engineVersion"],
    ["a major version comes unasked", "aws:rds/instance:Instance", { engineVersion: "16.10" }, {}, "engineVersion"],
    ["the cluster's version goes back", "aws:eks/cluster:Cluster", {}, { version: "1.34" }, "version"],
    ["a minor version is skipped", "aws:eks/cluster:Cluster", { version: "1.33" }, {}, "version"],
    [
      "the cache's version goes back",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      {},
      { engineVersion: "7.0" },
      "engineVersion",
    ],
  ];
  it.each(updates)("refuses an update in which %s", (_, type, before, now, path) => {
    const found = findingsOf(type, { ...RIGHT[type], ...now }, { ...RIGHT[type], ...before });
    expect(found.map((each) => each.path)).toEqual([path]);
  });
});

describe("facts", () => {
  it("know every type that the rehearsal models", () => {
    expect(Object.values(TYPES).filter((type) => facts().types[type] === undefined)).toEqual([]);
  });

  it("have right inputs to show for every type", () => {
    expect(Object.keys(facts().types).filter((type) => RIGHT[type] === undefined)).toEqual([]);
  });
});
