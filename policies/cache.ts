import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { isGiven } from "./judging/resource.ts";
import { each, type Policy } from "./policy.ts";

export const cacheAuthenticates: Policy = {
  name: "cache-authenticates",
  control: "S37",
  reason: "Without AUTH, any process in the network can read and write all cached data.",
  fix: "Set authToken from a random.RandomPassword, or userGroupIds.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("authToken", () => isGiven(() => props.authToken) || (props.userGroupIds ?? []).length > 0);
    }),
  ],
};

export const cacheEncryptedWithCustomerKey: Policy = {
  name: "cache-encrypted-with-customer-key",
  control: "S35",
  reason: "The cache's snapshots and swap contain users' data.",
  fix: "Set atRestEncryptionEnabled: true and kmsKeyId to the data key's ARN.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("atRestEncryptionEnabled", () => [true, "true"].includes(props.atRestEncryptionEnabled ?? false));
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
    }),
  ],
};

export const cacheFailsOver: Policy = {
  name: "cache-fails-over",
  control: "S34",
  reason: "Without a replica in a second zone, the failure of one zone loses the cache with all its sessions.",
  fix: "Set automaticFailoverEnabled and multiAzEnabled, and two nodes or more.",
  relaxable: true,
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("automaticFailoverEnabled", () => props.automaticFailoverEnabled === true);
      demand("multiAzEnabled", () => props.multiAzEnabled === true);
      demand("numCacheClusters", () => (props.numCacheClusters ?? (props.replicasPerNodeGroup ?? 0) + 1) >= 2);
    }),
  ],
};

export const cacheMaintained: Policy = {
  name: "cache-maintained",
  control: "S39",
  reason: "Minor versions bring security fixes, and the default subnet group spans every subnet of the VPC.",
  fix: "Set autoMinorVersionUpgrade: true and subnetGroupName to a group of the stack.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("autoMinorVersionUpgrade", () => props.autoMinorVersionUpgrade === true);
      demand("subnetGroupName", () => props.subnetGroupName !== undefined && props.subnetGroupName !== "default", {
        comesFrom: "aws:elasticache/subnetGroup:SubnetGroup",
      });
    }),
  ],
};

export const cacheSnapshots: Policy = {
  name: "cache-snapshots",
  control: "S38",
  reason: "Refilling an empty cache from the database under full load can itself cause an outage.",
  fix: "Set snapshotRetentionLimit to 1 or more.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("snapshotRetentionLimit", () => (props.snapshotRetentionLimit ?? 0) >= 1);
    }),
  ],
};

export const cacheTlsInTransit: Policy = {
  name: "cache-tls-in-transit",
  control: "S36",
  reason: "The AUTH token and all cached values would cross the network unencrypted.",
  fix: 'Set transitEncryptionEnabled: true and transitEncryptionMode: "required".',
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("transitEncryptionEnabled", () => props.transitEncryptionEnabled === true);
      demand("transitEncryptionMode", () => (props.transitEncryptionMode ?? "required") === "required");
    }),
  ],
};
