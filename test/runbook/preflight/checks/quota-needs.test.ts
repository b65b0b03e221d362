import { STORAGE_TYPE } from "../../../../runbook/preflight/checks/account.ts";
import { QUOTAS, UNCOUNTED } from "../../../../runbook/preflight/checks/quotas.ts";
import { parseConfig } from "../../../../stacks/config.ts";
import { previewedProgram } from "../../../support/previewed-program.ts";
import { rawConfig } from "../../../support/stack-config.ts";

// Loading three SDKs takes seconds on a busy machine.
jest.setTimeout(600_000);

describe("what the quotas are counted for", () => {
  it.each(["prod", "staging"])("is what a preview of %s makes", async (stack) => {
    const config = parseConfig(rawConfig(stack), stack);
    const planned = await previewedProgram(stack);
    const count = (wanted: string) => planned.filter(({ type }) => type === wanted).length;
    const counted = QUOTAS.filter(({ name }) => !/rules|in a zone|vCPUs|nodes/.test(name));
    expect(counted.length).toBeGreaterThan(18);
    expect(counted.map(({ name, needed }) => [name, needed(config)])).toEqual(
      counted.map(({ name, type }) => [name, count(type)]),
    );
    const [cache] = planned.filter(({ type }) => type === "aws:elasticache/replicationGroup:ReplicationGroup");
    expect(QUOTAS.find(({ name }) => name === "ElastiCache nodes")?.needed(config)).toBe(
      cache?.inputs.numCacheClusters,
    );
    const zones = planned
      .filter(({ type }) => type === "aws:ec2/subnet:Subnet")
      .map(({ inputs }) => inputs.availabilityZone);
    expect(count("aws:ec2/natGateway:NatGateway")).toBeLessThanOrEqual(new Set(zones).size);
    const rules = planned.filter(({ type }) => /SecurityGroup(In|E)gressRule$/.test(type)).length;
    expect(rules).toBeLessThanOrEqual(count("aws:ec2/securityGroup:SecurityGroup") * 4);
  });

  it.each(["prod", "staging"])(
    "is every type that a preview of %s makes, or there is a reason why not",
    async (stack) => {
      const types = [...new Set((await previewedProgram(stack)).map(({ type }) => type))];
      const counted = new Set(QUOTAS.map(({ type }) => type));
      expect(types.filter((type) => !counted.has(type) && UNCOUNTED[type] === undefined)).toEqual([]);
      expect(Object.keys(UNCOUNTED).filter((type) => counted.has(type))).toEqual([]);
      if (stack === "prod") expect(Object.keys(UNCOUNTED).filter((type) => !types.includes(type))).toEqual([]);
    },
  );

  it("asks RDS for the kind of storage that the program makes", async () => {
    const planned = await previewedProgram("prod");
    const databases = planned.filter(({ type }) => type === "aws:rds/instance:Instance");
    expect(databases.map(({ inputs }) => inputs.storageType)).toEqual([STORAGE_TYPE]);
  });

  it("keeps within what the reasons say of a load balancer, a role and a route table", async () => {
    const planned = await previewedProgram("prod");
    const most = (type: string, parent: string) => {
      const parents = planned.filter((each) => each.type === type).map(({ inputs }) => JSON.stringify(inputs[parent]));
      return Math.max(...parents.map((one) => parents.filter((other) => other === one).length));
    };
    expect(planned.filter(({ type }) => type === "aws:lb/listener:Listener").length).toBeLessThanOrEqual(2);
    expect(planned.filter(({ type }) => type === "aws:lb/listenerRule:ListenerRule").length).toBeLessThanOrEqual(100);
    expect(most("aws:secretsmanager/secretVersion:SecretVersion", "secretId")).toBeLessThanOrEqual(100);
    expect(
      planned.filter(({ type }) => type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment").length,
    ).toBeLessThanOrEqual(10);
  });
});
