import { openElasticacheCopies } from "../../io/elasticache-copies.ts";
import { BackupUnreadable, type Copy } from "../../io/restored-copies.ts";
import { type FakeAnswer, type FakeAws, fakeAwsNetwork, xml } from "../support/fake-rds.ts";
import { DRILL_NOW } from "../support/restored-copies.ts";

const LIVE = "sparki-prod-cache";
const ARN = "arn:aws:elasticache:us-east-1:111122223333:replicationgroup";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/1";
const SNAPSHOT = "automatic.sparki-prod-cache-2026-11-28-02-10";
const COPY: Copy = {
  name: "sparki-prod-cache-drill-2611281200",
  source: { kind: "snapshot", id: SNAPSHOT, at: DRILL_NOW - 36_000, storageGib: 0 },
  until: DRILL_NOW + 7_200,
  by: "ada (laptop)",
};

const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`;
const MARK = tag("sparki-drill", "prod");

function group(name: string, more: Readonly<Record<string, string>> = {}): string {
  const endpoint = xml({ Address: `master.${name}.example`, Port: "6379" });
  return `<ReplicationGroup>${xml({
    ...{ ReplicationGroupId: name, ARN: `${ARN}:${name}`, Status: "available", CacheNodeType: "cache.r7g.large" },
    ...{ KmsKeyId: KEY, MemberClusters: `<ClusterId>${name}-001</ClusterId>` },
    NodeGroups: `<NodeGroup>${xml({ PrimaryEndpoint: endpoint })}</NodeGroup>`,
    ...more,
  })}</ReplicationGroup>`;
}

function snapshot(id: string, time: string, more: Readonly<Record<string, string>> = {}): string {
  return `<Snapshot>${xml({
    ...{ SnapshotName: id, SnapshotStatus: "available", ReplicationGroupId: LIVE },
    NodeSnapshots: `<NodeSnapshot>${xml({ SnapshotCreateTime: time })}</NodeSnapshot>`,
    ...more,
  })}</Snapshot>`;
}

/** Groups by name, each in its own words; one that is not there is not found. */
function groups(all: Readonly<Record<string, string>> = {}): FakeAws[string] {
  const known: Readonly<Record<string, string>> = { [LIVE]: group(LIVE), ...all };
  return (parameters): FakeAnswer => {
    const name = parameters.get("ReplicationGroupId");
    if (name === undefined) return `<ReplicationGroups>${Object.values(known).join("")}</ReplicationGroups>`;
    const found = known[name];
    return found === undefined
      ? { refused: "ReplicationGroupNotFoundFault", status: 404 }
      : `<ReplicationGroups>${found}</ReplicationGroups>`;
  };
}

const node =
  (status = "available"): FakeAws[string] =>
  (parameters) =>
    `<CacheClusters><CacheCluster>${xml({
      ...{ CacheClusterId: parameters.get("CacheClusterId") ?? "", CacheClusterStatus: status, Engine: "redis" },
      ...{ EngineVersion: "7.1.0", CacheSubnetGroupName: LIVE },
      CacheParameterGroup: xml({ CacheParameterGroupName: "default.redis7" }),
    })}</CacheCluster></CacheClusters>`;

const tags =
  (own = MARK): FakeAws[string] =>
  () =>
    `<TagList>${own}</TagList>`;

const securityGroup = (name: string) => {
  const marks = MARK.replaceAll("Tag>", "item>").replaceAll("Key>", "key>").replaceAll("Value>", "value>");
  return `<item>${xml({ groupId: `sg-${name}`, groupName: name, tagSet: marks })}</item>`;
};

const made: FakeAws = {
  DescribeCacheClusters: node(),
  DescribeCacheSubnetGroups: () =>
    `<CacheSubnetGroups><CacheSubnetGroup>${xml({ CacheSubnetGroupName: LIVE, VpcId: "vpc-1" })}</CacheSubnetGroup></CacheSubnetGroups>`,
  CreateSecurityGroup: () => xml({ groupId: `sg-${COPY.name}` }),
  DescribeSecurityGroups: () => `<securityGroupInfo>${securityGroup(COPY.name)}</securityGroupInfo>`,
  RevokeSecurityGroupEgress: () => xml({ return: "true" }),
  CreateReplicationGroup: () => group(COPY.name),
  AuthorizeSecurityGroupIngress: () => xml({ return: "true" }),
};

async function open(aws: FakeAws) {
  const { network, asked } = fakeAwsNetwork({ DescribeReplicationGroups: groups(), ...aws });
  const jobs: { readonly host: string; readonly token?: string; admit(address: string): Promise<void> }[] = [];
  const copies = await openElasticacheCopies({
    ...{ stack: "prod", region: "us-east-1", accountId: "111122223333", owner: "platform", network },
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    ask: async (host, { token, admit }) => {
      jobs.push({ host, admit, ...(token === undefined ? {} : { token }) });
      return [];
    },
  });
  const parametersOf = (action: string) =>
    Object.fromEntries(asked.findLast((each) => each.action === action)?.parameters ?? []);
  return { copies, jobs, parametersOf, actions: () => asked.map(({ action }) => action) };
}

describe("openElasticacheCopies, the snapshots", () => {
  it("finds the newest automated one that can be restored, over all pages", async () => {
    const { copies, parametersOf } = await open({
      DescribeSnapshots: (parameters) =>
        parameters.get("Marker") === "2"
          ? `<Snapshots>${snapshot("b", "2026-11-28T02:10:00Z")}${snapshot("c", "2026-11-28T09:00:00Z", { SnapshotStatus: "creating" })}</Snapshots>`
          : `<Snapshots>${snapshot("a", "2026-11-27T02:10:00Z")}</Snapshots><Marker>2</Marker>`,
    });
    expect(await copies.newestSnapshot()).toEqual({
      id: "b",
      at: Date.UTC(2026, 10, 28, 2, 10) / 1000,
      storageGib: 0,
    });
    expect(parametersOf("DescribeSnapshots")).toMatchObject({ ReplicationGroupId: LIVE, SnapshotSource: "system" });
  });

  it("is as old as the first of its nodes' dumps", async () => {
    const nodes = ["2026-11-28T02:40:00Z", "2026-11-28T02:10:00Z"]
      .map((time) => `<NodeSnapshot>${xml({ SnapshotCreateTime: time })}</NodeSnapshot>`)
      .join("");
    const { copies } = await open({
      DescribeSnapshots: () => `<Snapshots>${snapshot("a", "", { NodeSnapshots: nodes })}</Snapshots>`,
    });
    expect((await copies.newestSnapshot())?.at).toBe(Date.UTC(2026, 10, 28, 2, 10) / 1000);
  });

  it("knows none of another cache, none that there is not, and no moment", async () => {
    const { copies } = await open({
      DescribeSnapshots: (parameters) =>
        parameters.get("SnapshotName") === "other"
          ? `<Snapshots>${snapshot("other", "2026-11-28T02:10:00Z", { ReplicationGroupId: "somebodys" })}</Snapshots>`
          : { refused: "SnapshotNotFoundFault", status: 404 },
    });
    expect(await copies.snapshot("other")).toBeUndefined();
    expect(await copies.snapshot("gone")).toBeUndefined();
    expect(await copies.restorable()).toBeUndefined();
  });

  it("asks nothing of another account, and says that there is no cache", async () => {
    const other = group(LIVE, { ARN: "arn:aws:elasticache:us-east-1:999999999999:replicationgroup:x" });
    const { copies, actions } = await open({ DescribeReplicationGroups: groups({ [LIVE]: other }) });
    await expect(copies.newestSnapshot()).rejects.toMatchObject({ code: "SPARKI_CONFIG" });
    await expect(copies.restore(COPY)).rejects.toMatchObject({ code: "SPARKI_CONFIG" });
    expect(new Set(actions())).toEqual(new Set(["DescribeReplicationGroups"]));
    const none = await open({ DescribeReplicationGroups: () => ({ refused: "ReplicationGroupNotFoundFault" }) });
    await expect(none.copies.newestSnapshot()).rejects.toMatchObject({ code: "SPARKI_USAGE" });
  });
});

describe("openElasticacheCopies, a copy", () => {
  it("is one private node, encrypted, with a token of its own, in a group that lets nobody in", async () => {
    const { copies, parametersOf, actions } = await open(made);
    await copies.restore(COPY);
    const created = parametersOf("CreateReplicationGroup");
    expect(created).toMatchObject({
      ...{ ReplicationGroupId: COPY.name, SnapshotName: SNAPSHOT, CacheNodeType: "cache.r7g.large", Engine: "redis" },
      ...{ NumCacheClusters: "1", MultiAZEnabled: "false", CacheSubnetGroupName: LIVE, KmsKeyId: KEY },
      ...{ AtRestEncryptionEnabled: "true", TransitEncryptionMode: "required", SnapshotRetentionLimit: "0" },
      "SecurityGroupIds.SecurityGroupId.1": `sg-${COPY.name}`,
    });
    expect(created.AuthToken).toMatch(/^[0-9a-f]{64}$/);
    for (const mark of ["sparki-drill", "prod", "sparki-drill-until", "2026-11-28T14:00:00.000Z", "ada _laptop_"])
      expect(Object.values(created)).toContain(mark);
    expect(parametersOf("CreateSecurityGroup")).toMatchObject({ GroupName: COPY.name, VpcId: "vpc-1" });
    expect(actions()).not.toContain("AuthorizeSecurityGroupIngress");
    expect(COPY.name.length).toBeLessThanOrEqual(40);
  });

  it.each([
    ["SnapshotNotFoundFault", true],
    ["InvalidSnapshotStateFault", true],
    ["InvalidKMSKeyFault", true],
    ["InsufficientCacheClusterCapacityFault", false],
    ["AccessDenied", false],
  ])("takes %s for the snapshot's own fault: %s", async (code, isUnreadable) => {
    const { copies } = await open({
      ...made,
      CreateReplicationGroup: () => ({ refused: code, message: "the key is gone" }),
    });
    const failure = await copies.restore(COPY).catch((error: unknown) => error);
    expect(failure instanceof BackupUnreadable).toBe(isUnreadable);
    expect(failure).toMatchObject({ message: expect.stringContaining(`${code}: the key is gone`) });
  });

  it("is taken for restored where the answer to the first request was lost", async () => {
    const { copies } = await open({
      ...made,
      CreateReplicationGroup: () => ({ refused: "ReplicationGroupAlreadyExists" }),
    });
    await expect(copies.restore(COPY)).resolves.toBeUndefined();
  });

  it("tells how it is, that a node could not load the snapshot, and that it is gone", async () => {
    const failed = groups({ [COPY.name]: group(COPY.name, { Status: "create-failed" }) });
    const creating = groups({ [COPY.name]: group(COPY.name, { Status: "creating" }) });
    const at = async (aws: FakeAws) => (await open(aws)).copies.describe(COPY.name);
    expect(await at({ DescribeReplicationGroups: creating, DescribeCacheClusters: node("creating") })).toEqual({
      status: "creating",
    });
    expect(await at({ DescribeReplicationGroups: failed, DescribeCacheClusters: node("restore-failed") })).toEqual({
      status: "restore-failed",
      why: `${COPY.name}-001 could not load it`,
    });
    expect(
      await at({ DescribeReplicationGroups: failed, DescribeCacheClusters: node("incompatible-network") }),
    ).toEqual({
      status: "create-failed",
    });
    expect(await at({})).toBeUndefined();
  });

  it("is asked with its own token, and lets in the one pod that asks; the live cache is left as it is", async () => {
    const { copies, jobs, parametersOf, actions } = await open({
      ...made,
      DescribeReplicationGroups: groups({ [COPY.name]: group(COPY.name) }),
    });
    await copies.restore(COPY);
    const { AuthToken } = parametersOf("CreateReplicationGroup");
    await copies.query({ copy: COPY.name }, [], new AbortController().signal);
    await copies.query("live", [], new AbortController().signal);
    expect(jobs.map(({ host, token }) => [host, token])).toEqual([
      [`master.${COPY.name}.example`, AuthToken],
      [`master.${LIVE}.example`, undefined],
    ]);
    await jobs[1]?.admit("10.0.1.2");
    expect(actions()).not.toContain("AuthorizeSecurityGroupIngress");
    await jobs[0]?.admit("10.0.1.2");
    expect(Object.values(parametersOf("AuthorizeSecurityGroupIngress"))).toEqual(
      expect.arrayContaining([`sg-${COPY.name}`, "10.0.1.2/32", "6379"]),
    );
  });
});

describe("openElasticacheCopies, what is deleted", () => {
  const there = groups({ [COPY.name]: group(COPY.name) });

  it("is the group without a snapshot of it, and then its security group, as AWS lets it", async () => {
    const first = await open({
      DescribeReplicationGroups: there,
      ListTagsForResource: tags(),
      DeleteReplicationGroup: () => group(COPY.name),
    });
    expect(await first.copies.remove(COPY.name)).toBe(false);
    expect(first.parametersOf("DeleteReplicationGroup")).toEqual({
      ...{ Action: "DeleteReplicationGroup", Version: "2015-02-02" },
      ...{ ReplicationGroupId: COPY.name, RetainPrimaryCluster: "false" },
    });
    let refusals = 0;
    const second = await open({
      ...made,
      DeleteSecurityGroup: () => (refusals++ === 0 ? { refused: "DependencyViolation" } : xml({ return: "true" })),
    });
    expect(await second.copies.remove(COPY.name)).toBe(false);
    expect(await second.copies.remove(COPY.name)).toBe(true);
  });

  it("is waited for while it is made or deleted", async () => {
    const later = () => ({ refused: "InvalidReplicationGroupState" });
    const { copies } = await open({
      DescribeReplicationGroups: there,
      ListTagsForResource: tags(),
      DeleteReplicationGroup: later,
    });
    expect(await copies.remove(COPY.name)).toBe(false);
    const deleting = groups({ [COPY.name]: group(COPY.name, { Status: "deleting" }) });
    const { copies: going, actions } = await open({ DescribeReplicationGroups: deleting, ListTagsForResource: tags() });
    expect(await going.remove(COPY.name)).toBe(false);
    expect(actions()).not.toContain("DeleteReplicationGroup");
  });

  it("is never what bears no mark of this stack's drills, nor the cache", async () => {
    const { copies, actions } = await open({
      DescribeReplicationGroups: there,
      ListTagsForResource: tags(tag("sparki-drill", "staging")),
    });
    await expect(copies.remove(COPY.name)).rejects.toThrow("does not have a drill's tag");
    await expect(copies.remove(LIVE)).rejects.toThrow("was not created by a drill");
    await expect(copies.remove("sparki-prod-drill-1")).rejects.toThrow("was not created by a drill");
    expect(actions()).not.toContain("DeleteReplicationGroup");
  });

  it("is found by its mark: a group, or only its security group, and nothing that is named alike", async () => {
    const [other, database] = ["sparki-prod-cache-drill-2", "sparki-prod-drill-3"];
    const { copies } = await open({
      DescribeReplicationGroups: groups({ [COPY.name]: group(COPY.name), [other]: group(other) }),
      ListTagsForResource: (parameters) => {
        const until = tag("sparki-drill-until", "2026-11-28T14:00:00Z") + tag("sparki-drill-by", "eve");
        return `<TagList>${parameters.get("ResourceName")?.endsWith(other) ? "" : MARK + until}</TagList>`;
      },
      DescribeSecurityGroups: () =>
        `<securityGroupInfo>${["sparki-prod-cache-drill-4", database].map(securityGroup).join("")}</securityGroupInfo>`,
    });
    const found = await copies.leftovers();
    expect(found.map(({ name }) => name).sort()).toEqual([COPY.name, "sparki-prod-cache-drill-4"].sort());
    expect(found.find(({ name }) => name === COPY.name)).toEqual({
      name: COPY.name,
      until: DRILL_NOW + 7_200,
      by: "eve",
    });
  });
});
