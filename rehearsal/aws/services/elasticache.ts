import type { Properties } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import {
  AwsError,
  arnOf,
  type Cloud,
  type Draft,
  kmsKeyReference,
  type ResourceModel,
  type Subject,
  securityGroupReference,
  subnetReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, number, text, texts } from "../values.ts";
import type { World } from "../world.ts";
import { vpcAt, zoneIdOf } from "./ec2-vpc.ts";

const subnetGroup: ResourceModel = {
  type: TYPES.cacheSubnetGroup,
  title: "ElastiCache Subnet Group",
  required: ["subnetIds"],
  immutable: ["name"],
  defaults: { description: "Managed by Pulumi" },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "elasticache", `subnetgroup:${subject.id}`),
  references: [subnetReference("subnetIds", "InvalidSubnet", false)],
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("CacheSubnetGroupAlreadyExists", `Cache subnet group ${text(inputs, "name")} already exists.`),
    },
  ],
  outputs: { vpcId: (subject, world) => vpcAt(subject, "subnetIds", world) ?? "" },
  inUse: ({ id }) =>
    new AwsError("CacheSubnetGroupInUse", `Cache subnet group ${id} is currently in use by a cache cluster.`),
};

const parameterGroup: ResourceModel = {
  type: TYPES.cacheParameterGroup,
  title: "ElastiCache Parameter Group",
  required: ["family"],
  immutable: ["name", "family", "description"],
  defaults: { description: "Managed by Pulumi" },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "elasticache", `parametergroup:${subject.id}`),
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("CacheParameterGroupAlreadyExists", `Parameter group ${text(inputs, "name")} already exists`),
    },
  ],
  inUse: ({ id }) =>
    new AwsError(
      "InvalidCacheParameterGroupState",
      `One or more cache clusters are still members of parameter group ${id}.`,
    ),
};

const cacheGroupModels: readonly ResourceModel[] = [subnetGroup, parameterGroup];

/** `master` and `replica` names, as where TLS is on. */
function hostOf({ id, region, hex }: Subject, role: "master" | "replica"): string {
  const place = zoneIdOf(`${region}a`).split("-")[0];
  return `${role}.${id}.${hex("host", 6)}.${place}.cache.amazonaws.com`;
}

const replicationGroup: ResourceModel = {
  type: TYPES.replicationGroup,
  title: "ElastiCache Replication Group",
  required: ["description"],
  immutable: [
    "replicationGroupId",
    ...["dataTieringEnabled", "globalReplicationGroupId", "networkType", "snapshotArns", "snapshotName"],
    "atRestEncryptionEnabled",
    "kmsKeyId",
    "port",
    "subnetGroupName",
  ],
  defaults: {
    autoMinorVersionUpgrade: true,
    automaticFailoverEnabled: false,
    engine: "redis",
    multiAzEnabled: false,
    snapshotRetentionLimit: 0,
    transitEncryptionEnabled: false,
    networkType: "ipv4",
    ipDiscovery: "ipv4",
    dataTieringEnabled: false,
  },
  nameProperty: "replicationGroupId",
  secrets: ["authToken"],
  id: ({ inputs }) => (text(inputs, "replicationGroupId") ?? "").toLowerCase(),
  arn: (subject) => arnOf(subject, "elasticache", `replicationgroup:${subject.id}`),
  references: [
    {
      path: "subnetGroupName",
      to: [TYPES.cacheSubnetGroup],
      missing: (name) => new AwsError("CacheSubnetGroupNotFoundFault", `Cache Subnet Group ${name} does not exist.`),
    },
    {
      path: "parameterGroupName",
      to: [TYPES.cacheParameterGroup],
      missing: (name) => new AwsError("CacheParameterGroupNotFound", `CacheParameterGroup ${name} not found.`),
      exempt: (name) => name.startsWith("default."),
    },
    securityGroupReference("securityGroupIds", "InvalidParameterValue"),
    kmsKeyReference("kmsKeyId", "InvalidKMSKeyFault"),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "replicationGroupId")?.toLowerCase(),
      taken: () =>
        new AwsError("ReplicationGroupAlreadyExists", "Replication group with specified name already exists."),
    },
  ],
  validate: checkReplicationGroup,
  outputs: {
    primaryEndpointAddress: (subject) => hostOf(subject, "master"),
    readerEndpointAddress: (subject) => hostOf(subject, "replica"),
    configurationEndpointAddress: () => "",
    clusterEnabled: () => false,
    clusterMode: () => "disabled",
    engineVersionActual: ({ inputs }) => `${text(inputs, "engineVersion") ?? "7.1"}.0`,
    memberClusters: ({ id, inputs }) =>
      Array.from({ length: nodesOf(inputs) }, (_, index) => `${id}-${String(index + 1).padStart(3, "0")}`),
    port: ({ inputs }) => number(inputs, "port") ?? 6379,
  },
  latency: { create: TIMINGS.cache, update: TIMINGS.cacheUpdate, delete: TIMINGS.cacheDelete },
  backing: {
    start,
    update: async (subject, olds, cloud) => {
      changeToken(subject, olds, cloud);
      // A new version comes by new nodes, the primary's last: the name then leads to the one that has taken over.
      if (text(subject.inputs, "engineVersion") !== text(olds, "engineVersion"))
        await cloud.services.cache.failOver(subject.id);
      return start(subject, cloud);
    },
    stop: async ({ id }, { services, vault }) => {
      vault.delete(tokenBeforeKey(id));
      await services.cache.stop(id);
    },
  },
  mayDelete: ({ inputs, status }, world) => {
    if (status === "failed") return;
    const snapshot = text(inputs, "finalSnapshotIdentifier");
    if (snapshot === undefined || !world.isNameKept("cache snapshot", snapshot)) return;
    throw new AwsError("SnapshotAlreadyExistsFault", `Snapshot with specified name already exists: ${snapshot}`);
  },
  afterDelete: ({ inputs, status }, { world }) => {
    // What never was has nothing to snapshot.
    if (status === "failed") return;
    const name = text(inputs, "finalSnapshotIdentifier");
    if (name !== undefined)
      world.keepName({ type: "cache snapshot", name, untilModelSeconds: Number.MAX_SAFE_INTEGER });
  },
};

