import type { DBInstance, RDSClient } from "@aws-sdk/client-rds";
import { DeployError } from "../shared/deploy-error.ts";
import { askRestore, assertAccount, clientSettings, codeOf, refusal } from "./aws-client.ts";
import {
  addressOf,
  instanceNamed,
  type RdsCopiesOptions,
  restoreWindow,
  stampNow,
  statusOf,
  UNREADABLE,
} from "./rds-copies.ts";
import type { Answer, Question } from "./restored-copies.ts";

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

interface Aws {
  readonly rds: RDSClient;
  readonly rdsModule: typeof import("@aws-sdk/client-rds");
  readonly options: RdsReplacementOptions;
  readonly live: string;
}

/** The instances at AWS. */
export async function openRdsReplacement(
  options: RdsReplacementOptions,
): Promise<DatabaseReplacement & { close(): void }> {
  const rdsModule = await import("@aws-sdk/client-rds");
  const rds = new rdsModule.RDSClient(clientSettings(options));
  const aws: Aws = { rds, rdsModule, options, live: `sparki-${options.stack}-database` };
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
async function named(aws: Aws, name: string): Promise<DBInstance | undefined> {
  const found = await instanceNamed(aws, name);
  if (found !== undefined) assertAccount(found.DBInstanceArn, aws.options);
  return found;
}

async function restoreBeside(aws: Aws, name: string, at: number): Promise<void> {
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
    Tags: live.TagList,
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

async function rename({ rds, rdsModule }: Aws, { from, to, isProtected }: Renaming): Promise<boolean> {
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
