import { randomBytes } from "node:crypto";
import type { CacheCluster, ElastiCacheClient, ReplicationGroup, Snapshot as Taken } from "@aws-sdk/client-elasticache";
import { DeployError } from "../shared/deploy-error.ts";
import { asked, askRestore, assertAccount, clientSettings, listed, unlessLater } from "./aws-client.ts";
import { type CopiesOwner, CopyGroups, isMarked, leftoverOf, marks, type Tags, tagsIn } from "./copy-groups.ts";
import {
  type Answer,
  type Asked,
  type CacheCopies,
  type CacheQuestion,
  type Copy,
  cacheCopyPrefix,
  type Leftover,
  type Snapshot,
} from "./restored-copies.ts";

export interface ElasticacheCopiesOptions extends CopiesOwner {
  /** Asks a server by its host name from inside the network; `admit` lets one address of it in. */
  ask(host: string, job: AskedJob): Promise<readonly Answer[]>;
}

interface AskedJob {
  readonly name: string;
  readonly questions: readonly CacheQuestion[];
  readonly signal: AbortSignal;
  /** The copy's AUTH token; the live cache's is in the stack's own secret. */
  readonly token?: string;
  admit(address: string): Promise<void>;
}

const PORT = 6379;
/** Refusals for which the snapshot is the reason: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html. */
const UNREADABLE = /^(?:SnapshotNotFound|InvalidSnapshotState|InvalidKMSKey|KMSKeyNotAccessible)(?:Fault)?$/;

/**
 * Copies of the stack's Redis at AWS. A copy is one node in the cache's own subnets, which nothing outside reaches, with TLS,
 * a token of its own that is kept nowhere, and a security group that lets nobody in until a check's pod asks.
 */
export async function openElasticacheCopies(
  options: ElasticacheCopiesOptions,
): Promise<CacheCopies & { close(): void }> {
  const module = await import("@aws-sdk/client-elasticache");
  const client = new module.ElastiCacheClient(clientSettings(options));
  const groups = await CopyGroups.open(options);
  const aws: Aws = { client, module, groups, options, live: `sparki-${options.stack}-cache`, tokens: new Map() };
  return {
    newestSnapshot: async () => {
      const found = await snapshots(aws, { ReplicationGroupId: aws.live, SnapshotSource: "system" });
      return found.sort((one, other) => other.at - one.at)[0];
    },
    snapshot: async (id) => (await snapshots(aws, { SnapshotName: id })).find((each) => each.id === id),
    // Redis keeps no log that a moment could be restored from.
    restorable: async () => undefined,
    leftovers: () => leftovers(aws),
    restore: (copy) => restore(aws, copy),
    describe: (name) => describe(aws, name),
    query: (who, questions, signal) => query(aws, who, { questions, signal }),
    remove: (name) => remove(aws, name),
    close: () => {
      client.destroy();
      groups.close();
    },
  };
}

interface Aws {
  readonly client: ElastiCacheClient;
  readonly module: typeof import("@aws-sdk/client-elasticache");
  readonly groups: CopyGroups;
  readonly options: ElasticacheCopiesOptions;
  /** The name of the cache that serves. */
  readonly live: string;
  /** Of the copies that this process made. */
  readonly tokens: Map<string, string>;
}

async function groupNamed({ client, module }: Aws, name: string): Promise<ReplicationGroup | undefined> {
  const command = new module.DescribeReplicationGroupsCommand({ ReplicationGroupId: name });
  const answer = await asked(`describe ${name}`, () => client.send(command));
  return answer?.ReplicationGroups?.find((each) => each.ReplicationGroupId === name);
}

/** The nodes of a group, as AWS knows each. */
async function membersOf({ client, module }: Aws, group: ReplicationGroup): Promise<CacheCluster[]> {
  const names = group.MemberClusters ?? [];
  const answers = await Promise.all(
    names.map((name) => {
      const command = new module.DescribeCacheClustersCommand({ CacheClusterId: name });
      return asked(`describe ${name}`, () => client.send(command));
    }),
  );
  return answers.flatMap((answer) => answer?.CacheClusters ?? []);
}

/** The cache that serves; throws where there is none, and for one of another account. */
async function liveGroup(aws: Aws): Promise<ReplicationGroup> {
  const { stack } = aws.options;
  const found = await groupNamed(aws, aws.live);
  if (found === undefined)
    throw new DeployError("SPARKI_USAGE", `stack ${stack} has no cache ${aws.live}: there is nothing to restore`, {
      hint: `npx sparki status --stack ${stack}`,
    });
  assertAccount(found.ARN, aws.options);
  return found;
}

/** A snapshot holds what was written until the last of its nodes was copied at the latest; it is as old as the first. */
function readSnapshot(taken: Taken, live: string): Snapshot | undefined {
  const { SnapshotName: id, SnapshotStatus, ReplicationGroupId, NodeSnapshots = [] } = taken;
  const times = NodeSnapshots.flatMap(({ SnapshotCreateTime: time }) => (time === undefined ? [] : [time.getTime()]));
  if (id === undefined || times.length === 0 || SnapshotStatus !== "available" || ReplicationGroupId !== live)
    return undefined;
  return { id, at: Math.min(...times) / 1000, storageGib: 0 };
}

async function snapshots(
  aws: Aws,
  wanted: { readonly SnapshotName?: string; readonly ReplicationGroupId?: string; readonly SnapshotSource?: string },
): Promise<Snapshot[]> {
  await liveGroup(aws);
  const { client, module, live } = aws;
  const all = await listed("snapshots", async (more) => {
    const command = new module.DescribeSnapshotsCommand({ ...wanted, ...more });
    const answer = await asked(`list the snapshots of ${live}`, () => client.send(command));
    return { items: answer?.Snapshots, marker: answer?.Marker };
  });
  return all.flatMap((each) => readSnapshot(each, live) ?? []);
}

