import { TYPES } from "../../../rehearsal/aws/types.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";
import { Account } from "./account.ts";

describe("AwsProvider", () => {
  let account: Account;
  const vpc = (inputs = {}) => ({ type: TYPES.vpc, name: "vpc", inputs: { cidrBlock: "10.0.0.0/16", ...inputs } });
  const group = (inputs = {}) => ({ type: TYPES.logGroup, name: "logs", inputs });

  beforeEach(() => {
    account = new Account();
  });

  afterEach(() => account.close());

  it("refuses a type without a model", () => {
    const wanted = { type: "aws:foo/bar:Baz", name: "x", inputs: {} };
    expect(() => account.check(wanted)).toThrow("sparki rehearsal: no model for aws:foo/bar:Baz");
  });

  it("names every missing required argument at once", () => {
    const { failures } = account.check({ type: TYPES.securityGroupRule, name: "r", inputs: { type: "ingress" } });
    expect(failures?.map(({ property }) => property)).toEqual([
      "fromPort",
      "protocol",
      "securityGroupId",
      "toPort",
      "cidrBlocks",
    ]);
    expect(failures?.[0]?.reason).toContain("is required, but no definition was found");
  });

  it("puts the provider's tags on a resource, and the resource's own over them", async () => {
    const { properties } = await account.create(vpc({ tags: { Name: "a", project: "other" } }));
    expect(properties).toMatchObject({ tags: { Name: "a" }, tagsAll: { Name: "a", project: "other" } });
    expect(account.world.ofType(TYPES.vpc)[0]?.tags).toEqual({ Name: "a", project: "other" });
  });

  it("makes a name where the program gives none, and keeps it", () => {
    const { inputs } = account.check(group());
    expect(inputs.name).toMatch(/^logs-[0-9a-f]{7}$/);
    expect(account.check(group(), { name: "logs-1234567" }).inputs.name).toBe("logs-1234567");
  });

  it("knows no ids in a preview, but what follows from the inputs", async () => {
    const properties = await account.preview(vpc());
    expect(properties).toMatchObject({
      arn: UNKNOWN,
      mainRouteTableId: UNKNOWN,
      enableDnsSupport: true,
      region: "us-east-1",
    });
    expect(account.world.all()).toEqual([]);
  });

  it("knows in a preview what the program chooses itself, and not what AWS would choose else", async () => {
    const zone = { availabilityZone: "us-east-1a" };
    const subnet = (inputs = {}) => ({ type: TYPES.subnet, name: "s", inputs: { vpcId: UNKNOWN, ...inputs } });
    expect(await account.preview(subnet(zone))).toMatchObject({ ...zone, availabilityZoneId: UNKNOWN });
    expect(await account.preview(subnet())).toMatchObject({ availabilityZone: UNKNOWN });
  });

  it("replaces for an immutable property and updates for another", async () => {
    const { id, properties } = await account.create(vpc());
    const { inputs } = account.check(vpc());
    const changed = account.diff(vpc({ cidrBlock: "10.1.0.0/16" }), id, properties, inputs);
    expect(changed).toEqual({ detailed: { cidrBlock: "update-replace" } });
    expect(account.diff(vpc({ enableDnsHostnames: true }), id, properties, inputs).detailed).toEqual({
      enableDnsHostnames: "add",
    });
    expect(account.diff(vpc(), id, properties, inputs).detailed).toEqual({});
  });

  it("deletes first when the new resource would need the old one's name", async () => {
    const wanted = { type: TYPES.databaseParameterGroup, name: "p", inputs: { name: "p", family: "postgres17" } };
    const { id, properties } = await account.create(wanted);
    const other = { ...wanted, inputs: { name: "p", family: "postgres16" } };
    const difference = account.diff(other, id, properties, account.check(wanted).inputs);
    expect(difference).toEqual({ detailed: { family: "update-replace" }, deleteBeforeReplace: true });
  });

  it("updates in place and shows it when it is read", async () => {
    const { id, properties } = await account.create(vpc());
    const updated = await account.update(vpc({ enableDnsHostnames: true }), id, properties);
    expect(updated).toMatchObject({ enableDnsHostnames: true, arn: properties.arn });
    expect(account.read(TYPES.vpc, id)?.properties).toEqual(updated);
  });

  it("keeps outputs known in the preview of an update", async () => {
    const { id, properties } = await account.create(vpc());
    const previewed = await account.update(vpc({ enableDnsHostnames: true }), id, properties, true);
    expect(previewed).toMatchObject({ arn: properties.arn, enableDnsHostnames: true });
  });

  it("reads a resource that is gone as gone", async () => {
    const { id } = await account.create(vpc());
    await account.delete(TYPES.vpc, id);
    expect(account.read(TYPES.vpc, id)).toBeUndefined();
  });

  it("gives all inputs when a resource is imported", async () => {
    const { id } = await account.create(group({ name: "/a", retentionInDays: 7 }));
    expect(account.read(TYPES.logGroup, id)).toMatchObject({ id: "/a", inputs: { name: "/a", retentionInDays: 7 } });
  });
});
