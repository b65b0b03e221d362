import type { DBInstance, DBSnapshot, RDSClient } from "@aws-sdk/client-rds";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import {
  asked,
  askRestore,
  assertAccount,
  clientSettings,
  codeOf,
  EXISTS,
  listed,
  refusal,
  unlessLater,
} from "./aws-client.ts";
import { type CopiesOwner, CopyGroups, isMarked, leftoverOf, marks, ownMarks, tagsIn } from "./copy-groups.ts";
import {
  type Answer,
  type Asked,
  type Copy,
  type CopyUpgrades,
  copyPrefix,
  type DatabaseCopies,
  type Leftover,
  type Question,
  type ReachWatch,
  type Snapshot,
  UpgradeRefused,
  type UpgradeState,
} from "./restored-copies.ts";

export interface RdsCopiesOptions extends CopiesOwner {
  /** Asks a server by its host name from inside the network; `admit` lets one address of it in. */
  ask(host: string, job: AskedJob): Promise<readonly Answer[]>;
  /** Connects to a server again and again from there; resolves once it has answered. */
  watch(host: string, job: Omit<AskedJob, "questions"> & { readonly until: number }): Promise<ReachWatch>;
}

interface AskedJob {
  readonly name: string;
  readonly questions: readonly Question[];
  readonly signal: AbortSignal;
  admit(address: string): Promise<void>;
}

const PORT = 5432;
/** Refusals for which the backup is the reason: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html. */
const UNREADABLE =
  /^(?:KMSKeyNotAccessibleFault|InvalidDBSnapshotStateFault|InvalidDBSnapshotState|DBSnapshotNotFoundFault|DBSnapshotNotFound|InvalidRestoreFault|PointInTimeRestoreNotEnabledFault|PointInTimeRestoreNotEnabled|DBInstanceAutomatedBackupNotFoundFault|DBInstanceAutomatedBackupNotFound)$/;

/** The copies at AWS. A copy stands in the database's own subnets, which nothing outside reaches, in a security group of its own that lets nobody in until a check's pod asks. */
export async function openRdsCopies(options: RdsCopiesOptions): Promise<DatabaseCopies & { close(): void }> {
  const rdsModule = await import("@aws-sdk/client-rds");
  const rds = new rdsModule.RDSClient(clientSettings(options));
  const groups = await CopyGroups.open(options);
  const aws: Aws = { rds, groups, rdsModule, options, live: `sparki-${options.stack}-database` };
  return {
    newestSnapshot: () => newestSnapshot(aws),
    snapshot: (id) => snapshotNamed(aws, id),
    restorable: () => restorable(aws),
    leftovers: () => leftovers(aws),
    restore: (copy) => restore(aws, copy),
    describe: async (name) => {
      const found = await instanceNamed(aws, name);
      return found && statusOf(found);
    },
    query: (asked, questions, signal) => query(aws, asked, { questions, signal }),
    remove: (name) => remove(aws, name),
    upgrades: upgradesOf(aws),
    close: () => {
      rds.destroy();
      groups.close();
    },
  };
}

interface Aws {
  readonly rds: RDSClient;
  readonly groups: CopyGroups;
  readonly rdsModule: typeof import("@aws-sdk/client-rds");
  readonly options: RdsCopiesOptions;
  /** The name of the database that serves. */
  readonly live: string;
}

type Rds = Pick<Aws, "rds" | "rdsModule">;

async function instanceNamed({ rds, rdsModule }: Rds, name: string): Promise<DBInstance | undefined> {
  const command = new rdsModule.DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
  const answer = await asked(`describe ${name}`, () => rds.send(command));
  return answer?.DBInstances?.find((each) => each.DBInstanceIdentifier === name);
}

/** AWS's own word for how an instance is, and why. */
function statusOf({ StatusInfos, DBInstanceStatus: status = "without a status" }: DBInstance) {
  const why = StatusInfos?.flatMap(({ Message }) => Message ?? []).join("; ");
  return { status, ...(why ? { why } : {}) };
}

/** The database that serves; throws where there is none, and for one of another account. */
async function liveInstance(aws: Aws): Promise<DBInstance> {
  const { stack } = aws.options;
  const found = await instanceNamed(aws, aws.live);
  if (found === undefined)
    throw new DeployError("SPARKI_USAGE", `stack ${stack} has no database ${aws.live}: there is nothing to restore`, {
      hint: `npx sparki status --stack ${stack}`,
    });
  assertAccount(found.DBInstanceArn, aws.options);
  return found;
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
  return restoreWindow(aws, aws.live);
}

