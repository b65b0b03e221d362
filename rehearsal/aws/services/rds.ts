import { randomBytes } from "node:crypto";
import type { Properties, Value } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import {
  AwsError,
  arnOf,
  type Cloud,
  type Companion,
  type Draft,
  type Identified,
  kmsKeyReference,
  type ResourceModel,
  roleReference,
  type Subject,
  securityGroupReference,
  subnetReference,
  upperId,
  uuidOf,
} from "../model.ts";
import { computedOutputs, subjectOf } from "../subject.ts";
import { TYPES } from "../types.ts";
import { flag, number, text, texts } from "../values.ts";
import type { World, WorldResource } from "../world.ts";
import { vpcAt, zonesAt } from "./ec2-vpc.ts";
import { dropManagedSecret, secretValue, setManagedSecret } from "./kms-secretsmanager.ts";

const subnetGroup: ResourceModel = {
  type: TYPES.databaseSubnetGroup,
  title: "RDS DB Subnet Group",
  required: ["subnetIds"],
  immutable: ["name", "namePrefix"],
  defaults: { description: "Managed by Pulumi" },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "rds", `subgrp:${subject.id}`),
  references: [subnetReference("subnetIds", "InvalidSubnet", false)],
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("DBSubnetGroupAlreadyExists", `The DB subnet group '${text(inputs, "name")}' already exists.`),
    },
  ],
  validate: (draft, world) => {
    const zones = zonesAt(draft, "subnetIds", world);
    if (zones.length >= 2) return;
    const words = `The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: ${zones.join(", ")}. Add subnets to cover at least 2 AZs.`;
    throw new AwsError("DBSubnetGroupDoesNotCoverEnoughAZs", words);
  },
  outputs: {
    supportedNetworkTypes: () => ["IPV4"],
    vpcId: (subject, world) => vpcAt(subject, "subnetIds", world) ?? "",
  },
  inUse: ({ id }, holder) =>
    new AwsError(
      "InvalidDBSubnetGroupStateFault",
      `Cannot delete the subnet group '${id}' because at least one database instance: ${holder.name} is still using it.`,
    ),
};

const parameterGroup: ResourceModel = {
  type: TYPES.databaseParameterGroup,
  title: "RDS DB Parameter Group",
  required: ["family"],
  immutable: ["name", "namePrefix", "family", "description"],
  defaults: { description: "Managed by Pulumi", skipDestroy: false },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "rds", `pg:${subject.id}`),
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("DBParameterGroupAlreadyExists", `Parameter group ${text(inputs, "name")} already exists`),
    },
  ],
  validate: ({ inputs }) => {
    const family = text(inputs, "family") ?? "";
    if (/^(postgres|aurora-postgresql)1[2-8]$|^(mysql|mariadb|aurora-mysql)\d+\.\d+$/.test(family)) return;
    throw new AwsError(
      "InvalidParameterValue",
      `DBParameterGroupFamily ${family} is not a valid parameter group family`,
    );
  },
  inUse: ({ id }) =>
    new AwsError(
      "InvalidDBParameterGroupState",
      `One or more database instances are still members of this parameter group ${id}, so the group cannot be deleted`,
    ),
};

const RESERVED_USERS = ["admin"];

/** Throws what RDS answers to settings of a DB instance that do not fit together. */
function checkDatabase(draft: Draft, world: World): void {
  checkEngine(draft, world);
  checkCredentials(draft);
  checkNetwork(draft, world);
  if ((number(draft.inputs, "monitoringInterval") ?? 0) > 0 && text(draft.inputs, "monitoringRoleArn") === undefined) {
    const words = "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.";
    throw new AwsError("InvalidParameterCombination", words);
  }
  const storage = number(draft.inputs, "allocatedStorage") ?? 0;
  const limit = number(draft.inputs, "maxAllocatedStorage");
  const isMadeOfAnother = ["replicateSourceDb", "snapshotIdentifier"].some(
    (name) => text(draft.inputs, name) !== undefined,
  );
  if (storage < 20 && !isMadeOfAnother)
    throw new AwsError("InvalidParameterValue", `Invalid storage size for engine name postgres: ${storage}`);
  if (limit !== undefined && limit !== 0 && limit * 10 < storage * 11)
    throw new AwsError(
      "InvalidParameterCombination",
      `Invalid max storage size for engine name postgres and storage type gp3: ${limit}. It must be at least 10 % greater than the allocated storage, ${storage}`,
    );
}

