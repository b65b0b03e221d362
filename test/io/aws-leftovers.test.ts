import { type Leftover, openAwsLeftovers } from "../../io/aws-leftovers.ts";

import { type FakeAws, fakeAwsNetwork, xml } from "../support/fake-rds.ts";

const NAME = "sparki-prod-before-20260901103000000";
const TAGS = { project: "sparki", stack: "prod" };
const rdsTags = (tags: Readonly<Record<string, string>>) =>
  `<TagList>${Object.entries(tags)
    .map(([Key, Value]) => `<Tag>${xml({ Key, Value })}</Tag>`)
    .join("")}</TagList>`;
const ec2Tags = (tags: Readonly<Record<string, string>>) =>
  `<tagSet>${Object.entries(tags)
    .map(([key, value]) => `<item>${xml({ key, value })}</item>`)
    .join("")}</tagSet>`;

function instance(name: string, { tags = TAGS, account = "111122223333" } = {}): string {
  const own = {
    DBInstanceIdentifier: name,
    DbiResourceId: "db-OLD",
    DBInstanceStatus: "available",
    AllocatedStorage: "100",
  };
  const more = {
    DBInstanceArn: `arn:aws:rds:us-east-1:${account}:db:${name}`,
    DBInstanceClass: "db.r7g.large",
    MultiAZ: "true",
  };
  return `<DBInstance>${xml({ ...own, ...more, InstanceCreateTime: "2026-01-01T00:00:00Z" })}${rdsTags(tags)}</DBInstance>`;
}

function snapshot(id: string, { tags = TAGS, status = "available", type = "manual" } = {}): string {
  const arn = `arn:aws:rds:us-east-1:111122223333:snapshot:${id}`;
  const own = {
    DBSnapshotIdentifier: id,
    DBSnapshotArn: arn,
    Status: status,
    SnapshotType: type,
    AllocatedStorage: "50",
  };
  return `<DBSnapshot>${xml({ ...own, SnapshotCreateTime: "2026-02-01T00:00:00Z" })}${rdsTags(tags)}</DBSnapshot>`;
}

function volume(id: string, { status = "available", attached = "", tags = TAGS } = {}): string {
  const own = { volumeId: id, status, size: "8", createTime: "2026-03-01T00:00:00Z", attachmentSet: attached };
  return `<item>${xml(own)}${ec2Tags(tags)}</item>`;
}

const address = (id: string, more: Readonly<Record<string, string>> = {}) =>
  `<item>${xml({ allocationId: id, ...more })}${ec2Tags(TAGS)}</item>`;

const OWN: FakeAws = {
  DescribeDBInstances: () =>
    `<DBInstances>${instance(NAME)}${instance("other", { tags: { project: "sparki", stack: "staging" } })}${instance("sparki-prod-foreign", { account: "999999999999" })}</DBInstances>`,
  DescribeDBSnapshots: () =>
    `<DBSnapshots>${snapshot("mine")}${snapshot("others", { tags: { project: "else", stack: "prod" } })}${snapshot("making", { status: "creating" })}${snapshot("rds:auto", { type: "automated" })}</DBSnapshots>`,
  DescribeVolumes: () =>
    `<volumeSet>${volume("vol-1")}${volume("vol-used", { status: "in-use", attached: "<item><instanceId>i-1</instanceId></item>" })}</volumeSet>`,
  DescribeAddresses: () =>
    `<addressesSet>${address("eipalloc-1")}${address("eipalloc-used", { associationId: "a" })}</addressesSet>`,
};

async function open(aws: FakeAws = {}) {
  const { network, asked } = fakeAwsNetwork({ ...OWN, ...aws });
  const leftovers = await openAwsLeftovers({
    ...{ stack: "prod", region: "us-east-1", accountId: "111122223333", network },
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const changes = () =>
    asked
      .filter(({ action }) => !action.startsWith("Describe"))
      .map(({ action, parameters }) => [action, Object.fromEntries(parameters)] as const);
  const one = async (kind: Leftover["kind"]) => {
    const found = (await leftovers.list()).find((each) => each.kind === kind);
    if (found === undefined) throw new Error(`no ${kind}`);
    return found;
  };
  return { leftovers, changes, one };
}

describe("openAwsLeftovers", () => {
  it("lists what has the stack's tags, is in its account and is attached to nothing; nothing else", async () => {
    const { leftovers, changes } = await open();
    expect(await leftovers.list()).toEqual([
      {
        ...{ kind: "database-instance", id: NAME, stateId: "db-OLD", gib: 100, status: "available" },
        ...{ instanceClass: "db.r7g.large", multiZone: true, createdAt: Date.UTC(2026, 0, 1) / 1000 },
      },
      { kind: "database-snapshot", id: "mine", stateId: "mine", createdAt: Date.UTC(2026, 1, 1) / 1000, gib: 50 },
      { kind: "volume", id: "vol-1", stateId: "vol-1", createdAt: Date.UTC(2026, 2, 1) / 1000, gib: 8 },
      { kind: "address", id: "eipalloc-1", stateId: "eipalloc-1", createdAt: undefined, gib: undefined },
    ]);
    expect(changes()).toEqual([]);
  });

  it("deletes an instance only with a final snapshot, and keeps its backups", async () => {
    const { leftovers, changes, one } = await open({ ModifyDBInstance: () => "", DeleteDBInstance: () => "" });
    await leftovers.remove(await one("database-instance"));
    expect(changes()).toMatchObject([
      ["ModifyDBInstance", { DBInstanceIdentifier: NAME, DeletionProtection: "false" }],
      ["DeleteDBInstance", { FinalDBSnapshotIdentifier: `${NAME}-final`, DeleteAutomatedBackups: "false" }],
    ]);
    expect(changes()[1]?.[1]).not.toHaveProperty("SkipFinalSnapshot");
  });

  it.each<[Leftover["kind"], string, object]>([
    ["database-snapshot", "DeleteDBSnapshot", { DBSnapshotIdentifier: "mine" }],
    ["volume", "DeleteVolume", { VolumeId: "vol-1" }],
    ["address", "ReleaseAddress", { AllocationId: "eipalloc-1" }],
  ])("deletes a %s by its id", async (kind, action, parameters) => {
    const { leftovers, changes, one } = await open({ [action]: () => "" });
    await leftovers.remove(await one(kind));
    expect(changes()).toMatchObject([[action, parameters]]);
  });

  it("looks again first: what was attached meanwhile is not deleted", async () => {
    let times = 0;
    const { leftovers, changes, one } = await open({
      DescribeVolumes: () => `<volumeSet>${volume("vol-1", times++ === 0 ? {} : { status: "in-use" })}</volumeSet>`,
    });
    await expect(leftovers.remove(await one("volume"))).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "vol-1 is no longer as it was listed; nothing was deleted",
    });
    expect(changes()).toEqual([]);
  });

  it("says with AWS's own words what it did not delete", async () => {
    const { leftovers, one } = await open({ DeleteVolume: () => ({ refused: "UnauthorizedOperation", status: 403 }) });
    await expect(leftovers.remove(await one("volume"))).rejects.toThrow(
      "AWS did not delete vol-1: UnauthorizedOperation",
    );
  });
});
