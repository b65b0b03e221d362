import { openRdsReplacement } from "../../io/rds-copies.ts";
import { BackupUnreadable } from "../../io/restored-copies.ts";
import { MOMENT, NAMES } from "../support/database-replacement.ts";
import { type FakeAnswer, type FakeAws, fakeAwsNetwork, xml } from "../support/fake-rds.ts";
import { DRILL_NOW } from "../support/restored-copies.ts";

const { live, restored, before } = NAMES;

function instance(name: string, more: Readonly<Record<string, string>> = {}): string {
  return `<DBInstances><DBInstance>${xml({
    ...{ DBInstanceIdentifier: name, DBInstanceArn: `arn:aws:rds:us-east-1:111122223333:db:${name}` },
    ...{ DBInstanceStatus: "available", DbiResourceId: "db-OLD", DBInstanceClass: "db.r7g.large", MultiAZ: "true" },
    ...{ Endpoint: xml({ Address: `${name}.example`, Port: "5432" }), BackupRetentionPeriod: "14" },
    ...{ DeletionProtection: "true", StorageType: "gp3", MaxAllocatedStorage: "500" },
    MasterUserSecret: xml({ SecretArn: "arn:secret", KmsKeyId: "arn:key" }),
    DBSubnetGroup: xml({ DBSubnetGroupName: live, VpcId: "vpc-1" }),
    VpcSecurityGroups: `<VpcSecurityGroupMembership>${xml({ VpcSecurityGroupId: "sg-1" })}</VpcSecurityGroupMembership>`,
    DBParameterGroups: `<DBParameterGroup>${xml({ DBParameterGroupName: "sparki-prod-database-17" })}</DBParameterGroup>`,
    TagList: `<Tag>${xml({ Key: "aws:backup:source", Value: "x" })}</Tag><Tag>${xml({ Key: "stack", Value: "prod" })}</Tag>`,
    ...more,
  })}</DBInstance></DBInstances>`;
}

const OWN = {
  DescribeDBInstances: (parameters: ReadonlyMap<string, string>) =>
    instance(parameters.get("DBInstanceIdentifier") ?? ""),
};

async function open(aws: FakeAws = {}) {
  const { network, asked } = fakeAwsNetwork({ ...OWN, ...aws });
  const hosts: string[] = [];
  const database = await openRdsReplacement({
    ...{ stack: "prod", region: "us-east-1", accountId: "111122223333", network },
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    ask: async (host) => {
      hosts.push(host);
      return [];
    },
  });
  const parametersOf = (action: string) =>
    Object.fromEntries(asked.findLast((each) => each.action === action)?.parameters ?? []);
  return { database, hosts, parametersOf, actions: () => asked.map(({ action }) => action) };
}

describe("openRdsReplacement", () => {
  it("tells what keeps its id under every name, and how it is", async () => {
    const { database } = await open();
    expect(await database.instance(live)).toEqual({ resourceId: "db-OLD", status: "available" });
    const gone = await open({ DescribeDBInstances: () => ({ refused: "DBInstanceNotFound", status: 404 }) });
    expect(await gone.database.instance(live)).toBeUndefined();
  });

  it("restores beside the live instance with its class, network, backups, tags and a master secret of its own", async () => {
    const { database, parametersOf } = await open({ RestoreDBInstanceToPointInTime: () => "" });
    await database.restoreBeside(restored, MOMENT);
    expect(parametersOf("RestoreDBInstanceToPointInTime")).toMatchObject({
      ...{ SourceDBInstanceIdentifier: live, TargetDBInstanceIdentifier: restored },
      ...{ RestoreTime: "2026-11-28T11:50:00Z", DBInstanceClass: "db.r7g.large", MultiAZ: "true" },
      ...{ DBSubnetGroupName: live, "VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-1", StorageType: "gp3" },
      ...{ DBParameterGroupName: "sparki-prod-database-17", BackupRetentionPeriod: "14", MaxAllocatedStorage: "500" },
      ...{ ManageMasterUserPassword: "true", MasterUserSecretKmsKeyId: "arn:key" },
      ...{ DeletionProtection: "false", PubliclyAccessible: "false", "Tags.Tag.1.Key": "stack" },
    });
  });

  it("takes an instance of that name as the one that it asked for, and a refused backup as what it is", async () => {
    const again = await open({ RestoreDBInstanceToPointInTime: () => ({ refused: "DBInstanceAlreadyExists" }) });
    await expect(again.database.restoreBeside(restored, MOMENT)).resolves.toBeUndefined();
    const refused = await open({ RestoreDBInstanceToPointInTime: () => ({ refused: "KMSKeyNotAccessibleFault" }) });
    await expect(refused.database.restoreBeside(restored, MOMENT)).rejects.toBeInstanceOf(BackupUnreadable);
  });

  it.each<[string, FakeAnswer, boolean]>([
    ["renames at once", "", true],
    ["is asked again while the name is not free", { refused: "DBInstanceAlreadyExists" }, false],
    ["is asked again while the instance is changed", { refused: "InvalidDBInstanceState" }, false],
  ])("%s", async (_, answer, isDone) => {
    const { database, parametersOf } = await open({ ModifyDBInstance: () => answer });
    expect(await database.rename(live, before, true)).toBe(isDone);
    expect(parametersOf("ModifyDBInstance")).toMatchObject({
      ...{
        DBInstanceIdentifier: live,
        NewDBInstanceIdentifier: before,
        ApplyImmediately: "true",
        DeletionProtection: "true",
      },
    });
  });

  it("says with AWS's own words what it did not do", async () => {
    const { database } = await open({
      ModifyDBInstance: () => ({ refused: "AccessDenied", message: "you may not", status: 403 }),
    });
    await expect(database.rename(live, before, true)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: `AWS did not rename ${live} to ${before}: AccessDenied: you may not`,
    });
  });

  it("asks an instance by its present address, and none of another account", async () => {
    const { database, hosts } = await open();
    await database.query(restored, [], new AbortController().signal);
    expect(hosts).toEqual([`${restored}.example`]);
    const other = { DBInstanceArn: `arn:aws:rds:us-east-1:999999999999:db:${live}` };
    const foreign = await open({ DescribeDBInstances: () => instance(live, other) });
    await expect(foreign.database.restoreBeside(restored, MOMENT)).rejects.toMatchObject({ code: "SPARKI_CONFIG" });
    expect(foreign.actions()).toEqual(["DescribeDBInstances"]);
  });

  it("tells the moments that can be restored to", async () => {
    const window = xml({ EarliestTime: "2026-11-14T12:00:00Z", LatestTime: "2026-11-28T11:55:00Z" });
    const backup = xml({ Status: "active", RestoreWindow: window });
    const { database } = await open({
      DescribeDBInstanceAutomatedBackups: () =>
        `<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup>${backup}</DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>`,
    });
    expect(await database.restorable()).toEqual({ earliest: DRILL_NOW - 14 * 86_400, latest: DRILL_NOW - 300 });
    const none = await open({ DescribeDBInstanceAutomatedBackups: () => "" });
    expect(await none.database.restorable()).toBeUndefined();
  });
});
