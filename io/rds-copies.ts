import type { EC2Client, IpPermission } from "@aws-sdk/client-ec2";
import type { DBInstance, DBSnapshot, RDSClient, Tag } from "@aws-sdk/client-rds";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { awsHandler } from "./aws-http.ts";
import {
  type Answer,
  type Asked,
  BackupUnreadable,
  copyPrefix,
  type DatabaseCopies,
  type DatabaseCopy,
  type Leftover,
  type Question,
  type Snapshot,
} from "./database-copies.ts";
import type { Network } from "./network.ts";

export interface RdsCopiesOptions {
  readonly stack: string;
  readonly region: string;
  /** No other account is ever asked for anything that it makes. */
  readonly accountId: string;
  readonly owner: string;
  readonly network: Network;
  /** Asks a server by its host name from inside the network; `admit` lets one address of it in. */
  ask(host: string, job: AskedJob): Promise<readonly Answer[]>;
  /** Credentials in place of those that the AWS command line would use. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface AskedJob {
  readonly name: string;
  readonly questions: readonly Question[];
  readonly signal: AbortSignal;
  admit(address: string): Promise<void>;
}

const TAG = "sparki-drill";
const UNTIL_TAG = `${TAG}-until`;
const BY_TAG = `${TAG}-by`;
const PORT = 5432;
const MOST_PAGES = 100;
/** Refusals for which the backup is the reason: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html. */
const UNREADABLE =
  /^(?:KMSKeyNotAccessibleFault|InvalidDBSnapshotStateFault|InvalidDBSnapshotState|DBSnapshotNotFoundFault|DBSnapshotNotFound|InvalidRestoreFault|PointInTimeRestoreNotEnabledFault|PointInTimeRestoreNotEnabled|DBInstanceAutomatedBackupNotFoundFault|DBInstanceAutomatedBackupNotFound)$/;
const ABSENT =
  /^(?:DBInstanceNotFound(?:Fault)?|DBSnapshotNotFound(?:Fault)?|InvalidGroup\.NotFound|InvalidGroupId\.Malformed)$/;
/** It cannot be deleted yet: it is being made or deleted, or the instance that used it is not quite gone. */
const LATER = /^(?:InvalidDBInstanceState(?:Fault)?|DependencyViolation)$/;

/** The copies at AWS. A copy stands in the database's own subnets, which nothing outside reaches, in a security group of its own that lets nobody in until a check's pod asks. */
export async function openRdsCopies(options: RdsCopiesOptions): Promise<DatabaseCopies & { close(): void }> {
  const [rdsModule, ec2Module] = await Promise.all([import("@aws-sdk/client-rds"), import("@aws-sdk/client-ec2")]);
  const { region, network, stack } = options;
  const settings = {
    region,
    maxAttempts: 5,
    requestHandler: awsHandler(network),
    ...(options.credentials && { credentials: options.credentials }),
  };
  const rds = new rdsModule.RDSClient(settings);
  const ec2 = new ec2Module.EC2Client(settings);
  const aws: Aws = { rds, ec2, rdsModule, ec2Module, options, live: `sparki-${stack}-database` };
  return {
    newestSnapshot: () => newestSnapshot(aws),
    snapshot: (id) => snapshotNamed(aws, id),
    restorable: () => restorable(aws),
    leftovers: () => leftovers(aws),
    restore: (copy) => restore(aws, copy),
    describe: async (name) => {
      const found = await instanceNamed(aws, name);
      if (found === undefined) return undefined;
      const why = found.StatusInfos?.flatMap(({ Message }) => Message ?? []).join("; ");
      return { status: found.DBInstanceStatus ?? "without a status", ...(why ? { why } : {}) };
    },
    query: (asked, questions, signal) => query(aws, asked, { questions, signal }),
    remove: (name) => remove(aws, name),
    close: () => {
      rds.destroy();
      ec2.destroy();
    },
  };
}

interface Aws {
  readonly rds: RDSClient;
  readonly ec2: EC2Client;
  readonly rdsModule: typeof import("@aws-sdk/client-rds");
  readonly ec2Module: typeof import("@aws-sdk/client-ec2");
  readonly options: RdsCopiesOptions;
  /** The name of the database that serves. */
  readonly live: string;
}

/** What AWS answers to one call; undefined where it says that there is no such thing. */
async function asked<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (ABSENT.test(codeOf(error))) return undefined;
    throw refusal(what, error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function refusal(what: string, cause: unknown): DeployError {
  const code = codeOf(cause) === "Error" ? "" : `${codeOf(cause)}: `;
  const [said = ""] = messageOf(cause).split("\n");
  return new DeployError("SPARKI_OUTSIDE", `AWS did not ${what}: ${code}${said}`, {
    cause,
    hint: "aws sts get-caller-identity; docs/recovery.md lists what a drill must be allowed",
  });
}

async function instanceNamed({ rds, rdsModule }: Aws, name: string): Promise<DBInstance | undefined> {
  const command = new rdsModule.DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
  const answer = await asked(`describe ${name}`, () => rds.send(command));
  return answer?.DBInstances?.find((each) => each.DBInstanceIdentifier === name);
}

/** The database that serves; throws where there is none, and for one of another account. */
async function liveInstance(aws: Aws): Promise<DBInstance> {
  const { accountId, stack } = aws.options;
  const found = await instanceNamed(aws, aws.live);
  if (found === undefined)
    throw new DeployError("SPARKI_USAGE", `stack ${stack} has no database ${aws.live}: there is nothing to restore`, {
      hint: `npx sparki status --stack ${stack}`,
    });
  const account = found.DBInstanceArn?.split(":")[4];
  if (account === accountId) return found;
  throw new DeployError("SPARKI_CONFIG", `the credentials are of account ${account}; expected ${accountId}`, {
    hint: "aws sts get-caller-identity",
  });
}

function readSnapshot(found: DBSnapshot, live: string): Snapshot | undefined {
  const { DBSnapshotIdentifier: id, SnapshotCreateTime: time, Status, DBInstanceIdentifier, AllocatedStorage } = found;
  if (id === undefined || time === undefined || Status !== "available" || DBInstanceIdentifier !== live)
    return undefined;
  return { id, at: time.getTime() / 1000, storageGib: AllocatedStorage ?? 0 };
}

async function newestSnapshot(aws: Aws): Promise<Snapshot | undefined> {
  await liveInstance(aws);
  const { rds, rdsModule, live } = aws;
  const wanted = { DBInstanceIdentifier: live, SnapshotType: "automated" };
  const all = await listed("snapshots", async (more) => {
    const command = new rdsModule.DescribeDBSnapshotsCommand({ ...wanted, ...more });
    const answer = await asked(`list the snapshots of ${live}`, () => rds.send(command));
    return { items: answer?.DBSnapshots, marker: answer?.Marker };
  });
  const found = all.flatMap((each) => readSnapshot(each, live) ?? []);
  return found.sort((one, other) => other.at - one.at)[0];
}

async function snapshotNamed(aws: Aws, id: string): Promise<Snapshot | undefined> {
  await liveInstance(aws);
  const { rds, rdsModule, live } = aws;
  const command = new rdsModule.DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id });
  const answer = await asked(`describe snapshot ${id}`, () => rds.send(command));
  return (answer?.DBSnapshots ?? []).flatMap((each) => readSnapshot(each, live) ?? []).find((each) => each.id === id);
}