/** By the name that the account's delivery gives it, which makes it outside of any stack. */
const DELIVERED_TOPIC = /^arn:aws:sns:([a-z0-9-]+):(\d{12}):cache-events-sparki$/;

/** It has to be of the same account and region. */
function checkTopic({ inputs, region, accountId }: Draft, world: World): void {
  const arn = text(inputs, "notificationTopicArn");
  if (arn === undefined || world.find([TYPES.topic], arn)?.region === region) return;
  const [, ofRegion, ofAccount] = DELIVERED_TOPIC.exec(arn) ?? [];
  if (world.profile.hasDelivery && ofRegion === region && ofAccount === accountId) return;
  throw new AwsError("InvalidParameterValue", `SNS topic ${arn} does not exist or is not owned by this account`);
}

/** What it is made from is in the account: the snapshots that deletions have left, and no group of users, of which there is none. */
function checkSources(inputs: Properties, world: World): void {
  const snapshot = text(inputs, "snapshotName");
  if (snapshot !== undefined && !world.isNameKept("cache snapshot", snapshot))
    throw new AwsError("SnapshotNotFoundFault", `Snapshot ${snapshot} not found.`);
  const [group] = texts(inputs, "userGroupIds");
  if (group !== undefined) throw new AwsError("UserGroupNotFound", `${group} not found`);
}

/** Nodes in all: as many as are asked for, or each shard's primary with its replicas. */
const nodesOf = (inputs: Properties) =>
  number(inputs, "numCacheClusters") ??
  (number(inputs, "numNodeGroups") ?? 1) * ((number(inputs, "replicasPerNodeGroup") ?? 0) + 1);

const tokenBeforeKey = (id: string) => `cache token before ${id}`;

/**
 * ROTATE adds the token, and the one before is taken too; SET leaves the token alone, new or not: the server never stops.
 * Without a strategy AWS rotates. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html; the provider asks by
 * the same call whenever the token or the strategy changes.
 */
function changeToken({ id, inputs }: Subject, olds: Properties, { vault }: Cloud): void {
  const [token, before] = [text(inputs, "authToken"), text(olds, "authToken")];
  const [strategy, strategyBefore] = [inputs, olds].map((of) => text(of, "authTokenUpdateStrategy"));
  if (token === before && strategy === strategyBefore) return;
  if (strategy === "SET") vault.delete(tokenBeforeKey(id));
  else if (token !== before && before !== undefined) vault.set(tokenBeforeKey(id), before);
}

async function start(subject: Subject, { services, vault }: Cloud): Promise<Properties> {
  const authToken = text(subject.inputs, "authToken") ?? "";
  const tokenBefore = vault.text(tokenBeforeKey(subject.id));
  const hostnames = (["master", "replica"] as const).map((role) => hostOf(subject, role).toLowerCase());
  const { address } = await services.cache.start({ name: subject.id, hostnames, authToken, tokenBefore });
  for (const hostname of hostnames) services.names.setAddress(hostname, address);
  return {};
}

function checkReplicationGroup(draft: Draft, world: World): void {
  const { inputs } = draft;
  const id = text(inputs, "replicationGroupId") ?? "";
  if (!/^[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,39}(?<!-)$/.test(id)) {
    const words = `The parameter ReplicationGroupIdentifier is not a valid identifier: ${id}. It has at most 40 letters, digits and hyphens, begins with a letter and does not end with a hyphen`;
    throw new AwsError("InvalidParameterValue", words);
  }
  const combination = (words: string) => new AwsError("InvalidParameterCombination", words);
  if (flag(inputs, "automaticFailoverEnabled") && nodesOf(inputs) < 2)
    throw combination("Replication group with automatic failover must have at least two nodes");
  if (flag(inputs, "multiAzEnabled") && !flag(inputs, "automaticFailoverEnabled"))
    throw combination("Multi-AZ requires automatic failover to be enabled");
  checkToken(inputs);
  checkTopic(draft, world);
  checkSources(inputs, world);
}

function checkToken(inputs: Properties): void {
  const token = text(inputs, "authToken");
  if (token === undefined) return;
  if (!flag(inputs, "transitEncryptionEnabled")) {
    const words = "The AUTH token is only supported when encryption-in-transit is enabled";
    throw new AwsError("InvalidParameterCombination", words);
  }
  if (token.length >= 16 && token.length <= 128 && !/["/@]/.test(token)) return;
  const words =
    "Invalid AuthToken provided. It has 16 to 128 printable characters without the at sign, quotes and slashes";
  throw new AwsError("InvalidParameterValue", words);
}

export const cacheModels: readonly ResourceModel[] = [...cacheGroupModels, replicationGroup];
