import { findingsOf } from "../../aws/check.ts";
import { facts } from "../../aws/facts.ts";
import { type Input, UNKNOWN_INPUT } from "../../aws/inputs.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import { ALL_RIGHT, ALL_WRONG } from "./all-inputs.ts";
import { inner } from "./input-changes.ts";
import { RIGHT } from "./right-inputs.ts";

const insightsKey = (digit: string) =>
  `arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-1111-2222-33334444555${digit}`;

describe("findingsOf", () => {
  it.each(Object.keys(RIGHT))("takes right inputs of %s", (type) => {
    expect(findingsOf(type, RIGHT[type] ?? {})).toEqual([]);
  });

  it.each(ALL_RIGHT)("takes for %s %s", (type, _what, change) => {
    expect(findingsOf(type, { ...RIGHT[type], ...change })).toEqual([]);
  });

  it.each(ALL_WRONG)("refuses for %s %s", (type, _what, change, path) => {
    const found = findingsOf(type, { ...RIGHT[type], ...change });
    expect(found.map((each) => each.path)).toContain(path);
    for (const { found: value, expected } of found) expect([value, expected].join("")).not.toBe("");
  });

  it.each(Object.keys(RIGHT))("judges nothing of %s that a preview does not know", (type) => {
    const names = Object.keys(RIGHT[type] ?? {});
    const unknown = Object.fromEntries(names.map((name): [string, Input] => [name, UNKNOWN_INPUT]));
    expect(findingsOf(type, unknown)).toEqual([]);
  });

  it("says of a version of Kubernetes whose support has ended on which day, and by which day's lists", () => {
    const [found] = findingsOf("aws:eks/cluster:Cluster", { ...RIGHT["aws:eks/cluster:Cluster"], version: "1.31" });
    expect(found?.path).toBe("version");
    expect(found?.expected).toContain(
      `the support of this one ended on 2026-11-26, by AWS's lists of ${facts().dated}`,
    );
    const [never] = findingsOf("aws:eks/cluster:Cluster", { ...RIGHT["aws:eks/cluster:Cluster"], version: "1.99" });
    expect(never?.expected).not.toContain("ended");
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
    [
      "storage grows to 400 GiB without IOPS",
      "aws:rds/instance:Instance",
      { allocatedStorage: 399, maxAllocatedStorage: 1000 },
      { allocatedStorage: 440, maxAllocatedStorage: 1000, storageThroughput: 500 },
      "iops",
    ],
    [
      "storage grows from 400 GiB on without its throughput",
      "aws:rds/instance:Instance",
      { allocatedStorage: 400, maxAllocatedStorage: 1000 },
      { allocatedStorage: 500, maxAllocatedStorage: 1000, iops: 12_000 },
      "storageThroughput",
    ],
    ["the database's version rolls back", "aws:rds/instance:Instance", { engineVersion: "17.7" }, {}, "engineVersion"],
    ["a major version comes unasked", "aws:rds/instance:Instance", { engineVersion: "16.10" }, {}, "engineVersion"],
    ["the cluster's version rolls back", "aws:eks/cluster:Cluster", {}, { version: "1.34" }, "version"],
    ["a minor version is skipped", "aws:eks/cluster:Cluster", { version: "1.33" }, {}, "version"],
    [
      "the cache's version rolls back",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      {},
      { engineVersion: "7.0" },
      "engineVersion",
    ],
    [
      "Valkey becomes Redis again",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      { engine: "valkey", engineVersion: "8.0" },
      {},
      "engine",
    ],
    [
      "access goes from entries alone to a ConfigMap",
      "aws:eks/cluster:Cluster",
      {},
      { accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" } },
      "accessConfig.authenticationMode",
    ],
    [
      "versions of a bucket's objects are to have never been",
      "aws:s3/bucketVersioning:BucketVersioning",
      {},
      { versioningConfiguration: { status: "Disabled" } },
      "versioningConfiguration.status",
    ],
    ["two minor versions are skipped", "aws:eks/cluster:Cluster", { version: "1.32" }, {}, "version"],
    [
      "encryption on the way ends at once",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      {},
      { transitEncryptionEnabled: false, authToken: undefined },
      "transitEncryptionEnabled",
    ],
    [
      "extended support is given up for a version that only it has",
      "aws:eks/cluster:Cluster",
      { version: "1.33", upgradePolicy: { supportType: "EXTENDED" } },
      { version: "1.33" },
      "upgradePolicy.supportType",
    ],
    [
      "access entries come second to the ConfigMap again",
      "aws:eks/cluster:Cluster",
      { accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" } },
      {
        accessConfig: { authenticationMode: "CONFIG_MAP" },
        computeConfig: undefined,
        storageConfig: undefined,
        kubernetesNetworkConfig: undefined,
      },
      "accessConfig.authenticationMode",
    ],
    [
      "TLS comes to a running cache at once",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      { transitEncryptionEnabled: false, authToken: undefined },
      {},
      "transitEncryptionMode",
    ],
    [
      "a cache becomes a cluster at once",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      { clusterMode: "disabled" },
      { clusterMode: "enabled" },
      "clusterMode",
    ],
    [
      "a cache rolls back from a cluster",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      { clusterMode: "enabled" },
      { clusterMode: "compatible" },
      "clusterMode",
    ],
    [
      "the control plane's way out rolls back to AWS's",
      "aws:eks/cluster:Cluster",
      inner("aws:eks/cluster:Cluster", "vpcConfig", { controlPlaneEgressMode: "CUSTOMER_ROUTED" }),
      inner("aws:eks/cluster:Cluster", "vpcConfig", { controlPlaneEgressMode: "AWS_MANAGED" }),
      "vpcConfig.controlPlaneEgressMode",
    ],
    [
      "Auto Mode's nodes get another role",
      "aws:eks/cluster:Cluster",
      {},
      inner("aws:eks/cluster:Cluster", "computeConfig", { nodeRoleArn: "arn:aws:iam::111122223333:role/others" }),
      "computeConfig.nodeRoleArn",
    ],
    [
      "a cache begins to tier its data",
      "aws:elasticache/replicationGroup:ReplicationGroup",
      {},
      { nodeType: "cache.r6gd.xlarge", dataTieringEnabled: true },
      "nodeType",
    ],
    [
      "insights go under another key",
      "aws:rds/instance:Instance",
      { performanceInsightsEnabled: true, performanceInsightsKmsKeyId: insightsKey("1") },
      { performanceInsightsEnabled: true, performanceInsightsKmsKeyId: insightsKey("2") },
      "performanceInsightsKmsKeyId",
    ],
    [
      "a new major version keeps AWS's parameters of the one before",
      "aws:rds/instance:Instance",
      { engineVersion: "16.10", parameterGroupName: "default.postgres16" },
      { allowMajorVersionUpgrade: true, parameterGroupName: "default.postgres16" },
      "parameterGroupName",
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

  it("say which properties exclude each other or need one another, and what breaks that is refused", () => {
    const told = Object.entries(facts().types).map(([type, { shape }]) => [type, facts().shapes[shape]] as const);
    const given = (...names: readonly string[]) =>
      Object.fromEntries(names.map((name): [string, Input] => [name, UNKNOWN_INPUT]));
    const apart = told.flatMap(([type, shape]) => (shape?.apart ?? []).map((pair) => [type, ...pair] as const));
    const needs = told.flatMap(([type, shape]) => (shape?.needs ?? []).map((pair) => [type, ...pair] as const));
    expect([apart.length > 50, needs.length > 4]).toEqual([true, true]);
    for (const [type, one, other] of apart)
      expect([one, other]).toContain(
        findingsOf(type, given(one, other)).find(({ path }) => path === one || path === other)?.path,
      );
    for (const [type, one, other] of needs)
      expect(findingsOf(type, given(one)).map(({ path }) => path)).toContain(other);
  });

  it("have right inputs to show for every type", () => {
    expect(Object.keys(facts().types).filter((type) => RIGHT[type] === undefined)).toEqual([]);
  });
});
