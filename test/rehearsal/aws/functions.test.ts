import { X509Certificate } from "node:crypto";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { Account } from "./account.ts";
import { clusterInputs, databaseInputs, hostedZone, issuedCertificate, landscape } from "./landscape.ts";

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

  it("name no zone where two have the name, but find each by its id", async () => {
    const id = await hostedZone(account);
    await account.create({ type: TYPES.zone, name: "another", inputs: { name: "test.sparki.tools" } });
    expect(() => ask("aws:route53/getZone:getZone", { name: "test.sparki.tools" })).toThrow(
      "multiple Route 53 Hosted Zones matched",
    );
    expect(ask("aws:route53/getZone:getZone", { zoneId: id })).toMatchObject({ zoneId: id });
  });

  it("name no offer of RDS while its kind of storage is open, of which there are several", () => {
    const wanted = { engine: "postgres", engineVersion: "17", instanceClass: "db.m7g.large" };
    const token = "aws:rds/getOrderableDbInstance:getOrderableDbInstance";
    expect(() => ask(token, wanted)).toThrow(/^multiple \(5\) RDS DB Instance Classes match/);
    expect(ask(token, { ...wanted, storageType: "gp3" })).toMatchObject({ id: "db.m7g.large" });
  });

  it("give no token for a cluster that there is not", () => {
    expect(() => ask("aws:eks/getClusterAuth:getClusterAuth", { name: "x" })).toThrow("No cluster found for name: x.");
  });

  it("are refused by name when they are not simulated", () => {
    expect(() => ask("aws:ec2/getAmi:getAmi")).toThrow("sparki rehearsal: no function aws:ec2/getAmi:getAmi");
  });
});

const tokenOf = (name: string) => `aws:${name}:${name.slice(name.indexOf("/") + 1)}`;