function checkEngine({ inputs }: Draft, world: World): void {
  const engine = text(inputs, "engine");
  if (engine !== "postgres") return;
  const major = (text(inputs, "engineVersion") ?? "17").split(".")[0];
  const group = world.get(TYPES.databaseParameterGroup, text(inputs, "parameterGroupName") ?? "");
  const family = group === undefined ? undefined : text(group.inputs, "family");
  if (family === undefined || family === `postgres${major}`) return;
  const words = `The parameter group ${group?.id} with DBParameterGroupFamily ${family} can't be used for this instance. Please use a Parameter Group with DBParameterGroupFamily postgres${major}.`;
  throw new AwsError("InvalidParameterCombination", words);
}

function checkCredentials({ inputs }: Draft): void {
  const username = text(inputs, "username") ?? "";
  if (RESERVED_USERS.includes(username) || /^(rds|pg_)/.test(username)) {
    const words = `MasterUsername ${username} cannot be used as it is a reserved word used by the engine`;
    throw new AwsError("InvalidParameterValue", words);
  }
  if (flag(inputs, "manageMasterUserPassword") && text(inputs, "password") !== undefined) {
    const words = "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.";
    throw new AwsError("InvalidParameterCombination", words);
  }
}

function checkNetwork({ inputs }: Draft, world: World): void {
  const group = world.get(TYPES.databaseSubnetGroup, text(inputs, "dbSubnetGroupName") ?? "");
  if (group === undefined) return;
  const vpcId = vpcAt(group, "subnetIds", world);
  for (const id of texts(inputs, "vpcSecurityGroupIds")) {
    if (text(world.get(TYPES.securityGroup, id)?.inputs ?? {}, "vpcId") === vpcId) continue;
    const words = `The DB instance and EC2 security group ${id} are in different VPCs. The DB instance is in ${vpcId}`;
    throw new AwsError("InvalidVPCNetworkStateFault", words);
  }
}

const PORT = 5432;
const KEY_WORDS = "does not exist, is not enabled, or you do not have permissions to access it.";
const portOf = (inputs: Properties) => number(inputs, "port") ?? PORT;

/** The host name by which clients reach the database: it is the name's, and of whichever instance has that. */
function hostOf({ inputs, region, accountId }: Subject, world: World): string {
  const place = world.hex(`${accountId} ${region}`, "database host", 11);
  return `${text(inputs, "identifier")}.c${place}.${region}.rds.amazonaws.com`;
}

function secretArnOf(subject: Identified): string {
  return arnOf(subject, "secretsmanager", `secret:${secretNameOf(subject)}-${subject.hex("suffix", 6)}`);
}

const secretNameOf = (subject: Identified) => `rds!db-${uuidOf(subject, "secret")}`;