async function tagsOf({ client, module }: Aws, arn: string | undefined): Promise<Tags> {
  if (arn === undefined) return new Map();
  const command = new module.ListTagsForResourceCommand({ ResourceName: arn });
  const answer = await asked(`list the tags of ${arn}`, () => client.send(command));
  return tagsIn(answer?.TagList ?? []);
}

async function leftovers(aws: Aws): Promise<Leftover[]> {
  const { client, module, options } = aws;
  const prefix = cacheCopyPrefix(options.stack);
  const byName = new Map((await aws.groups.leftovers(prefix)).map((each) => [each.name, each]));
  const groups = await listed("replication groups", async (more) => {
    const command = new module.DescribeReplicationGroupsCommand(more);
    const answer = await asked("list the replication groups", () => client.send(command));
    return { items: answer?.ReplicationGroups, marker: answer?.Marker };
  });
  for (const { ReplicationGroupId: name = "", ARN } of groups) {
    if (!name.startsWith(prefix)) continue;
    const tags = await tagsOf(aws, ARN);
    // Both, so that nothing else is ever deleted.
    if (isMarked(tags, options)) byName.set(name, leftoverOf(name, tags));
  }
  return [...byName.values()];
}

async function restore(aws: Aws, copy: Copy): Promise<void> {
  const { client, module, options } = aws;
  const { source, name } = copy;
  if (source.kind !== "snapshot") throw new Error("a cache has no point in time");
  const serving = await liveGroup(aws);
  const [node] = await membersOf(aws, serving);
  const securityGroup = await aws.groups.create(copy, { vpcId: await vpcOf(aws, node), what: "cache" });
  // Letters and digits, of which AUTH takes 16 to 128.
  const token = randomBytes(32).toString("hex");
  const parameters = node?.CacheParameterGroup?.CacheParameterGroupName;
  const command = new module.CreateReplicationGroupCommand({
    ReplicationGroupId: name,
    ReplicationGroupDescription: `Restore drill of ${options.stack}`,
    SnapshotName: source.id,
    Engine: node?.Engine,
    EngineVersion: node?.EngineVersion,
    CacheNodeType: serving.CacheNodeType,
    NumCacheClusters: 1,
    AutomaticFailoverEnabled: false,
    MultiAZEnabled: false,
    CacheSubnetGroupName: node?.CacheSubnetGroupName,
    SecurityGroupIds: [securityGroup],
    ...(parameters === undefined ? {} : { CacheParameterGroupName: parameters }),
    Port: PORT,
    AtRestEncryptionEnabled: true,
    ...(serving.KmsKeyId === undefined ? {} : { KmsKeyId: serving.KmsKeyId }),
    TransitEncryptionEnabled: true,
    TransitEncryptionMode: "required",
    AuthToken: token,
    AutoMinorVersionUpgrade: false,
    SnapshotRetentionLimit: 0,
    Tags: marks(options, copy),
  });
  aws.tokens.set(name, token);
  await askRestore(name, UNREADABLE, () => client.send(command));
}

async function vpcOf({ client, module }: Aws, node: CacheCluster | undefined): Promise<string | undefined> {
  const name = node?.CacheSubnetGroupName;
  if (name === undefined) throw new DeployError("SPARKI_OUTSIDE", "AWS does not say in which subnets the cache is");
  const command = new module.DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName: name });
  const answer = await asked(`describe subnet group ${name}`, () => client.send(command));
  return answer?.CacheSubnetGroups?.[0]?.VpcId;
}

/** A group whose snapshot cannot be read says no more than that it was not created; its nodes say why. */
async function describe(aws: Aws, name: string) {
  const found = await groupNamed(aws, name);
  if (found === undefined) return undefined;
  const status = found.Status ?? "without a status";
  if (status === "available") return { status };
  const members = await membersOf(aws, found);
  const failed = members.find(({ CacheClusterStatus: each }) => each === "restore-failed");
  return failed === undefined
    ? { status }
    : { status: "restore-failed", why: `${failed.CacheClusterId} could not load it` };
}

async function query(aws: Aws, who: Asked, job: Pick<AskedJob, "questions" | "signal">): Promise<readonly Answer[]> {
  const name = who === "live" ? aws.live : who.copy;
  const host = (await groupNamed(aws, name))?.NodeGroups?.[0]?.PrimaryEndpoint?.Address;
  if (host === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no address to connect to`);
  const token = aws.tokens.get(name);
  return aws.options.ask(host, {
    ...job,
    name: `drill-cache-${who === "live" ? "live" : "copy"}`,
    ...(token === undefined ? {} : { token }),
    admit: async (address) => {
      // The cache that serves lets the cluster's pods in already.
      if (who !== "live") await aws.groups.admit(name, address, PORT);
    },
  });
}

async function remove(aws: Aws, name: string): Promise<boolean> {
  const { client, module, options } = aws;
  // Never anything that a drill has not made.
  if (!name.startsWith(cacheCopyPrefix(options.stack)) || name === aws.live)
    throw new Error(`${name} was not created by a drill`);
  const found = await groupNamed(aws, name);
  if (found === undefined) return aws.groups.remove(name);
  if (!isMarked(await tagsOf(aws, found.ARN), options))
    throw new DeployError("SPARKI_OUTSIDE", `${name} does not have a drill's tag`);
  if (found.Status === "deleting") return false;
  const command = new module.DeleteReplicationGroupCommand({ ReplicationGroupId: name, RetainPrimaryCluster: false });
  await unlessLater(`delete ${name}`, () => client.send(command));
  return false;
}
