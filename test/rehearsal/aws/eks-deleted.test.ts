import { deleteClusters } from "../../../rehearsal/aws/services/eks.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { text } from "../../../rehearsal/aws/values.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";
import { clusterInputs, type Landscape, landscape, roleFor } from "./landscape.ts";

const NAME = "sparki-test";

describe("a cluster that somebody deletes", () => {
  let account: Account;
  let land: Landscape;
  let inputs: Properties;
  beforeEach(async () => {
    account = new Account();
    land = await landscape(account);
    inputs = { ...(await clusterInputs(account, land)), deletionProtection: true };
    await make();
  });
  afterEach(() => account.close());

  const make = () => account.create({ type: TYPES.cluster, name: "cluster", inputs });
  const cluster = () => account.world.get(TYPES.cluster, NAME);
  const issuer = () => text(cluster()?.outputs ?? {}, "identities.oidcs.issuer");
  const group = () => text(cluster()?.outputs ?? {}, "vpcConfig.clusterSecurityGroupId") ?? "";
  const gone = () => deleteClusters(account.cloud, account.operations);
  const rule = (name: string, securityGroupId: string, peer: string) =>
    account.create({
      type: TYPES.ingressRule,
      name,
      inputs: { securityGroupId, referencedSecurityGroupId: peer, ipProtocol: "tcp", fromPort: 1, toPort: 1 },
    });

  it("goes in spite of its protection, with what EKS keeps of it and nothing else", async () => {
    const principalArn = await roleFor(account, "ec2.amazonaws.com");
    await account.create({ type: TYPES.accessEntry, name: "entry", inputs: { clusterName: NAME, principalArn } });
    await account.create({
      type: TYPES.addon,
      name: "addon",
      inputs: { clusterName: NAME, addonName: "metrics-server" },
    });
    const own = group();
    await rule("inside", own, land.securityGroup);
    await gone();
    const types = new Set(account.world.all().map(({ type }) => type));
    for (const type of [TYPES.cluster, TYPES.accessEntry, TYPES.addon, TYPES.ingressRule])
      expect(types).not.toContain(type);
    expect(account.world.get(TYPES.securityGroup, own)).toBeUndefined();
    expect(account.world.get(TYPES.securityGroup, land.securityGroup)).toBeDefined();
    expect(account.world.find([TYPES.role], "role-eks")).toBeDefined();
    expect(account.services.calls).toContain(`cluster.stop ${NAME}`);
  });

  it("leaves its security group with its rules where a rule of another group names it", async () => {
    const own = group();
    const inside = await rule("inside", own, land.securityGroup);
    const outside = await rule("outside", land.securityGroup, own);
    await gone();
    expect(account.world.get(TYPES.securityGroup, own)?.owner).not.toBe(NAME);
    for (const { id } of [inside, outside]) expect(account.world.get(TYPES.ingressRule, id)).toBeDefined();
  });

  it("is another one when it is made again: another issuer, another security group", async () => {
    const before = [issuer(), group()];
    await gone();
    await make();
    for (const [index, each] of [issuer(), group()].entries()) {
      expect(each).toMatch(/\w{8}/);
      expect(each).not.toBe(before[index]);
    }
  });

  it("is told by its status, and then as not found", async () => {
    const token = "aws:eks/getCluster:getCluster";
    const ask = () => account.provider.invoke({ token, args: { name: NAME }, session: account.session });
    const found = cluster();
    if (found === undefined) throw new Error("there is no cluster");
    expect(ask().status).toBe("ACTIVE");
    account.world.put({ ...found, status: "deleting" });
    expect(ask().status).toBe("DELETING");
    account.world.put({ ...found, status: "creating", outputs: {} });
    expect(ask()).toMatchObject({ status: "CREATING", endpoint: "" });
    account.world.put(found);
    await gone();
    expect(ask).toThrow("ResourceNotFoundException: No cluster found for name: sparki-test.");
  });
});