const database: ResourceModel = {
  type: TYPES.database,
  title: "RDS DB Instance",
  required: ["instanceClass"],
  immutable: [
    ...["engine", "username", "dbName", "storageEncrypted", "kmsKeyId", "availabilityZone", "snapshotIdentifier"],
    ...["backupTarget", "characterSetName", "ncharCharacterSetName", "timezone", "customIamInstanceProfile"],
  ],
  defaults: {
    allowMajorVersionUpgrade: false,
    applyImmediately: false,
    autoMinorVersionUpgrade: true,
    copyTagsToSnapshot: false,
    deleteAutomatedBackups: true,
    deletionProtection: false,
    iamDatabaseAuthenticationEnabled: false,
    monitoringInterval: 0,
    multiAz: false,
    performanceInsightsEnabled: false,
    publiclyAccessible: false,
    skipFinalSnapshot: false,
    storageEncrypted: false,
    engineLifecycleSupport: "open-source-rds-extended-support",
    networkType: "IPV4",
  },
  nameProperty: "identifier",
  secrets: ["password"],
  id: (draft) => `db-${upperId(draft, "resource", 26)}`,
  arn: (subject) => arnOf(subject, "rds", `db:${text(subject.inputs, "identifier")}`),
  references: [
    {
      path: "dbSubnetGroupName",
      to: [TYPES.databaseSubnetGroup],
      missing: (name) => new AwsError("DBSubnetGroupNotFoundFault", `DBSubnetGroup '${name}' not found.`),
    },
    {
      path: "parameterGroupName",
      to: [TYPES.databaseParameterGroup],
      missing: (name) => new AwsError("DBParameterGroupNotFound", `DBParameterGroup not found: ${name}`),
      exempt: (name) => name.startsWith("default."),
    },
    securityGroupReference("vpcSecurityGroupIds", "InvalidParameterValue"),
    ...["kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId"].map((path) =>
      kmsKeyReference(path, "KMSKeyNotAccessibleFault", KEY_WORDS),
    ),
    roleReference(
      "monitoringRoleArn",
      "InvalidParameterValue",
      () => "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
    ),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "identifier")?.toLowerCase(),
      taken: () => new AwsError("DBInstanceAlreadyExists", "DB instance already exists"),
    },
  ],
  quotas: [
    { limit: 40, exceeded: () => new AwsError("InstanceQuotaExceeded", "Number of DB instances exceeds the quota") },
  ],
  validate: checkDatabase,
  outputs: {
    resourceId: ({ id }) => id,
    address: hostOf,
    endpoint: (subject, world) => `${hostOf(subject, world)}:${portOf(subject.inputs)}`,
    hostedZoneId: () => "Z2R2ITUGPM61AM",
    port: ({ inputs }) => portOf(inputs),
    status: () => "available",
    engineVersionActual: ({ inputs }) => text(inputs, "engineVersion") ?? "17.6",
    masterUserSecrets: (subject) => masterSecrets(subject),
  },
  companions: (subject) => (flag(subject.inputs, "manageMasterUserPassword") ? [managedSecret(subject)] : []),
  latency: {
    create: (inputs) => (flag(inputs, "multiAz") ? TIMINGS.databaseMultiZone : TIMINGS.database),
    update: TIMINGS.databaseUpdate,
    delete: TIMINGS.databaseDelete,
  },
  backing: {
    start,
    update,
    stop: async (resource, { services }) => services.database.stop(resource.name ?? "", { dropData: true }),
  },
  mayDelete: (resource, world) => {
    if (flag(resource.inputs, "deletionProtection")) {
      const words = "Cannot delete protected DB Instance, please disable deletion protection and try again.";
      throw new AwsError("InvalidParameterCombination", words);
    }
    if (flag(resource.inputs, "skipFinalSnapshot")) return;
    const snapshot = text(resource.inputs, "finalSnapshotIdentifier");
    if (snapshot === undefined)
      throw new AwsError(
        "InvalidParameterCombination",
        "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
      );
    if (world.isNameKept("snapshot", snapshot))
      throw new AwsError(
        "DBSnapshotAlreadyExists",
        `Cannot create the snapshot because a snapshot with the identifier ${snapshot} already exists.`,
      );
  },
  afterDelete: ({ inputs, outputs }, { world, vault }) => {
    dropManagedSecret(text(outputs, "masterUserSecrets.secretArn") ?? "", { vault });
    const snapshot = text(inputs, "finalSnapshotIdentifier");
    if (flag(inputs, "skipFinalSnapshot") || snapshot === undefined) return;
    world.keepName({ type: "snapshot", name: snapshot, untilModelSeconds: Number.MAX_SAFE_INTEGER });
  },
};

function masterSecrets(subject: Subject): Value {
  if (!flag(subject.inputs, "manageMasterUserPassword")) return [];
  const kmsKeyId =
    text(subject.inputs, "masterUserSecretKmsKeyId") ?? arnOf(subject, "kms", "alias/aws/secretsmanager");
  return [{ kmsKeyId, secretArn: secretArnOf(subject), secretStatus: "active" }];
}

function managedSecret(subject: Subject): Companion {
  const [arn, name] = [secretArnOf(subject), secretNameOf(subject)];
  return { type: TYPES.secret, id: arn, arn, name, inputs: { name } };
}

/** The master password: given, or made once by AWS and kept in the managed secret. */
function passwordOf(subject: Subject, cloud: Cloud): string {
  const given = text(subject.inputs, "password");
  if (given !== undefined) return given;
  const stored = secretValue(secretArnOf(subject), cloud);
  if (stored !== undefined) return text(JSON.parse(stored), "password") ?? "";
  const password = randomBytes(24).toString("base64url");
  const username = text(subject.inputs, "username") ?? "postgres";
  setManagedSecret(secretArnOf(subject), JSON.stringify({ username, password }), cloud);
  return password;
}

async function start(subject: Subject, cloud: Cloud): Promise<Properties> {
  const hostname = hostOf(subject, cloud.world).toLowerCase();
  const authority = text(subject.inputs, "caCertIdentifier");
  const wanted = {
    name: text(subject.inputs, "identifier") ?? subject.id,
    hostnames: [hostname],
    databaseName: text(subject.inputs, "dbName") ?? "postgres",
    username: text(subject.inputs, "username") ?? "postgres",
    password: passwordOf(subject, cloud),
    ...(authority !== undefined && { authority }),
  };
  const { database } = cloud.services;
  const source = text(subject.inputs, "restoreToPointInTime.sourceDbInstanceIdentifier");
  const until = Date.parse(text(subject.inputs, "restoreToPointInTime.restoreTime") ?? "") / 1000;
  const { address } = await (source === undefined
    ? database.start(wanted)
    : database.startRestored(wanted, { source, until }));
  if (source !== undefined) forgetSource(subject, cloud);
  cloud.services.names.setAddress(hostname, address);
  return {};
}