async function restorable(aws: Aws) {
  await liveInstance(aws);
  const { rds, rdsModule, live } = aws;
  const command = new rdsModule.DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: live });
  const answer = await asked(`describe the backups of ${live}`, () => rds.send(command));
  const backup = answer?.DBInstanceAutomatedBackups?.find(({ Status }) => Status === "active");
  const { EarliestTime: earliest, LatestTime: latest } = backup?.RestoreWindow ?? {};
  if (earliest === undefined || latest === undefined) return undefined;
  const storageGib = backup?.AllocatedStorage ?? 0;
  return { earliest: earliest.getTime() / 1000, latest: latest.getTime() / 1000, storageGib };
}

interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  /** What the next page is asked by; undefined or empty on the last one. */
  readonly marker: string | undefined;
}

/** A list of RDS's, all pages of it; throws for one that does not end. */
async function listed<Item>(
  what: string,
  ask: (more: { readonly Marker?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const all: Item[] = [];
  let more: { readonly Marker?: string } = {};
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items = [], marker } = await ask(more);
    all.push(...items);
    if (!marker) return all;
    more = { Marker: marker };
  }
  throw new DeployError("SPARKI_OUTSIDE", `AWS's list of ${what} does not end within ${MOST_PAGES} pages`);
}

async function leftovers(aws: Aws): Promise<Leftover[]> {
  const { rds, rdsModule, options } = aws;
  const prefix = copyPrefix(options.stack);
  const byName = new Map<string, Leftover>();
  for (const { name, tags } of await groups(aws, { Name: `tag:${TAG}`, Values: [options.stack] }))
    if (name.startsWith(prefix)) byName.set(name, leftover(name, tags));
  const instances = await listed("database instances", async (more) => {
    const command = new rdsModule.DescribeDBInstancesCommand(more);
    const answer = await asked("list the database instances", () => rds.send(command));
    return { items: answer?.DBInstances, marker: answer?.Marker };
  });
  for (const { DBInstanceIdentifier: name = "", TagList = [] } of instances) {
    const tags = tagsIn(TagList);
    // Both, so that nothing else is ever deleted.
    if (name.startsWith(prefix) && tags.get(TAG) === options.stack) byName.set(name, leftover(name, tags));
  }
  return [...byName.values()];
}