describe("the look-ups of the simulated AWS", () => {
  let account: Account;
  const ask = (name: string, args: Properties = {}) =>
    account.provider.invoke({ token: tokenOf(name), args, session: account.session });

  beforeEach(() => {
    account = new Account();
  });

  afterEach(() => account.close());

  it("tell a new account's quotas, and refuse a code that AWS does not have", () => {
    const quota = { serviceCode: "ec2", quotaCode: "L-0263D0A3" };
    expect(ask("servicequotas/getServiceQuota", quota)).toMatchObject({ value: 5, quotaName: "EC2-VPC Elastic IPs" });
    expect(() => ask("servicequotas/getServiceQuota", { ...quota, quotaCode: "L-0" })).toThrow("does not exist");
  });

  it("list what the region holds", async () => {
    const { vpc } = await landscape(account);
    expect(ask("ec2/getVpcs")).toMatchObject({ ids: [vpc], region: "us-east-1" });
    expect(ask("ec2/getEips")).toMatchObject({ allocationIds: [] });
    expect(ask("rds/getInstances")).toMatchObject({ instanceIdentifiers: [] });
  });

  it("find a database with its secret, and the backup that RDS made of it", async () => {
    const inputs = await databaseInputs(account, await landscape(account));
    const named = { dbInstanceIdentifier: "sparki-test-database" };
    expect(() => ask("rds/getInstance", named)).toThrow("DBInstance sparki-test-database not found.");
    expect(() => ask("rds/getSnapshot", named)).toThrow("Your query returned no results");
    await account.create({ type: TYPES.database, name: "database", inputs: { ...inputs, backupRetentionPeriod: 7 } });
    const { masterUserSecrets } = ask("rds/getInstance", named);
    expect(JSON.stringify(masterUserSecrets)).toContain("secret:rds!db-");
    const { snapshotCreateTime, status } = ask("rds/getSnapshot", { ...named, mostRecent: true });
    expect(status).toBe("available");
    expect(Date.now() - Date.parse(String(snapshotCreateTime))).toBeLessThan(24 * 3600 * 1000);
  });

  it("have no backup of a database that keeps none", async () => {
    const inputs = await databaseInputs(account, await landscape(account));
    await account.create({ type: TYPES.database, name: "database", inputs: { ...inputs, backupRetentionPeriod: 0 } });
    expect(() => ask("rds/getSnapshot", { dbInstanceIdentifier: "sparki-test-database" })).toThrow("no results");
  });

  it("show an issued certificate with its names and its end, and a pending one only when asked for", async () => {
    const inputs = { domainName: "pending.sparki.tools", validationMethod: "DNS" };
    await account.create({ type: TYPES.certificate, name: "pending", inputs });
    expect(() => ask("acm/getCertificate", { domain: "pending.sparki.tools" })).toThrow("no certificate for domain");
    const pending = { domain: "pending.sparki.tools", statuses: ["PENDING_VALIDATION"] };
    expect(ask("acm/getCertificate", pending)).toMatchObject({ status: "PENDING_VALIDATION", certificate: "" });

    await issuedCertificate(account, await hostedZone(account));
    const { certificate, status } = ask("acm/getCertificate", { domain: "test.sparki.tools", mostRecent: true });
    const parsed = new X509Certificate(String(certificate));
    expect(status).toBe("ISSUED");
    expect(parsed.checkHost("test.sparki.tools")).toBe("test.sparki.tools");
    expect(Math.round((Date.parse(parsed.validTo) - Date.now()) / 86_400_000)).toBe(395);
  });

  it("compare no certificates of different statuses, as the provider does not, and tell them apart by tags", async () => {
    await issuedCertificate(account, await hostedZone(account));
    const other = { domainName: "test.sparki.tools", validationMethod: "DNS", tags: { stack: "other" } };
    await account.create({ type: TYPES.certificate, name: "other", inputs: other });
    const wanted = { domain: "test.sparki.tools", mostRecent: true };
    expect(() => ask("acm/getCertificate", { ...wanted, statuses: ["ISSUED", "PENDING_VALIDATION"] })).toThrow(
      "most_recent filtering on different ACM certificate statuses is not supported",
    );
    const pending = { ...wanted, statuses: ["PENDING_VALIDATION"] };
    expect(ask("acm/getCertificate", { ...pending, tags: { stack: "other" } })).toMatchObject({
      status: "PENDING_VALIDATION",
    });
    expect(() => ask("acm/getCertificate", { ...pending, tags: { stack: "test" } })).toThrow("no certificate");
  });

  it("list a zone's records by a pattern of their names", async () => {
    const zoneId = await hostedZone(account);
    const record = { zoneId, name: "api", type: "CNAME", records: ["x.test."], ttl: 60 };
    await account.create({ type: TYPES.record, name: "api", inputs: record });
    const names = (nameRegex: string) => {
      const { resourceRecordSets } = ask("route53/getRecords", { zoneId, nameRegex });
      return resourceRecordSets;
    };
    expect(names("^api\\.")).toMatchObject([{ name: "api.test.sparki.tools.", type: "CNAME" }]);
    expect(names("^web\\.")).toEqual([]);
  });

  it("give a secret's current value, and say when there is none yet", async () => {
    const { id } = await account.create({ type: TYPES.secret, name: "cache", inputs: { name: "sparki/test/cache" } });
    expect(ask("secretsmanager/getSecret", { name: "sparki/test/cache" })).toMatchObject({ arn: id });
    expect(() => ask("secretsmanager/getSecretVersion", { secretId: id })).toThrow("can't find the specified secret");
    const value = { secretId: id, secretString: '{"authToken":"x"}' };
    await account.create({ type: TYPES.secretVersion, name: "value", inputs: value });
    expect(ask("secretsmanager/getSecretVersion", { secretId: id })).toMatchObject({
      secretString: '{"authToken":"x"}',
    });
  });

  it("find no cluster where there is none", () => {
    expect(() => ask("eks/getCluster", { name: "sparki-test" })).toThrow("No cluster found for name: sparki-test.");
  });
  it("give the version of an add-on of a cluster, and find none where there is none", async () => {
    const wanted = { clusterName: "sparki-test", addonName: "metrics-server" };
    expect(() => ask("eks/getAddon", wanted)).toThrow("No addon found.");
    const inputs = await clusterInputs(account, await landscape(account));
    await account.create({ type: TYPES.cluster, name: "cluster", inputs });
    await account.create({ type: TYPES.addon, name: "metrics", inputs: wanted });
    expect(ask("eks/getAddon", wanted)).toMatchObject({ ...wanted, addonVersion: "v1.0.0-eksbuild.1" });
  });
});