/** The moments that an instance's own backups can restore, in seconds since 1970; undefined where there are none. */
async function restoreWindow({ rds, rdsModule }: Rds, live: string) {
  const command = new rdsModule.DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: live });
  const answer = await asked(`describe the backups of ${live}`, () => rds.send(command));
  const backup = answer?.DBInstanceAutomatedBackups?.find(({ Status }) => Status === "active");
  const { EarliestTime: earliest, LatestTime: latest } = backup?.RestoreWindow ?? {};
  if (earliest === undefined || latest === undefined) return undefined;
  const storageGib = backup?.AllocatedStorage ?? 0;
  return { earliest: earliest.getTime() / 1000, latest: latest.getTime() / 1000, storageGib };
}

async function leftovers(aws: Aws): Promise<Leftover[]> {
  const { rds, rdsModule, options } = aws;
  const prefix = copyPrefix(options.stack);
  const byName = new Map((await aws.groups.leftovers(prefix)).map((each) => [each.name, each]));
  const instances = await listed("database instances", async (more) => {
    const command = new rdsModule.DescribeDBInstancesCommand(more);
    const answer = await asked("list the database instances", () => rds.send(command));
    return { items: answer?.DBInstances, marker: answer?.Marker };
  });
  for (const { DBInstanceIdentifier: name = "", TagList = [] } of instances) {
    const tags = tagsIn(TagList);
    // Both, so that nothing else is ever deleted.
    if (name.startsWith(prefix) && isMarked(tags, options)) byName.set(name, leftoverOf(name, tags));
  }
  return [...byName.values()];
}

async function restore(aws: Aws, copy: Copy): Promise<void> {
  const { rds, rdsModule, live } = aws;
  const serving = await liveInstance(aws);
  const groupId = await aws.groups.create(copy, { vpcId: serving.DBSubnetGroup?.VpcId, what: "database" });
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
    // RDS keeps a snapshot from before an upgrade of what is backed up.
    ...(copy.upgradeTo !== undefined && { BackupRetentionPeriod: 0 }),
    Tags: marks(aws.options, copy),
  };
  const { source, name } = copy;
  await askRestore(name, UNREADABLE, () =>
    source.kind === "snapshot"
      ? rds.send(
          new rdsModule.RestoreDBInstanceFromDBSnapshotCommand({
            ...common,
            DBInstanceIdentifier: name,
            DBSnapshotIdentifier: source.id,
          }),
        )
      : rds.send(
          new rdsModule.RestoreDBInstanceToPointInTimeCommand({
            ...common,
            SourceDBInstanceIdentifier: live,
            TargetDBInstanceIdentifier: name,
            RestoreTime: new Date(source.at * 1000),
          }),
        ),
  );
}

async function query(aws: Aws, who: Asked, job: Pick<AskedJob, "questions" | "signal">): Promise<readonly Answer[]> {
  const name = who === "live" ? aws.live : who.copy;
  const host = addressOf(name, await instanceNamed(aws, name));
  return aws.options.ask(host, {
    ...job,
    name: `drill-${who === "live" ? "live" : "copy"}-${stampNow()}`,
    admit: async (address) => {
      // The database that serves lets the cluster's jobs in already.
      if (who !== "live") await aws.groups.admit(name, address, PORT);
    },
  });
}

