import { openRdsCopies } from "../../io/rds-copies.ts";
import { BackupUnreadable, type Copy, UpgradeRefused } from "../../io/restored-copies.ts";
import { type FakeAnswer, type FakeAws, fakeAwsNetwork, xml } from "../support/fake-rds.ts";
import { COPY, DRILL_NOW, SNAPSHOT } from "../support/restored-copies.ts";

const LIVE = "sparki-prod-database";
const ARN = "arn:aws:rds:us-east-1:111122223333:db";

const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`;
const MARK = tag("sparki-drill", "prod");

function instance(name: string, more: Readonly<Record<string, string>> = {}): string {
  return `<DBInstance>${xml({
    ...{ DBInstanceIdentifier: name, DBInstanceArn: `${ARN}:${name}`, DBInstanceStatus: "available" },
    ...{ DBInstanceClass: "db.r7g.large", Endpoint: xml({ Address: `${name}.example`, Port: "5432" }) },
    DBSubnetGroup: xml({ DBSubnetGroupName: LIVE, VpcId: "vpc-1" }),
    DBParameterGroups: `<DBParameterGroup>${xml({ DBParameterGroupName: "sparki-prod-database-17" })}</DBParameterGroup>`,
    ...more,
  })}</DBInstance>`;
}

function snapshot(id: string, time: string, more: Readonly<Record<string, string>> = {}): string {
  return `<DBSnapshot>${xml({
    ...{ DBSnapshotIdentifier: id, SnapshotCreateTime: time, Status: "available", AllocatedStorage: "100" },
    ...{ DBInstanceIdentifier: LIVE, ...more },
  })}</DBSnapshot>`;
}

/** Instances by name, each in its own words; one that is not there is not found. */
function instances(all: Readonly<Record<string, string>> = {}): FakeAws["DescribeDBInstances"] & {} {
  const known: Readonly<Record<string, string>> = { [LIVE]: instance(LIVE), ...all };
  return (parameters): FakeAnswer => {
    const name = parameters.get("DBInstanceIdentifier");
    if (name === undefined) return `<DBInstances>${Object.values(known).join("")}</DBInstances>`;
    const found = known[name];
    return found === undefined ? { refused: "DBInstanceNotFound", status: 404 } : `<DBInstances>${found}</DBInstances>`;
  };
}

const group = (name: string, tags = MARK) =>
  `<item>${xml({ groupId: `sg-${name}`, groupName: name, tagSet: tags.replaceAll("Tag>", "item>").replaceAll("Key>", "key>").replaceAll("Value>", "value>") })}</item>`;

async function open(aws: FakeAws) {
  const { network, asked } = fakeAwsNetwork({ DescribeDBInstances: instances(), ...aws });
  const jobs: { readonly host: string; readonly name: string; admit(address: string): Promise<void> }[] = [];
  const copies = await openRdsCopies({
    ...{ stack: "prod", region: "us-east-1", accountId: "111122223333", owner: "platform", network },
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    ask: async (host, job) => {
      jobs.push({ host, name: job.name, admit: job.admit });
      return [];
    },
    watch: async (host, job) => {
      jobs.push({ host, name: job.name, admit: job.admit });
      return { end: async () => [] };
    },
  });
  const parametersOf = (action: string) =>
    Object.fromEntries(asked.findLast((each) => each.action === action)?.parameters ?? []);
  return { copies, asked, jobs, parametersOf, actions: () => asked.map(({ action }) => action) };
}

describe("openRdsCopies, the backups", () => {
  it("finds the newest automated snapshot that can be restored, over all pages", async () => {
    const { copies } = await open({
      DescribeDBSnapshots: (parameters) =>
        parameters.get("Marker") === "2"
          ? `<DBSnapshots>${snapshot("rds:b", "2026-11-28T03:09:00Z")}${snapshot("rds:c", "2026-11-28T09:00:00Z", { Status: "creating" })}</DBSnapshots>`
          : `<DBSnapshots>${snapshot("rds:a", "2026-11-27T03:09:00Z")}</DBSnapshots><Marker>2</Marker>`,
    });
    expect(await copies.newestSnapshot()).toEqual({
      id: "rds:b",
      at: Date.UTC(2026, 10, 28, 3, 9) / 1000,
      storageGib: 100,
    });
  });

  it("knows no snapshot of another database, and none that there is not", async () => {
    const { copies } = await open({
      DescribeDBSnapshots: (parameters) =>
        parameters.get("DBSnapshotIdentifier") === "other"
          ? `<DBSnapshots>${snapshot("other", "2026-11-28T03:09:00Z", { DBInstanceIdentifier: "somebodys" })}</DBSnapshots>`
          : { refused: "DBSnapshotNotFound", status: 404 },
    });
    expect(await copies.snapshot("other")).toBeUndefined();
    expect(await copies.snapshot("gone")).toBeUndefined();
  });

  it("tells the moments that can be restored to", async () => {
    const window = xml({ EarliestTime: "2026-11-14T12:00:00Z", LatestTime: "2026-11-28T11:55:00Z" });
    const backup = xml({ Status: "active", AllocatedStorage: "100", RestoreWindow: window });
    const { copies } = await open({
      DescribeDBInstanceAutomatedBackups: () =>
        `<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup>${backup}</DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>`,
    });
    expect(await copies.restorable()).toEqual({
      earliest: DRILL_NOW - 14 * 86_400,
      latest: DRILL_NOW - 300,
      storageGib: 100,
    });
  });

  it("asks nothing of another account", async () => {
    const other = instance(LIVE, { DBInstanceArn: `arn:aws:rds:us-east-1:999999999999:db:${LIVE}` });
    const { copies, actions } = await open({ DescribeDBInstances: instances({ [LIVE]: other }) });
    await expect(copies.newestSnapshot()).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      message: expect.stringContaining("999999999999"),
    });
    await expect(copies.restore(COPY)).rejects.toMatchObject({ code: "SPARKI_CONFIG" });
    expect(new Set(actions())).toEqual(new Set(["DescribeDBInstances"]));
  });

  it("says with AWS's own words what it did not do", async () => {
    const { copies } = await open({
      DescribeDBSnapshots: () => ({ refused: "AccessDenied", message: "you may not", status: 403 }),
    });
    await expect(copies.newestSnapshot()).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringMatching(
        /AWS did not list the snapshots of sparki-prod-database: AccessDenied: you may not/,
      ),
    });
  });
});

describe("openRdsCopies, a copy", () => {
  const made: FakeAws = {
    CreateSecurityGroup: () => xml({ groupId: `sg-${COPY.name}` }),
    DescribeSecurityGroups: () => `<securityGroupInfo>${group(COPY.name)}</securityGroupInfo>`,
    RevokeSecurityGroupEgress: () => xml({ return: "true" }),
    RestoreDBInstanceFromDBSnapshot: () => instance(COPY.name),
    RestoreDBInstanceToPointInTime: () => instance(COPY.name),
    AuthorizeSecurityGroupIngress: () => xml({ return: "true" }),
  };

  it("is restored alone, private, deletable and marked, in a group that lets nobody in", async () => {
    const { copies, parametersOf, actions } = await open(made);
    await copies.restore(COPY);
    expect(parametersOf("RestoreDBInstanceFromDBSnapshot")).toMatchObject({
      ...{ DBInstanceIdentifier: COPY.name, DBSnapshotIdentifier: SNAPSHOT.id, DBInstanceClass: "db.r7g.large" },
      ...{ DBSubnetGroupName: LIVE, DBParameterGroupName: "sparki-prod-database-17" },
      ...{ MultiAZ: "false", PubliclyAccessible: "false", DeletionProtection: "false" },
      "VpcSecurityGroupIds.VpcSecurityGroupId.1": `sg-${COPY.name}`,
    });
    const marks = Object.values(parametersOf("RestoreDBInstanceFromDBSnapshot"));
    for (const mark of ["sparki-drill", "prod", "sparki-drill-until", "2026-11-28T14:00:00.000Z", "ada _laptop_"])
      expect(marks).toContain(mark);
    expect(parametersOf("CreateSecurityGroup")).toMatchObject({ GroupName: COPY.name, VpcId: "vpc-1" });
    expect(actions()).not.toContain("AuthorizeSecurityGroupIngress");
  });

  it("lets nothing out of its group, where AWS opened it", async () => {
    const egress = `<ipPermissionsEgress><item>${xml({ ipProtocol: "-1" })}<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>`;
    const DescribeSecurityGroups = () =>
      `<securityGroupInfo>${group(COPY.name).replace(/<\/item>$/, `${egress}</item>`)}</securityGroupInfo>`;
    const { copies, parametersOf } = await open({ ...made, DescribeSecurityGroups });
    await copies.restore(COPY);
    expect(parametersOf("RevokeSecurityGroupEgress")).toMatchObject({
      GroupId: `sg-${COPY.name}`,
      "IpPermissions.1.IpProtocol": "-1",
    });
  });

  const EGRESS = `<ipPermissionsEgress><item>${xml({ ipProtocol: "-1" })}<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>`;
  const OPEN = `<securityGroupInfo>${group(COPY.name).replace(/<\/item>$/, `${EGRESS}</item>`)}</securityGroupInfo>`;
  /** Refuses so the first two times, and then answers. */
  const after = (refused: string, answer: string) => {
    let refusals = 2;
    return () => (refusals-- > 0 ? { refused } : answer);
  };

  it("waits until EC2 knows the group that it has made, before it says that nothing is let out", async () => {
    let unseen = 2;
    const { copies, actions, asked } = await open({
      ...made,
      DescribeSecurityGroups: () => (unseen-- > 0 ? "<securityGroupInfo/>" : OPEN),
      RevokeSecurityGroupEgress: after("InvalidGroup.NotFound", xml({ return: "true" })),
    });
    await copies.restore(COPY);
    expect(actions().filter((action) => action === "RevokeSecurityGroupEgress")).toHaveLength(3);
    expect(asked.findLastIndex(({ action }) => action === "RevokeSecurityGroupEgress")).toBeLessThan(
      asked.findIndex(({ action }) => action === "RestoreDBInstanceFromDBSnapshot"),
    );
  });

  it("is asked for with the group of a first request whose answer was lost", async () => {
    const { copies, jobs } = await open({
      ...made,
      DescribeDBInstances: instances({ [COPY.name]: instance(COPY.name) }),
      DescribeSecurityGroups: () => OPEN,
      CreateSecurityGroup: () => ({ refused: "InvalidGroup.Duplicate" }),
      RevokeSecurityGroupEgress: () => ({ refused: "InvalidPermission.NotFound" }),
      AuthorizeSecurityGroupIngress: () => ({ refused: "InvalidPermission.Duplicate" }),
    });
    await copies.restore(COPY);
    await copies.query({ copy: COPY.name }, [], new AbortController().signal);
    await jobs[0]?.admit("10.40.1.2");
  });

  it("is not asked for where its group cannot be closed", async () => {
    const { copies, actions } = await open({
      ...made,
      DescribeSecurityGroups: () => OPEN,
      RevokeSecurityGroupEgress: () => ({ refused: "UnauthorizedOperation", status: 403 }),
    });
    await expect(copies.restore(COPY)).rejects.toThrow(/remove the default rules.*UnauthorizedOperation/);
    expect(actions()).not.toContain("RestoreDBInstanceFromDBSnapshot");
  });

  it("is of a moment, by the database's own log", async () => {
    const { copies, parametersOf } = await open(made);
    const copy: Copy = { ...COPY, source: { kind: "point", at: DRILL_NOW - 300, storageGib: 100 } };
    await copies.restore(copy);
    expect(parametersOf("RestoreDBInstanceToPointInTime")).toMatchObject({
      ...{
        SourceDBInstanceIdentifier: LIVE,
        TargetDBInstanceIdentifier: COPY.name,
        RestoreTime: "2026-11-28T11:55:00Z",
      },
    });
  });

  it.each([
    ["KMSKeyNotAccessibleFault", true],
    ["InvalidDBSnapshotState", true],
    ["DBSnapshotNotFound", true],
    ["InvalidRestoreFault", true],
    ["InstanceQuotaExceeded", false],
    ["AccessDenied", false],
    ["InsufficientDBInstanceCapacity", false],
  ])("takes %s for the backup's own fault: %s", async (refused, isUnreadable) => {
    const { copies } = await open({ ...made, RestoreDBInstanceFromDBSnapshot: () => ({ refused, message: "said" }) });
    const error: unknown = await copies.restore(COPY).catch((caught: unknown) => caught);
    expect(error instanceof BackupUnreadable).toBe(isUnreadable);
    expect(error).toMatchObject({ message: expect.stringContaining("said") });
  });

  it("is taken for restored where the answer to the first request was lost", async () => {
    const { copies } = await open({
      ...made,
      RestoreDBInstanceFromDBSnapshot: () => ({ refused: "DBInstanceAlreadyExists" }),
    });
    await copies.restore(COPY);
  });

  it("asks again what was not answered", async () => {
    let tried = 0;
    const { copies } = await open({
      ...made,
      DescribeDBInstances: (parameters) => {
        tried += 1;
        if (tried < 3) throw new Error("ECONNRESET");
        return instances({ [COPY.name]: instance(COPY.name) })(parameters);
      },
    });
    expect(await copies.describe(COPY.name)).toEqual({ status: "available" });
    expect(tried).toBe(3);
  });

  it("tells how it is, with AWS's reason, and that it is gone", async () => {
    const infos = `<DBInstanceStatusInfo>${xml({ Message: "the key is disabled" })}</DBInstanceStatusInfo>`;
    const bad = instance(COPY.name, { DBInstanceStatus: "inaccessible-encryption-credentials", StatusInfos: infos });
    const { copies } = await open({ DescribeDBInstances: instances({ [COPY.name]: bad }) });
    expect(await copies.describe(COPY.name)).toEqual({
      status: "inaccessible-encryption-credentials",
      why: "the key is disabled",
    });
    expect(await copies.describe("sparki-prod-drill-9")).toBeUndefined();
  });

  it("is asked at its own address, and lets in the one pod that asks; the live database is left as it is", async () => {
    const { copies, jobs, parametersOf, actions } = await open({
      ...made,
      DescribeDBInstances: instances({ [COPY.name]: instance(COPY.name) }),
    });
    const { signal } = new AbortController();
    await copies.query({ copy: COPY.name }, [], signal);
    await copies.query("live", [], signal);
    expect(jobs.map(({ host, name }) => [host, /^drill-(copy|live)-\d{14}$/.test(name)])).toEqual([
      [`${COPY.name}.example`, true],
      [`${LIVE}.example`, true],
    ]);
    await jobs[1]?.admit("10.40.1.2");
    expect(actions()).not.toContain("AuthorizeSecurityGroupIngress");
    await jobs[0]?.admit("10.40.1.2");
    expect(parametersOf("AuthorizeSecurityGroupIngress")).toMatchObject({
      ...{ GroupId: `sg-${COPY.name}`, "IpPermissions.1.IpRanges.1.CidrIp": "10.40.1.2/32" },
      ...{ "IpPermissions.1.FromPort": "5432", "IpPermissions.1.ToPort": "5432" },
    });
  });
});

describe("openRdsCopies, what is deleted", () => {
  const marked = instance(COPY.name, { TagList: MARK });

  it("is the instance, without a snapshot of it, and then its group, as AWS lets it", async () => {
    let standing = true;
    let refusals = 1;
    const { copies, parametersOf } = await open({
      DescribeDBInstances: (parameters) => instances(standing ? { [COPY.name]: marked } : {})(parameters),
      DeleteDBInstance: () => {
        standing = false;
        return marked;
      },
      DescribeSecurityGroups: () => `<securityGroupInfo>${group(COPY.name)}</securityGroupInfo>`,
      DeleteSecurityGroup: () => (refusals-- > 0 ? { refused: "DependencyViolation" } : xml({ return: "true" })),
    });
    expect(await copies.remove(COPY.name)).toBe(false);
    expect(parametersOf("DeleteDBInstance")).toMatchObject({
      SkipFinalSnapshot: "true",
      DeleteAutomatedBackups: "true",
    });
    expect(await copies.remove(COPY.name)).toBe(false);
    expect(await copies.remove(COPY.name)).toBe(true);
  });

  it("is waited for while it is made or deleted", async () => {
    const { copies, actions } = await open({
      DescribeDBInstances: instances({ [COPY.name]: marked }),
      DeleteDBInstance: () => ({ refused: "InvalidDBInstanceState" }),
    });
    expect(await copies.remove(COPY.name)).toBe(false);
    const deleting = instance(COPY.name, { TagList: MARK, DBInstanceStatus: "deleting" });
    const other = await open({ DescribeDBInstances: instances({ [COPY.name]: deleting }) });
    expect(await other.copies.remove(COPY.name)).toBe(false);
    expect(other.actions()).not.toContain("DeleteDBInstance");
    expect(actions()).toContain("DeleteDBInstance");
  });

  it("is told when AWS refuses it", async () => {
    const { copies } = await open({
      DescribeDBInstances: instances({ [COPY.name]: marked }),
      DeleteDBInstance: () => ({ refused: "AccessDenied", message: "no", status: 403 }),
    });
    await expect(copies.remove(COPY.name)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("AccessDenied"),
    });
  });

  it("is never what bears no mark of this stack's drills, nor the database", async () => {
    const bare = instance(COPY.name);
    const foreign = instance(COPY.name, { TagList: tag("sparki-drill", "staging") });
    for (const found of [bare, foreign]) {
      const { copies, actions } = await open({ DescribeDBInstances: instances({ [COPY.name]: found }) });
      await expect(copies.remove(COPY.name)).rejects.toThrow(/does not have a drill's tag/);
      expect(actions()).not.toContain("DeleteDBInstance");
    }
    const { copies, actions } = await open({
      DescribeDBInstances: instances({ [LIVE]: instance(LIVE, { TagList: MARK }) }),
    });
    for (const name of [LIVE, "sparki-staging-drill-1"])
      await expect(copies.remove(name)).rejects.toThrow(/was not created by a drill/);
    expect(actions()).not.toContain("DeleteDBInstance");
  });

  it("is found by its mark: an instance, or only its group, and nothing that is named alike", async () => {
    const until = tag("sparki-drill-until", "2026-11-28T14:00:00.000Z");
    const by = tag("sparki-drill-by", "eve");
    const { copies } = await open({
      DescribeDBInstances: instances({
        "sparki-prod-drill-1": instance("sparki-prod-drill-1", { TagList: MARK + until + by }),
        "sparki-prod-drill-database": instance("sparki-prod-drill-database", { TagList: tag("stack", "prod-drill") }),
        other: instance("other", { TagList: MARK }),
      }),
      DescribeSecurityGroups: () =>
        `<securityGroupInfo>${group("sparki-prod-drill-0", MARK + until)}${group("elsewhere", MARK)}</securityGroupInfo>`,
    });
    expect(await copies.leftovers()).toEqual([
      { name: "sparki-prod-drill-0", until: DRILL_NOW + 7_200, by: "somebody" },
      { name: "sparki-prod-drill-1", until: DRILL_NOW + 7_200, by: "eve" },
    ]);
  });

  it("may still run where its mark cannot be read", async () => {
    const { copies } = await open({
      DescribeDBInstances: instances({ [COPY.name]: marked }),
      DescribeSecurityGroups: () => "<securityGroupInfo/>",
    });
    const [found] = await copies.leftovers();
    expect(found?.until).toBeGreaterThan(DRILL_NOW * 100);
  });
});

describe("openRdsCopies, an upgrade of a copy", () => {
  const marked = (more: Readonly<Record<string, string>> = {}) =>
    instance(COPY.name, { TagList: MARK, EngineVersion: "17.6", ...more });
  const standing = (more?: Readonly<Record<string, string>>) => ({
    DescribeDBInstances: instances({ [COPY.name]: marked(more), [LIVE]: instance(LIVE, { EngineVersion: "17.6" }) }),
    CreateDBParameterGroup: () => xml({ DBParameterGroup: "" }),
    ModifyDBInstance: () => marked(),
  });
  const upgradesOf = async (aws: FakeAws) => {
    const opened = await open(aws);
    if (opened.copies.upgrades === undefined) throw new Error("expected upgrades");
    return { ...opened, upgrades: opened.copies.upgrades };
  };

  it("is asked for at once, with parameters of its own of the new family, marked as the drill's", async () => {
    const { upgrades, parametersOf, actions } = await upgradesOf(standing());
    expect(await upgrades.liveVersion()).toBe("17.6");
    await upgrades.begin(COPY.name, "18.1");
    expect(parametersOf("CreateDBParameterGroup")).toMatchObject({
      ...{ DBParameterGroupName: COPY.name, DBParameterGroupFamily: "postgres18" },
    });
    expect(Object.values(parametersOf("CreateDBParameterGroup"))).toContain("sparki-drill");
    expect(parametersOf("ModifyDBInstance")).toMatchObject({
      ...{ DBInstanceIdentifier: COPY.name, EngineVersion: "18.1", ApplyImmediately: "true" },
      ...{ AllowMajorVersionUpgrade: "true", DBParameterGroupName: COPY.name },
    });
    expect(actions().filter((action) => action === "ModifyDBInstance")).toHaveLength(1);
  });

  it("needs no other parameters for a minor version", async () => {
    const { upgrades, parametersOf, actions } = await upgradesOf(standing());
    await upgrades.begin(COPY.name, "17.10");
    expect(actions()).not.toContain("CreateDBParameterGroup");
    expect(parametersOf("ModifyDBInstance")).not.toHaveProperty("AllowMajorVersionUpgrade");
    expect(parametersOf("ModifyDBInstance")).not.toHaveProperty("DBParameterGroupName");
  });

  it.each([
    ["InvalidParameterCombination", true],
    ["InvalidParameterValue", true],
    ["AccessDenied", false],
  ])("is refused by RDS itself: %s is %s", async (refused, isRefusal) => {
    const { upgrades } = await upgradesOf({ ...standing(), ModifyDBInstance: () => ({ refused, message: "said" }) });
    const error: unknown = await upgrades.begin(COPY.name, "18.1").catch((caught: unknown) => caught);
    expect(error instanceof UpgradeRefused).toBe(isRefusal);
    expect(error).toMatchObject({ message: expect.stringContaining("said") });
  });

  it("never touches what no drill has made", async () => {
    const bare = { ...standing(), DescribeDBInstances: instances({ [COPY.name]: instance(COPY.name) }) };
    const { upgrades, actions } = await upgradesOf(bare);
    for (const name of [LIVE, COPY.name, "sparki-staging-drill-1"])
      await expect(upgrades.begin(name, "18.1")).rejects.toThrow(/drill/);
    expect(actions()).not.toContain("ModifyDBInstance");
    await expect(upgrades.watch(LIVE, DRILL_NOW, new AbortController().signal)).rejects.toThrow(
      /was not created by a drill/,
    );
  });

  it("tells how it stands, what is still to come, and its own events since then, oldest first", async () => {
    const event = (Message: string, at: string, SourceIdentifier = COPY.name) =>
      `<Event>${xml({ Message, Date: at, SourceIdentifier })}</Event>`;
    const pending = { PendingModifiedValues: xml({ EngineVersion: "18.1" }) };
    const { upgrades, parametersOf } = await upgradesOf({
      ...standing(pending),
      DescribeEvents: () =>
        `<Events>${event("second", "2026-11-28T12:02:00Z")}${event("first", "2026-11-28T12:01:00Z")}${event("another's", "2026-11-28T12:01:30Z", "other")}</Events>`,
    });
    expect(await upgrades.state(COPY.name, DRILL_NOW + 0.7)).toEqual({
      ...{ status: "available", version: "17.6", isPending: true, events: ["first", "second"] },
    });
    expect(parametersOf("DescribeEvents")).toMatchObject({
      ...{ SourceIdentifier: COPY.name, SourceType: "db-instance", StartTime: "2026-11-28T12:00:00Z" },
    });
  });

  it("reads the end of what pg_upgrade wrote, the newest first, and no other log", async () => {
    const file = (LogFileName: string, LastWritten: string) =>
      `<DescribeDBLogFilesDetails>${xml({ LogFileName, LastWritten })}</DescribeDBLogFilesDetails>`;
    const { upgrades, asked } = await upgradesOf({
      ...standing(),
      DescribeDBLogFiles: () =>
        `<DescribeDBLogFiles>${file("error/postgresql.log.2026-11-28-12", "3")}${file("error/pg_upgrade_precheck.log.1764331200", "1")}${file("error/tables_using_reg.txt.1764331200", "2")}</DescribeDBLogFiles>`,
      DownloadDBLogFilePortion: (parameters) =>
        xml({ LogFileData: `of ${parameters.get("LogFileName")}\n\nthe end`, AdditionalDataPending: "false" }),
    });
    expect(await upgrades.refusalLog(COPY.name)).toEqual([
      ...["error/tables_using_reg.txt.1764331200:", "of error/tables_using_reg.txt.1764331200", "the end"],
      ...["error/pg_upgrade_precheck.log.1764331200:", "of error/pg_upgrade_precheck.log.1764331200", "the end"],
    ]);
    expect(asked.filter(({ action }) => action === "DownloadDBLogFilePortion")).toHaveLength(2);
  });

  it("is watched at the copy's own address", async () => {
    const { upgrades, jobs } = await upgradesOf(standing());
    const watch = await upgrades.watch(COPY.name, DRILL_NOW, new AbortController().signal);
    expect(await watch.end()).toEqual([]);
    expect(jobs).toMatchObject([{ host: `${COPY.name}.example`, name: expect.stringMatching(/^drill-watch-\d{14}$/) }]);
  });

  it("leaves no backup behind, and no parameters: they go between the instance and its group", async () => {
    const marks = MARK + tag("sparki-drill-upgrade", "18.1");
    let refusals = 1;
    const { copies, actions } = await open({
      DescribeSecurityGroups: () => `<securityGroupInfo>${group(COPY.name, marks)}</securityGroupInfo>`,
      DeleteDBParameterGroup: () => (refusals-- > 0 ? { refused: "InvalidDBParameterGroupState" } : ""),
      DeleteSecurityGroup: () => xml({ return: "true" }),
    });
    expect(await copies.remove(COPY.name)).toBe(false);
    expect(actions()).not.toContain("DeleteSecurityGroup");
    expect(await copies.remove(COPY.name)).toBe(true);
    const restored = await open({
      CreateSecurityGroup: () => xml({ groupId: "sg-1" }),
      DescribeSecurityGroups: () => `<securityGroupInfo>${group(COPY.name, marks)}</securityGroupInfo>`,
      RestoreDBInstanceFromDBSnapshot: () => instance(COPY.name),
    });
    await restored.copies.restore({ ...COPY, upgradeTo: "18.1" });
    const asked = restored.parametersOf("RestoreDBInstanceFromDBSnapshot");
    expect(asked).toMatchObject({ BackupRetentionPeriod: "0" });
    expect(Object.values(asked)).toContain("sparki-drill-upgrade");
  });

  it("deletes no parameters of a drill that upgraded nothing", async () => {
    const { copies, actions } = await open({
      DescribeSecurityGroups: () => `<securityGroupInfo>${group(COPY.name)}</securityGroupInfo>`,
      DeleteSecurityGroup: () => xml({ return: "true" }),
    });
    expect(await copies.remove(COPY.name)).toBe(true);
    expect(actions()).not.toContain("DeleteDBParameterGroup");
  });
});