function tagsIn(tags: readonly Tag[]): ReadonlyMap<string, string> {
  return new Map(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** A mark that cannot be read is of a drill that may still run. */
function leftover(name: string, tags: ReadonlyMap<string, string>): Leftover {
  const until = Date.parse(tags.get(UNTIL_TAG) ?? "") / 1000;
  return {
    name,
    until: Number.isNaN(until) ? Number.MAX_SAFE_INTEGER / 1000 : until,
    by: tags.get(BY_TAG) ?? "somebody",
  };
}

async function groups({ ec2, ec2Module }: Aws, filter: { readonly Name: string; readonly Values: string[] }) {
  const command = new ec2Module.DescribeSecurityGroupsCommand({ Filters: [filter] });
  const answer = await asked("list the security groups", () => ec2.send(command));
  return (answer?.SecurityGroups ?? []).flatMap(
    ({ GroupId: id, GroupName: name = "", Tags = [], IpPermissionsEgress = [] }) => {
      return id === undefined ? [] : [{ id, name, tags: tagsIn(Tags), egress: IpPermissionsEgress }];
    },
  );
}

async function groupOf(aws: Aws, name: string) {
  const named = await groups(aws, { Name: "group-name", Values: [name] });
  return named.find((each) => each.name === name && each.tags.get(TAG) === aws.options.stack);
}

function marks({ stack, owner }: RdsCopiesOptions, { name, until, by }: DatabaseCopy) {
  const tags: Readonly<Record<string, string>> = {
    ...{ project: "sparki", stack, owner, Name: name, [TAG]: stack },
    ...{
      [UNTIL_TAG]: new Date(until * 1000).toISOString(),
      [BY_TAG]: by.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, "_").slice(0, 200),
    },
  };
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

async function restore(aws: Aws, copy: DatabaseCopy): Promise<void> {
  const { rds, rdsModule, live } = aws;
  const serving = await liveInstance(aws);
  const groupId = await createGroup(aws, copy, serving.DBSubnetGroup?.VpcId);
  const parameters = serving.DBParameterGroups?.[0]?.DBParameterGroupName;
  const common = {
    DBInstanceClass: serving.DBInstanceClass,
    DBSubnetGroupName: serving.DBSubnetGroup?.DBSubnetGroupName,
    VpcSecurityGroupIds: [groupId],
    ...(parameters === undefined ? {} : { DBParameterGroupName: parameters }),
    MultiAZ: false,
    PubliclyAccessible: false,
    DeletionProtection: false,
    AutoMinorVersionUpgrade: false,
    CopyTagsToSnapshot: false,
    Tags: marks(aws.options, copy),
  };
  const { source, name } = copy;
  try {
    if (source.kind === "snapshot")
      await rds.send(
        new rdsModule.RestoreDBInstanceFromDBSnapshotCommand({
          ...common,
          DBInstanceIdentifier: name,
          DBSnapshotIdentifier: source.id,
        }),
      );
    else
      await rds.send(
        new rdsModule.RestoreDBInstanceToPointInTimeCommand({
          ...common,
          SourceDBInstanceIdentifier: live,
          TargetDBInstanceIdentifier: name,
          RestoreTime: new Date(source.at * 1000),
        }),
      );
  } catch (cause) {
    // An answer was lost and the request came again: the name is this copy's alone.
    if (/^DBInstanceAlreadyExists(?:Fault)?$/.test(codeOf(cause))) return;
    if (UNREADABLE.test(codeOf(cause))) throw new BackupUnreadable(`${codeOf(cause)}: ${messageOf(cause)}`, { cause });
    throw refusal(`restore ${name}`, cause);
  }
}

/** A group that lets nobody in, and nothing out. */
async function createGroup(aws: Aws, copy: DatabaseCopy, vpcId: string | undefined): Promise<string> {
  const { ec2, ec2Module, options } = aws;
  const TagSpecifications = [{ ResourceType: "security-group" as const, Tags: marks(options, copy) }];
  const command = new ec2Module.CreateSecurityGroupCommand({
    GroupName: copy.name,
    Description: `The restored database of a drill of ${options.stack}: only the check may connect`,
    VpcId: vpcId,
    TagSpecifications,
  });
  const made = await asked(`make security group ${copy.name}`, () => ec2.send(command));
  const group = await groupOf(aws, copy.name);
  const id = made?.GroupId ?? group?.id;
  if (id === undefined) throw new DeployError("SPARKI_OUTSIDE", `AWS made no security group ${copy.name}`);
  await close(aws, id, group?.egress);
  return id;
}

/** AWS lets everything out of a group that it makes. */
async function close(
  { ec2, ec2Module }: Aws,
  id: string,
  egress: readonly IpPermission[] = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
): Promise<void> {
  if (egress.length === 0) return;
  const command = new ec2Module.RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: [...egress] });
  await asked(`remove the default rules of security group ${id}`, () => ec2.send(command));
}

