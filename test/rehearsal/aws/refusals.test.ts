import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";
import { clusterInputs, hostedZone, type Landscape, landscape, roleFor, trust } from "./landscape.ts";
import type { Making } from "./refusal.ts";
import { DELIVERY } from "./refusals-delivery.ts";
import { EDGE } from "./refusals-edge.ts";
import { FOUNDATIONS } from "./refusals-foundations.ts";
import { LATER } from "./refusals-later.ts";
import { NETWORK } from "./refusals-network.ts";
import { OUTSIDERS } from "./refusals-outsiders.ts";
import { STATEFUL } from "./refusals-stateful.ts";
import { STRANGERS, STRANGERS_TAKEN } from "./refusals-strangers.ts";
import { SURVEYED } from "./refusals-surveyed.ts";

describe("the simulated AWS", () => {
  let account: Account;
  let land: Landscape;

  beforeEach(async () => {
    account = new Account();
    land = await landscape(account);
  });

  afterEach(() => account.close());

  const made = (making: Making) => (typeof making === "function" ? making(account, land) : making);

  it.each([...NETWORK, ...FOUNDATIONS, ...STATEFUL, ...EDGE, ...DELIVERY])(
    "refuses $what: $code",
    async ({ type, first, inputs, code, words }) => {
      if (first !== undefined) await account.create({ type, name: "first", inputs: await made(first) });
      const wanted = { type, name: "second", inputs: await made(inputs) };
      const before = account.world.all().length;
      const refusal = account.create(wanted);
      await expect(refusal).rejects.toThrow(`api error ${code}: `);
      await expect(refusal).rejects.toThrow(words);
      await expect(refusal).rejects.toThrow(/^creating [A-Z].* \(second\): /);
      expect(account.world.all()).toHaveLength(before);
    },
  );

  it.each([...OUTSIDERS, ...LATER, ...SURVEYED, ...STRANGERS])("refuses $what", async ({ type, inputs }) => {
    const wanted = { type, name: "second", inputs: await made(inputs) };
    const before = account.world.all().length;
    await expect(account.create(wanted)).rejects.toThrow(/^creating [A-Z].* \(second\): api error [\w.]+: \S/);
    expect(account.world.all()).toHaveLength(before);
  });

  it.each(STRANGERS_TAKEN)("takes $what", async ({ type, inputs }) => {
    await expect(account.create({ type, name: "second", inputs: await made(inputs) })).resolves.toBeDefined();
  });

  it("takes a role under a policy of the account, moves it under another, and keeps the policy for as long", async () => {
    const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    const boundary = (name: string) => ({ type: TYPES.policy, name, inputs: { name, policy } });
    const [one, other] = [await account.create(boundary("one")), await account.create(boundary("other"))];
    const assumeRolePolicy = trust("ec2.amazonaws.com");
    const role = (permissionsBoundary?: string) => ({
      type: TYPES.role,
      name: "capped",
      inputs: {
        name: "capped",
        assumeRolePolicy,
        ...(permissionsBoundary === undefined ? {} : { permissionsBoundary }),
      },
    });
    const made = await account.create(role(one.id));
    expect(made.properties).toMatchObject({ permissionsBoundary: one.id });
    await expect(account.delete(TYPES.policy, one.id)).rejects.toThrow("api error DeleteConflict: ");
    const moved = await account.update(role(other.id), made.id, made.properties);
    await expect(account.update(role(`${other.id}-not`), made.id, moved)).rejects.toThrow(
      `api error NoSuchEntity: Scope ARN: ${other.id}-not does not exist or is not attachable.`,
    );
    expect(account.world.get(TYPES.role, made.id)?.inputs).toMatchObject({ permissionsBoundary: other.id });
    await account.delete(TYPES.policy, one.id);
    await account.update(role(), made.id, moved);
    await account.delete(TYPES.policy, other.id);
    expect(account.world.ofType(TYPES.policy)).toEqual([]);
  });

  it("refuses to move a cluster to other zones than it was made in", async () => {
    const made = await clusterInputs(account, land);
    const wanted = { type: TYPES.cluster, name: "cluster", inputs: made };
    const { id, properties } = await account.create(wanted);
    const inputs = { vpcId: land.vpc, cidrBlock: "10.40.32.0/20", availabilityZone: "us-east-1d" };
    const third = (await account.create({ type: TYPES.subnet, name: "third", inputs })).id;
    const vpcConfig = { subnetIds: [land.subnets[0] ?? "", third], endpointPrivateAccess: true };
    const moved = account.update({ ...wanted, inputs: { ...made, vpcConfig } }, id, properties);
    await expect(moved).rejects.toThrow("they should match the exact set of AZs 'us-east-1a, us-east-1b'");
  });

  it("takes a function's network once its role may make an interface there", async () => {
    const role = await roleFor(account, "lambda.amazonaws.com");
    const policyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";
    await account.create({
      type: TYPES.rolePolicyAttachment,
      name: "network",
      inputs: { role: "role-lambda", policyArn },
    });
    const vpcConfig = { subnetIds: [...land.subnets], securityGroupIds: [land.securityGroup] };
    const inputs = { name: "function", role, runtime: "nodejs22.x", handler: "index.handler", vpcConfig };
    await expect(account.create({ type: TYPES.lambdaFunction, name: "function", inputs })).resolves.toBeDefined();
  });

  it("takes a record of a health check that there is, and a sum of such checks", async () => {
    const check = async (name: string, inputs: Properties) =>
      (await account.create({ type: TYPES.healthCheck, name, inputs })).id;
    const healthCheckId = await check("one", { type: "HTTPS", fqdn: "a.test", port: 443 });
    const sum = { type: "CALCULATED", childHealthThreshold: 1, childHealthchecks: [healthCheckId] };
    await expect(check("sum", sum)).resolves.toMatch(/^[0-9a-f-]{36}$/);
    const inputs = {
      ...{
        zoneId: await hostedZone(account),
        name: "a.test.sparki.tools",
        type: "A",
        ttl: 60,
        records: ["203.0.113.1"],
      },
      ...{ setIdentifier: "one", weightedRoutingPolicies: [{ weight: 1 }], healthCheckId },
    };
    await expect(account.create({ type: TYPES.record, name: "checked", inputs })).resolves.toBeDefined();
  });

  it("refuses a sixth VPC", async () => {
    const vpc = (index: number) => ({ type: TYPES.vpc, name: `${index}`, inputs: { cidrBlock: `10.${index}.0.0/16` } });
    for (const index of [1, 2, 3, 4]) await account.create(vpc(index));
    await expect(account.create(vpc(5))).rejects.toThrow(
      "VpcLimitExceeded: The maximum number of VPCs has been reached.",
    );
  });

  it("refuses a NAT gateway while its network has no internet gateway", async () => {
    await account.delete(TYPES.internetGateway, land.gateway);
    const address = await account.create({ type: TYPES.eip, name: "address", inputs: {} });
    const inputs = { subnetId: land.subnets[0] ?? "", allocationId: address.id };
    const refusal = account.create({ type: TYPES.natGateway, name: "nat", inputs });
    await expect(refusal).rejects.toThrow(`Gateway.NotAttached: Network ${land.vpc} has no Internet gateway attached`);
  });
});