/** Where an instance is connected to; throws SPARKI_OUTSIDE for one that is not there, or has no address yet. */
function addressOf(name: string, instance: DBInstance | undefined): string {
  const host = instance?.Endpoint?.Address;
  if (host === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no address to connect to`);
  return host;
}

/** An instance that a drill has made, undefined where there is none; throws for everything else. */
async function ownCopy(aws: Aws, name: string): Promise<DBInstance | undefined> {
  const { options } = aws;
  if (!name.startsWith(copyPrefix(options.stack)) || name === aws.live)
    throw new Error(`${name} was not created by a drill`);
  const found = await instanceNamed(aws, name);
  if (found === undefined || isMarked(tagsIn(found.TagList ?? []), options)) return found;
  throw new DeployError("SPARKI_OUTSIDE", `${name} does not have a drill's tag`);
}

async function remove(aws: Aws, name: string): Promise<boolean> {
  const { rds, rdsModule, groups } = aws;
  const found = await ownCopy(aws, name);
  if (found !== undefined) {
    if (found.DBInstanceStatus === "deleting") return false;
    const command = new rdsModule.DeleteDBInstanceCommand({
      DBInstanceIdentifier: name,
      SkipFinalSnapshot: true,
      DeleteAutomatedBackups: true,
    });
    await unlessLater(`delete ${name}`, () => rds.send(command));
    return false;
  }
  // Before the security group, by which what is left of a drill is found again.
  const hasParameters = await groups.isForUpgrade(name);
  if (hasParameters && !(await removeParameters(aws, name))) return false;
  return groups.remove(name);
}

async function removeParameters({ rds, rdsModule }: Aws, name: string): Promise<boolean> {
  const command = new rdsModule.DeleteDBParameterGroupCommand({ DBParameterGroupName: name });
  return unlessLater(`delete parameter group ${name}`, () => rds.send(command));
}

/** Refusals of an upgrade that no repetition changes: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html. */
const REFUSED = /^InvalidParameter(?:Combination|Value)(?:Exception)?$/;
const majorOf = (version: string) => version.split(".")[0] ?? "";

function upgradesOf(aws: Aws): CopyUpgrades {
  return {
    liveVersion: async () => versionOf(await liveInstance(aws)),
    begin: (name, version) => beginUpgrade(aws, name, version),
    state: (name, since) => upgradeState(aws, name, since),
    refusalLog: (name) => refusalLog(aws, name),
    watch: async (name, until, signal) => {
      const host = addressOf(name, await ownCopy(aws, name));
      const admit = (address: string) => aws.groups.admit(name, address, PORT);
      return aws.options.watch(host, { name: `drill-watch-${stampNow()}`, until, signal, admit });
    },
  };
}

function versionOf({ DBInstanceIdentifier: name, EngineVersion: version }: DBInstance): string {
  if (version !== undefined) return version;
  throw new DeployError("SPARKI_OUTSIDE", `AWS does not say which version ${name} has`);
}

/**
 * A major version needs parameters of its own family. A group of the copy's own is made for it, of AWS's defaults: whether
 * an account has AWS's own default group of a family depends on what was made there before.
 */
async function beginUpgrade(aws: Aws, name: string, version: string): Promise<void> {
  const { rds, rdsModule } = aws;
  const copy = await ownCopy(aws, name);
  if (copy === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} does not exist`);
  const isMajor = majorOf(versionOf(copy)) !== majorOf(version);
  if (isMajor) await makeParameters(aws, name, `postgres${majorOf(version)}`);
  const command = new rdsModule.ModifyDBInstanceCommand({
    DBInstanceIdentifier: name,
    EngineVersion: version,
    ApplyImmediately: true,
    ...(isMajor && { AllowMajorVersionUpgrade: true, DBParameterGroupName: name }),
  });
  try {
    await rds.send(command);
  } catch (cause) {
    if (REFUSED.test(codeOf(cause))) throw new UpgradeRefused(`${codeOf(cause)}: ${messageOf(cause)}`, { cause });
    throw refusal(`upgrade ${name} to ${version}`, cause);
  }
}

async function makeParameters({ rds, rdsModule, options }: Aws, name: string, family: string): Promise<void> {
  const command = new rdsModule.CreateDBParameterGroupCommand({
    DBParameterGroupName: name,
    DBParameterGroupFamily: family,
    Description: `The upgraded copy of a drill of ${options.stack}: AWS's defaults`,
    Tags: ownMarks(options, name),
  });
  try {
    await rds.send(command);
  } catch (cause) {
    if (!EXISTS.test(codeOf(cause))) throw refusal(`make parameter group ${name}`, cause);
  }
}

