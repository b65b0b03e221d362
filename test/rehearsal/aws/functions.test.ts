import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";
import { hostedZone } from "./landscape.ts";

describe("the functions of the simulated AWS", () => {
  let account: Account;
  const ask = (token: string, args: Properties = {}) =>
    account.provider.invoke({ token, args, session: account.session });

  beforeEach(() => {
    account = new Account();
  });

  afterEach(() => account.close());

  it("tell who and where the program is", () => {
    expect(ask("aws:index/getCallerIdentity:getCallerIdentity")).toMatchObject({ accountId: "111122223333" });
    expect(ask("aws:index/getRegion:getRegion")).toMatchObject({ region: "us-east-1" });
    expect(ask("aws:index/getPartition:getPartition")).toMatchObject({ partition: "aws" });
    const { names, zoneIds } = ask("aws:index/getAvailabilityZones:getAvailabilityZones");
    expect(names).toContain("us-east-1a");
    expect(zoneIds).toContain("use1-az1");
  });

  it("write a policy document as the provider does", () => {
    const statements = [
      {
        sid: "A",
        actions: ["s3:Get*"],
        resources: ["*"],
        principals: [{ type: "Service", identifiers: ["ec2.amazonaws.com"] }],
        conditions: [{ test: "StringEquals", variable: "aws:SourceAccount", values: ["1"] }],
      },
    ];
    const { json } = ask("aws:iam/getPolicyDocument:getPolicyDocument", { statements });
    expect(JSON.parse(String(json))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          ...{ Sid: "A", Effect: "Allow", Action: "s3:Get*", Resource: "*" },
          Principal: { Service: ["ec2.amazonaws.com"] },
          Condition: { StringEquals: { "aws:SourceAccount": ["1"] } },
        },
      ],
    });
  });

  it("find a zone by name, and say when there is none", async () => {
    const id = await hostedZone(account);
    expect(ask("aws:route53/getZone:getZone", { name: "test.sparki.tools." })).toMatchObject({ zoneId: id });
    expect(() => ask("aws:route53/getZone:getZone", { name: "other" })).toThrow(
      "no matching Route 53 Hosted Zone found",
    );
    expect(account.world.ofType(TYPES.zone)).toHaveLength(1);
  });

  it("give no token for a cluster that there is not", () => {
    expect(() => ask("aws:eks/getClusterAuth:getClusterAuth", { name: "x" })).toThrow("No cluster found for name: x.");
  });

  it("are refused by name when they are not simulated", () => {
    expect(() => ask("aws:ec2/getAmi:getAmi")).toThrow("sparki rehearsal: no function aws:ec2/getAmi:getAmi");
  });
});
