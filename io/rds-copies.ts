import type { DBInstance, DBSnapshot, RDSClient } from "@aws-sdk/client-rds";
import { DeployError } from "../shared/deploy-error.ts";
import { asked, askRestore, assertAccount, clientSettings, listed, unlessLater } from "./aws-client.ts";
import { type CopiesOwner, CopyGroups, isMarked, leftoverOf, marks, tagsIn } from "./copy-groups.ts";
import {
  type Answer,
  type Asked,
  type Copy,
  copyPrefix,
  type DatabaseCopies,
  type Leftover,
  type Question,
  type Snapshot,
} from "./restored-copies.ts";

export interface RdsCopiesOptions extends CopiesOwner {
  /** Asks a server by its host name from inside the network; `admit` lets one address of it in. */
  ask(host: string, job: AskedJob): Promise<readonly Answer[]>;
}

interface AskedJob {
  readonly name: string;
  readonly questions: readonly Question[];
  readonly signal: AbortSignal;
  admit(address: string): Promise<void>;
}

const PORT = 5432;
/** Refusals for which the backup is the reason: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html. */
export const UNREADABLE =
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

export async function instanceNamed({ rds, rdsModule }: Rds, name: string): Promise<DBInstance | undefined> {
  const command = new rdsModule.DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
  const answer = await asked(`describe ${name}`, () => rds.send(command));
  return answer?.DBInstances?.find((each) => each.DBInstanceIdentifier === name);
}

/** AWS's own word for how an instance is, and why. */
export function statusOf({ StatusInfos, DBInstanceStatus: status = "without a status" }: DBInstance) {
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
export async function restoreWindow({ rds, rdsModule }: Rds, live: string) {
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
  const host = (await instanceNamed(aws, name))?.Endpoint?.Address;
  if (host === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no address to connect to`);
  const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  return aws.options.ask(host, {
    ...job,
    name: `drill-${who === "live" ? "live" : "copy"}-${stamp}`,
    admit: async (address) => {
      // The database that serves lets the cluster's jobs in already.
      if (who !== "live") await aws.groups.admit(name, address, PORT);
    },
  });
}

async function remove(aws: Aws, name: string): Promise<boolean> {
  const { rds, rdsModule, options } = aws;
  // Never anything that a drill has not made.
  if (!name.startsWith(copyPrefix(options.stack)) || name === aws.live)
    throw new Error(`${name} was not created by a drill`);
  const found = await instanceNamed(aws, name);
  if (found !== undefined) {
    if (!isMarked(tagsIn(found.TagList ?? []), options))
      throw new DeployError("SPARKI_OUTSIDE", `${name} does not have a drill's tag`);
    if (found.DBInstanceStatus === "deleting") return false;
    const command = new rdsModule.DeleteDBInstanceCommand({
      DBInstanceIdentifier: name,
      SkipFinalSnapshot: true,
      DeleteAutomatedBackups: true,
    });
    await unlessLater(`delete ${name}`, () => rds.send(command));
    return false;
  }
  return aws.groups.remove(name);
}