async function upgradeState(aws: Aws, name: string, since: number): Promise<UpgradeState> {
  const { rds, rdsModule } = aws;
  const copy = await ownCopy(aws, name);
  if (copy === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} does not exist any more`);
  const wanted = {
    SourceIdentifier: name,
    SourceType: "db-instance" as const,
    StartTime: new Date(Math.floor(since) * 1000),
  };
  const events = await listed("events", async (more) => {
    const command = new rdsModule.DescribeEventsCommand({ ...wanted, ...more });
    const answer = await asked(`list the events of ${name}`, () => rds.send(command));
    return { items: answer?.Events, marker: answer?.Marker };
  });
  const told = events
    .filter(({ SourceIdentifier }) => SourceIdentifier === name)
    .sort((one, other) => (one.Date?.getTime() ?? 0) - (other.Date?.getTime() ?? 0));
  return {
    status: statusOf(copy).status,
    version: versionOf(copy),
    isPending: copy.PendingModifiedValues?.EngineVersion !== undefined,
    events: told.flatMap(({ Message }) => Message ?? []),
  };
}

/** What RDS's pre-check and pg_upgrade write: the log of that name, and of later versions one of each check. */
const UPGRADE_LOG = /^error\/(?:pg_upgrade_(?:precheck|internal)\.log|[a-z_]+\.txt)/;
const MOST_LOGS = 3;
const LOG_LINES = 40;

async function refusalLog(aws: Aws, name: string): Promise<string[]> {
  const { rds, rdsModule } = aws;
  if ((await ownCopy(aws, name)) === undefined) return [];
  const files = await listed("log files", async (more) => {
    const command = new rdsModule.DescribeDBLogFilesCommand({ DBInstanceIdentifier: name, ...more });
    const answer = await asked(`list the logs of ${name}`, () => rds.send(command));
    return { items: answer?.DescribeDBLogFiles, marker: answer?.Marker };
  });
  const found = files
    .filter(({ LogFileName: file = "" }) => UPGRADE_LOG.test(file))
    .sort((one, other) => (other.LastWritten ?? 0) - (one.LastWritten ?? 0));
  const told: string[] = [];
  for (const { LogFileName: file = "" } of found.slice(0, MOST_LOGS)) {
    const command = new rdsModule.DownloadDBLogFilePortionCommand({
      ...{ DBInstanceIdentifier: name, LogFileName: file, NumberOfLines: LOG_LINES },
    });
    const answer = await asked(`read the log ${file} of ${name}`, () => rds.send(command));
    const lines = (answer?.LogFileData ?? "").split("\n").filter((line) => line.trim() !== "");
    told.push(`${file}:`, ...lines.slice(-LOG_LINES));
  }
  return told;
}

/** Now, as names of Jobs have it: `20261130201500`. */
function stampNow(): string {
  return new Date().toISOString().replace(/\D/g, "").slice(0, 14);
}

/** An instance as AWS describes it. */
export interface FoundInstance {
  /** What it keeps under every name; Pulumi's state knows it by this. */
  readonly resourceId: string;
  /** AWS's own word. */
  readonly status: string;
  readonly why?: string;
}

/**
 * The instance that serves, and one that is restored beside it to take its place. Nothing here deletes an instance or
 * changes data. Whatever AWS does not answer, or answers in a way that is not understood, throws SPARKI_OUTSIDE.
 */
export interface DatabaseReplacement {
  /** The moments, in seconds since 1970, that the instance which serves can be restored to; undefined where there are none. */
  restorable(): Promise<{ readonly earliest: number; readonly latest: number } | undefined>;
  instance(name: string): Promise<FoundInstance | undefined>;
  /**
   * Asks for an instance with the class, network, parameters, backups and tags of the one that serves, and with its data
   * at a moment; throws BackupUnreadable where the backup is the reason that there will be none.
   */
  restoreBeside(name: string, at: number): Promise<void>;
  /**
   * Asks for another name; with `isProtected` nobody can delete the instance afterwards. Answers false where AWS cannot do
   * that yet, such as while the name is not free.
   */
  rename(from: string, to: string, isProtected: boolean): Promise<boolean>;
  /** Asks an instance read-only, from inside its network; an answer may be missing, and is then not known. */
  query(name: string, questions: readonly Question[], signal: AbortSignal): Promise<readonly Answer[]>;
}

type RdsReplacementOptions = Omit<RdsCopiesOptions, "owner" | "watch">;

/** The name is not free, or the instance is not in a state to be changed: both pass. */
const LATER = /^(?:DBInstanceAlreadyExists(?:Fault)?|InvalidDBInstanceState(?:Fault)?)$/;

interface ReplacementAws extends Omit<Aws, "groups" | "options"> {
  readonly options: RdsReplacementOptions;
}

/** The instances at AWS. */
export async function openRdsReplacement(
  options: RdsReplacementOptions,
): Promise<DatabaseReplacement & { close(): void }> {
  const rdsModule = await import("@aws-sdk/client-rds");
  const rds = new rdsModule.RDSClient(clientSettings(options));
  const aws: ReplacementAws = { rds, rdsModule, options, live: `sparki-${options.stack}-database` };
  return {
    restorable: async () => {
      const { earliest, latest } = (await restoreWindow(aws, aws.live)) ?? {};
      return earliest === undefined || latest === undefined ? undefined : { earliest, latest };
    },
    instance: async (name) => {
      const found = await named(aws, name);
      return found && { resourceId: found.DbiResourceId ?? "", ...statusOf(found) };
    },
    restoreBeside: (name, at) => restoreBeside(aws, name, at),
    rename: (from, to, isProtected) => rename(aws, { from, to, isProtected }),
    query: async (name, questions, signal) => {
      const host = addressOf(name, await named(aws, name));
      // It is in the security group of the database, which lets the cluster's jobs in.
      return options.ask(host, { name: `recovery-${stampNow()}`, questions, signal, admit: async () => {} });
    },
    close: () => rds.destroy(),
  };
}

/** An instance of the stack's own account; throws for one of another. */
async function named(aws: ReplacementAws, name: string): Promise<DBInstance | undefined> {
  const found = await instanceNamed(aws, name);
  if (found !== undefined) assertAccount(found.DBInstanceArn, aws.options);
  return found;
}

async function restoreBeside(aws: ReplacementAws, name: string, at: number): Promise<void> {
  const { rds, rdsModule, live } = aws;
  const serving = await named(aws, live);
  if (serving === undefined) throw new DeployError("SPARKI_OUTSIDE", `there is no database ${live} to restore`);
  const command = new rdsModule.RestoreDBInstanceToPointInTimeCommand({
    ...likeTheLive(serving),
    SourceDBInstanceIdentifier: live,
    TargetDBInstanceIdentifier: name,
    RestoreTime: new Date(at * 1000),
    // Until it was checked it may have to be deleted.
    DeletionProtection: false,
    PubliclyAccessible: false,
  });
  await askRestore(name, UNREADABLE, () => rds.send(command));
}

/** What RDS would choose by itself where it restores; monitoring and its window are the next deployment's. */
function likeTheLive(live: DBInstance) {
  const { MasterUserSecret: secret, DBParameterGroups: [parameters] = [], VpcSecurityGroups: groups = [] } = live;
  return {
    DBInstanceClass: live.DBInstanceClass,
    DBSubnetGroupName: live.DBSubnetGroup?.DBSubnetGroupName,
    VpcSecurityGroupIds: groups.flatMap(({ VpcSecurityGroupId: id }) => id ?? []),
    DBParameterGroupName: parameters?.DBParameterGroupName,
    MultiAZ: live.MultiAZ,
    AutoMinorVersionUpgrade: live.AutoMinorVersionUpgrade,
    CopyTagsToSnapshot: live.CopyTagsToSnapshot,
    StorageType: live.StorageType,
    MaxAllocatedStorage: live.MaxAllocatedStorage,
    EnableIAMDatabaseAuthentication: live.IAMDatabaseAuthenticationEnabled,
    EnableCloudwatchLogsExports: live.EnabledCloudwatchLogsExports,
    CACertificateIdentifier: live.CACertificateIdentifier,
    BackupRetentionPeriod: live.BackupRetentionPeriod,
    PreferredBackupWindow: live.PreferredBackupWindow,
    // AWS takes none of its own tags from anybody.
    Tags: live.TagList?.filter(({ Key = "" }) => !/^aws:/i.test(Key)),
    ...(secret === undefined
      ? {}
      : { ManageMasterUserPassword: true, MasterUserSecretKmsKeyId: secret.KmsKeyId ?? undefined }),
  };
}

interface Renaming {
  readonly from: string;
  readonly to: string;
  readonly isProtected: boolean;
}

async function rename({ rds, rdsModule }: ReplacementAws, { from, to, isProtected }: Renaming): Promise<boolean> {
  const command = new rdsModule.ModifyDBInstanceCommand({
    DBInstanceIdentifier: from,
    NewDBInstanceIdentifier: to,
    DeletionProtection: isProtected,
    ApplyImmediately: true,
  });
  try {
    await rds.send(command);
    return true;
  } catch (cause) {
    if (LATER.test(codeOf(cause))) return false;
    throw refusal(`rename ${from} to ${to}`, cause);
  }
}
