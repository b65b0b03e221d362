import type { DBInstance, RDSClient } from "@aws-sdk/client-rds";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { asked, codeOf, refusal } from "./aws-answers.ts";
import { awsHandler } from "./aws-http.ts";
import type { DatabaseReplacement } from "./database-replacement.ts";
import { type RdsCopiesOptions, UNREADABLE } from "./rds-copies.ts";
import { BackupUnreadable } from "./restored-copies.ts";

export type RdsReplacementOptions = Omit<RdsCopiesOptions, "owner">;

/** The name is not free, or the instance is not in a state to be changed: both pass. */
const LATER = /^(?:DBInstanceAlreadyExists(?:Fault)?|InvalidDBInstanceState(?:Fault)?)$/;

interface Aws {
  readonly rds: RDSClient;
  readonly commands: typeof import("@aws-sdk/client-rds");
  readonly options: RdsReplacementOptions;
  readonly live: string;
}

/** The instances at AWS. */
export async function openRdsReplacement(
  options: RdsReplacementOptions,
): Promise<DatabaseReplacement & { close(): void }> {
  const commands = await import("@aws-sdk/client-rds");
  const { region, network, stack, credentials } = options;
  const settings = { region, maxAttempts: 5, requestHandler: awsHandler(network), ...(credentials && { credentials }) };
  const rds = new commands.RDSClient(settings);
  const aws: Aws = { rds, commands, options, live: `sparki-${stack}-database` };
  return {
    restorable: () => restorable(aws),
    instance: async (name) => {
      const found = await named(aws, name);
      if (found === undefined) return undefined;
      const why = found.StatusInfos?.flatMap(({ Message }) => Message ?? []).join("; ");
      const status = found.DBInstanceStatus ?? "without a status";
      return { resourceId: found.DbiResourceId ?? "", status, ...(why ? { why } : {}) };
    },
    restoreBeside: (name, at) => restoreBeside(aws, name, at),
    rename: (from, to, isProtected) => rename(aws, { from, to, isProtected }),
    query: async (name, questions, signal) => {
      const host = (await named(aws, name))?.Endpoint?.Address;
      if (host === undefined) throw new DeployError("SPARKI_OUTSIDE", `${name} has no address to connect to`);
      const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
      // It is in the security group of the database, which lets the cluster's jobs in.
      return options.ask(host, { name: `recovery-${stamp}`, questions, signal, admit: async () => {} });
    },
    close: () => rds.destroy(),
  };
}

/** An instance of the stack's own account; throws for one of another. */
async function named({ rds, commands, options }: Aws, name: string): Promise<DBInstance | undefined> {
  const command = new commands.DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
  const answer = await asked(`describe ${name}`, () => rds.send(command));
  const found = answer?.DBInstances?.find((each) => each.DBInstanceIdentifier === name);
  const account = found?.DBInstanceArn?.split(":")[4];
  if (found === undefined || account === options.accountId) return found;
  throw new DeployError("SPARKI_CONFIG", `the credentials are of account ${account}; expected ${options.accountId}`, {
    hint: "aws sts get-caller-identity",
  });
}

async function restorable({ rds, commands, live }: Aws) {
  const command = new commands.DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: live });
  const answer = await asked(`describe the backups of ${live}`, () => rds.send(command));
  const backup = answer?.DBInstanceAutomatedBackups?.find(({ Status }) => Status === "active");
  const { EarliestTime: earliest, LatestTime: latest } = backup?.RestoreWindow ?? {};
  if (earliest === undefined || latest === undefined) return undefined;
  return { earliest: earliest.getTime() / 1000, latest: latest.getTime() / 1000 };
}

async function restoreBeside(aws: Aws, name: string, at: number): Promise<void> {
  const { rds, commands, live } = aws;
  const serving = await named(aws, live);
  if (serving === undefined) throw new DeployError("SPARKI_OUTSIDE", `there is no database ${live} to restore`);
  const command = new commands.RestoreDBInstanceToPointInTimeCommand({
    ...likeTheLive(serving),
    SourceDBInstanceIdentifier: live,
    TargetDBInstanceIdentifier: name,
    RestoreTime: new Date(at * 1000),
    // Until it was checked it may have to be deleted.
    DeletionProtection: false,
    PubliclyAccessible: false,
  });
  try {
    await rds.send(command);
  } catch (cause) {
    // An answer was lost and the request came again: the name says of which moment it is.
    if (/^DBInstanceAlreadyExists(?:Fault)?$/.test(codeOf(cause))) return;
    if (UNREADABLE.test(codeOf(cause))) throw new BackupUnreadable(`${codeOf(cause)}: ${messageOf(cause)}`, { cause });
    throw refusal(`restore ${name}`, cause);
  }
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

async function rename({ rds, commands }: Aws, { from, to, isProtected }: Renaming): Promise<boolean> {
  const command = new commands.ModifyDBInstanceCommand({
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