/** RDS tells nobody afterwards what an instance was restored from. */
function forgetSource({ type, id }: Subject, { world }: Cloud): void {
  const resource = world.get(type, id);
  if (resource === undefined) return;
  const { restoreToPointInTime: _, ...inputs } = resource.inputs;
  world.put({ ...resource, inputs });
}

/** What RDS makes anew where it restores: it carries the rest over from the instance whose backup it is. */
const NOT_CARRIED_OVER = ["monitoringInterval", "monitoringRoleArn", "performanceInsightsEnabled"];
const NOR_KEYS = ["performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod", "maintenanceWindow"];

/** What an instance is made with that is restored beside another one. */
export function restoredInputs(live: WorldResource, name: string, moment: number): Properties {
  const left = new Set([...NOT_CARRIED_OVER, ...NOR_KEYS]);
  const kept = Object.entries(live.inputs).filter(([key]) => !left.has(key));
  const restoreTime = new Date(moment * 1000).toISOString();
  return {
    ...Object.fromEntries(kept),
    identifier: name,
    deletionProtection: false,
    restoreToPointInTime: { sourceDbInstanceIdentifier: live.name ?? "", restoreTime },
  };
}

/** Model seconds that a new name takes, in which nobody reaches the instance. */
const RENAME_SECONDS = 60;

/** Gives an instance another name, and with it the host name of that; RDS restarts it. */
export async function renameDatabase(
  resource: WorldResource,
  { to, isProtected }: { readonly to: string; readonly isProtected: boolean },
  cloud: Cloud,
): Promise<void> {
  const { world, services } = cloud;
  const before = subjectOf(resource, cloud);
  const changed = { identifier: to, deletionProtection: isProtected };
  const renamed: WorldResource = { ...resource, name: to, inputs: { ...resource.inputs, ...changed } };
  const unplaced = subjectOf(renamed, cloud);
  const subject = { ...unplaced, arn: arnOf(unplaced, "rds", `db:${to}`) };
  services.names.setAddress(hostOf(before, world).toLowerCase(), undefined);
  const host = hostOf(subject, world).toLowerCase();
  const { address } = await services.database.rename(resource.name ?? "", to, [host]);
  await cloud.clock.wait(RENAME_SECONDS);
  services.names.setAddress(host, address);
  const outputs = { ...resource.outputs, ...computedOutputs(database, subject, world) };
  world.put({ ...renamed, arn: subject.arn, outputs });
}

/** Model seconds in which RDS upgrades a major version and nobody reaches the instance; AWS names no limit. */
export const MAJOR_UPGRADE_SECONDS = 600;
const majorOf = (inputs: Properties) => text(inputs, "engineVersion")?.split(".")[0];

/** RDS stops the instance, standby and all, and starts it with the same data: here the same server starts again. */
async function upgradeMajor(subject: Subject, cloud: Cloud): Promise<void> {
  await cloud.services.database.stop(text(subject.inputs, "identifier") ?? subject.id, { dropData: false });
  await cloud.clock.wait(MAJOR_UPGRADE_SECONDS);
  await start(subject, cloud);
}

/** Which version a DB instance has now. */
export function versionOf({ inputs, outputs }: Pick<WorldResource, "inputs" | "outputs">): string | undefined {
  return text(outputs ?? {}, "engineVersionActual") ?? text(inputs, "engineVersion");
}

async function update(subject: Subject, olds: Properties, cloud: Cloud): Promise<Properties> {
  if (majorOf(subject.inputs) !== majorOf(olds)) await upgradeMajor(subject, cloud);
  const name = text(subject.inputs, "identifier") ?? subject.id;
  const authority = text(subject.inputs, "caCertIdentifier");
  // Of the versions in use PostgreSQL reads its certificate without a restart.
  if (authority !== undefined && authority !== text(olds, "caCertIdentifier"))
    await cloud.services.database.setAuthority(name, authority);
  const password = text(subject.inputs, "password");
  if (password === undefined || password === text(olds, "password")) return {};
  await cloud.services.database.setPassword(name, text(subject.inputs, "username") ?? "postgres", password);
  return {};
}

export const databaseModels: readonly ResourceModel[] = [subnetGroup, parameterGroup, database];
