import * as pulumi from "@pulumi/pulumi";
import { derivedNames, longestStackName } from "../../stacks/config.ts";
import { type Recorded, record } from "../support/recorder.ts";
import { rawConfig } from "../support/stack-config.ts";

/** AWS's limits of names, by resource type and the property that holds the name. */
const LIMITS: Readonly<Record<string, readonly [string, number]>> = {
  "aws:lb/targetGroup:TargetGroup": ["name", 32],
  "aws:lb/loadBalancer:LoadBalancer": ["name", 32],
  "aws:elasticache/replicationGroup:ReplicationGroup": ["replicationGroupId", 40],
  "aws:elasticache/subnetGroup:SubnetGroup": ["name", 255],
  "aws:rds/instance:Instance": ["identifier", 63],
  "aws:rds/subnetGroup:SubnetGroup": ["name", 255],
  "aws:rds/parameterGroup:ParameterGroup": ["name", 255],
  "aws:s3/bucket:Bucket": ["bucket", 63],
  "aws:iam/role:Role": ["name", 64],
  "aws:iam/rolePolicy:RolePolicy": ["name", 128],
  "eks:index:Cluster": ["name", 100],
  "aws:wafv2/webAcl:WebAcl": ["name", 128],
  "aws:ec2/securityGroup:SecurityGroup": ["name", 255],
  "aws:cloudwatch/logGroup:LogGroup": ["name", 512],
  "aws:kms/alias:Alias": ["name", 256],
  "aws:secretsmanager/secret:Secret": ["name", 512],
  "aws:route53/keySigningKey:KeySigningKey": ["name", 128],
  "kubernetes:helm.sh/v3:Release": ["name", 53],
  "kubernetes:core/v1:Namespace": ["metadata.name", 63],
};

describe("derivedNames", () => {
  let recorded: Recorded[];
  beforeAll(async () => {
    recorded = await record(async () => {
      pulumi.runtime.setAllConfig(rawConfig("prod"));
      const { default: deployment } = await import("../../index.ts");
      await deployment();
    });
  });

  const named = () =>
    recorded.flatMap(({ type, inputs }) => {
      const [property = "", limit = 0] = LIMITS[type] ?? [];
      const name = property.split(".").reduce<unknown>((value, key) => Reflect.get(Object(value), key), inputs);
      return typeof name === "string" ? [{ type, name, limit }] : [];
    });

  it("are the names of the program, of each limit the longest that grows with the stack's name", () => {
    const names = named().filter(({ name }) => name.includes("prod"));
    expect(names.length).toBeGreaterThan(20);
    const known = derivedNames("prod", "111122223333");
    for (const { type, name, limit } of names) {
      if (limit > 128) continue;
      const longest = Math.max(
        ...known.filter((each) => each.limit <= limit).map((each) => limit - each.limit + each.name.length),
      );
      expect({ type, name, fits: name.length <= longest }).toEqual({ type, name, fits: true });
    }
    const all = names.map(({ name }) => name);
    expect(
      known.filter(({ what, name }) => what !== "a dashboard's uid" && !all.includes(name)).map(({ name }) => name),
    ).toEqual([]);
  });

  it("leave room at every limit for the longest stack's name that is accepted", () => {
    const stack = "s".repeat(longestStackName());
    for (const { type, name, limit } of named()) {
      const longer = name.replaceAll("prod", stack);
      expect({ type, name: longer, fits: longer.length <= limit }).toEqual({ type, name: longer, fits: true });
    }
    for (const { name, limit } of derivedNames(stack, "111122223333")) expect(name.length).toBeLessThanOrEqual(limit);
  });
});