async function query(aws: Aws, who: Asked, job: Pick<AskedJob, "questions" | "signal">): Promise<readonly Answer[]> {
  const name = who === "live" ? aws.live : who.copy;
  const host = (await instanceNamed(aws, name))?.Endpoint?.Address;
  if (host === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no address to connect to`);
  const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  return aws.options.ask(host, {
    ...job,
    name: `drill-${who === "live" ? "live" : "copy"}-${stamp}`,
    admit: async (address) => {
      // The database that serves lets the cluster's jobs in already.
      if (who !== "live") await admit(aws, name, address);
    },
  });
}

async function admit(aws: Aws, name: string, address: string): Promise<void> {
  const { ec2, ec2Module } = aws;
  const group = await groupOf(aws, name);
  if (group === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no security group of its own`);
  const range = { CidrIp: `${address}/32`, Description: "The check of a restore drill" };
  const permission = { IpProtocol: "tcp", FromPort: PORT, ToPort: PORT, IpRanges: [range] };
  const command = new ec2Module.AuthorizeSecurityGroupIngressCommand({
    GroupId: group.id,
    IpPermissions: [permission],
  });
  await asked(`allow the check's access to ${name}`, () => ec2.send(command));
}

async function remove(aws: Aws, name: string): Promise<boolean> {
  const { rds, ec2, rdsModule, ec2Module, options } = aws;
  // Never anything that a drill has not made.
  if (!name.startsWith(copyPrefix(options.stack)) || name === aws.live)
    throw new Error(`${name} was not created by a drill`);
  const found = await instanceNamed(aws, name);
  if (found !== undefined) {
    const isMarked = found.TagList?.some(({ Key, Value }) => Key === TAG && Value === options.stack) === true;
    if (!isMarked) throw new DeployError("SPARKI_OUTSIDE", `${name} does not have a drill's tag`);
    if (found.DBInstanceStatus === "deleting") return false;
    const command = new rdsModule.DeleteDBInstanceCommand({
      DBInstanceIdentifier: name,
      SkipFinalSnapshot: true,
      DeleteAutomatedBackups: true,
    });
    await unlessLater(`delete ${name}`, () => rds.send(command));
    return false;
  }
  const group = await groupOf(aws, name);
  if (group === undefined) return true;
  const command = new ec2Module.DeleteSecurityGroupCommand({ GroupId: group.id });
  return unlessLater(`delete security group ${name}`, () => ec2.send(command));
}

/** Whether it was done; false where AWS says that it is too early. */
async function unlessLater(what: string, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (ABSENT.test(codeOf(error))) return true;
    if (LATER.test(codeOf(error))) return false;
    throw refusal(what, error);
  }
}
