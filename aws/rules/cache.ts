import { cacheNodeTypes, cacheVersions } from "../catalog.ts";
import {
  atMostOneOf,
  distinct,
  eachMatches,
  eachOf,
  matches,
  oneOf,
  onUpdate,
  type Rule,
  refuse,
  required,
  together,
  within,
  wrong,
} from "../finding.ts";
import type { Inputs } from "../inputs.ts";
import { CACHE_SINCE, cacheParameter } from "./parameters.ts";
import { compareVersions, type RuleTable, unique, windowRules } from "./shared.ts";

const engineOf = (it: Inputs) => it.text("engine") ?? "redis";
const FAMILIES = [
  "memcached1.4",
  "memcached1.5",
  "memcached1.6",
  "redis2.6",
  "redis2.8",
  "redis3.2",
  "redis4.0",
  "redis5.0",
  "redis6.x",
  "redis7",
  "valkey7",
  "valkey8",
  "valkey9",
];
const familyOf = (engine: string, version: string) => {
  const [major = "", minor = ""] = version.split(".");
  if (engine === "valkey" || Number(major) >= 7) return `${engine}${major}`;
  return Number(major) === 6 ? "redis6.x" : `redis${major}.${minor}`;
};
const versionRule: Rule = (it) => {
  const version = it.text("engineVersion");
  if (version === undefined) return [];
  const [major = ""] = version.split(".");
  // From version 6 on a version is written with its minor part only; 6.x means the newest of them.
  const wanted = engineOf(it) === "redis" && version === "6.x" ? "6.2" : version;
  if (Number(major) >= 6 && /^\d+\.\d+\.\d+/.test(version))
    return wrong(it, "engineVersion", "a version without its patch, as 7.1");
  return cacheVersions(engineOf(it)).includes(wanted)
    ? []
    : wrong(it, "engineVersion", `a version of ${engineOf(it)}: ${cacheVersions(engineOf(it)).join(", ")}`);
};

const LAST_SLOT = 16_383;
const isSlotRange = (text: string) => {
  const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(text) ?? [];
  return from !== undefined && Number(from) <= Number(to) && Number(to) <= LAST_SLOT;
};

/** Node types of before Nitro, which have no IPv6 and no failover on T1. */
const OLD_NODES = /^cache\.(t1|t2|m1|m2|m3|m4|r3|r4|c1)\./;

/** The slots of all shards: each of 0 to 16383 in one of them. */
const allSlots: Rule = (it) => {
  const shards = it.objects("nodeGroupConfigurations");
  const texts = shards.flatMap((each) => each.text("slots") ?? []);
  const ranges = texts.flatMap((text) => text.split(",")).map((range) => range.trim().split("-").map(Number));
  if (texts.length === 0 || texts.length < shards.length || ranges.flat().some((each) => !Number.isInteger(each)))
    return [];
  const sorted = ranges.map(([from = 0, to = from]) => ({ from, to })).sort((one, other) => one.from - other.from);
  const next = sorted.reduce((at, { from, to }) => (from === at ? to + 1 : Number.NaN), 0);
  return next === LAST_SLOT + 1
    ? []
    : wrong(it, "nodeGroupConfigurations", `slots that share 0 to ${LAST_SLOT} out, each once`);
};

/** What ElastiCache refuses. */
export const cacheRules: RuleTable = {
  "aws:elasticache/subnetGroup:SubnetGroup": [
    matches("name", /^[a-z0-9][a-z0-9-]*$/i, "letters, digits and hyphens"),
    refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
    refuse("name", "a name other than default", (it) => (it.text("name") ?? "").toLowerCase() === "default"),
    required("subnetIds", "subnets"),
    eachMatches("subnetIds", /^subnet-/, "ids that begin with subnet-"),
    distinct("subnetIds"),
  ],
  "aws:elasticache/parameterGroup:ParameterGroup": [
    matches("name", /^[a-z](-?[a-z0-9])*$/i, "letters, digits and single hyphens, a letter first, no hyphen last"),
    refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
    refuse("name", "a name that does not begin with default", (it) => /^default/.test(it.text("name") ?? "")),
    oneOf("family", FAMILIES),
    (it, before) =>
      /^memcached/.test(it.text("family") ?? "") ? [] : eachOf("parameters", cacheParameter)(it, before),
    (it) => {
      const names = it.objects("parameters").map((each) => each.text("name"));
      return new Set(names).size < names.length ? wrong(it, "parameters", "no parameter twice") : [];
    },
    (it) => {
      const family = Number(/^(?:redis|valkey)(\d)/.exec(it.text("family") ?? "")?.[1] ?? Number.NaN);
      return it.objects("parameters").flatMap((each) => {
        const since = CACHE_SINCE[each.text("name") ?? ""];
        return since !== undefined && family < since ? wrong(each, "name", `a parameter of ${it.text("family")}`) : [];
      });
    },
  ],
  "aws:elasticache/replicationGroup:ReplicationGroup": [
    matches(
      "replicationGroupId",
      /^[a-z](-?[a-z0-9])*$/i,
      "letters, digits and single hyphens, a letter first, no hyphen last",
    ),
    refuse("replicationGroupId", "at most 40 characters", (it) => (it.text("replicationGroupId") ?? "").length > 40),
    required("description", "a description"),
    oneOf("engine", ["redis", "valkey"]),
    versionRule,
    onUpdate("engineVersion", "no older version than it is", (it, before) => {
      const [now, was] = [it.text("engineVersion"), before.text("engineVersion")];
      return (
        now !== undefined && was !== undefined && engineOf(it) === engineOf(before) && compareVersions(now, was) < 0
      );
    }),
    onUpdate(
      "engine",
      "no way from valkey to redis",
      (it, before) => engineOf(it) === "redis" && engineOf(before) === "valkey",
    ),
    required("nodeType", "a node type", (it) => it.lacks("globalReplicationGroupId")),
    ...[
      "nodeType",
      "engine",
      "numNodeGroups",
      "parameterGroupName",
      "atRestEncryptionEnabled",
      "transitEncryptionEnabled",
      "authToken",
      "snapshotArns",
      "snapshotName",
      "securityGroupNames",
    ].map((name) =>
      refuse(name, "nothing: the global group decides", (it) => it.has("globalReplicationGroupId") && it.has(name)),
    ),
    eachMatches("snapshotArns", /^arn:aws[a-z-]*:s3:::[^*,]+\/[^*,]+$/, "ARNs of files in S3"),
    onUpdate("clusterMode", "one step at a time: disabled, compatible, enabled", (it, before) => {
      const [now, was] = [it.text("clusterMode"), before.text("clusterMode")];
      const steps = ["disabled compatible", "compatible enabled", "compatible disabled"];
      return now !== undefined && was !== undefined && now !== was && !steps.includes(`${was} ${now}`);
    }),
    onUpdate(
      "transitEncryptionMode",
      "preferred first: TLS comes to a running group in two steps",
      (it, before) =>
        it.isTrue("transitEncryptionEnabled") &&
        before.knows("transitEncryptionEnabled") &&
        before.isFalse("transitEncryptionEnabled") &&
        (it.text("transitEncryptionMode") ?? "required") === "required",
    ),
    onUpdate(
      "transitEncryptionEnabled",
      "transitEncryptionMode preferred first: TLS leaves a running group in two steps",
      (it, before) =>
        it.isFalse("transitEncryptionEnabled") &&
        before.isTrue("transitEncryptionEnabled") &&
        (before.text("transitEncryptionMode") ?? "required") === "required",
    ),
    refuse("nodeType", "a node type that ElastiCache has in this region", (it) => {
      const name = it.text("nodeType");
      return name !== undefined && !cacheNodeTypes(it.text("region") ?? "us-east-1").includes(name);
    }),
    within("numCacheClusters", 1, 6),
    within("replicasPerNodeGroup", 0, 5),
    within("numNodeGroups", 1, 500),
    atMostOneOf(["numCacheClusters", "numNodeGroups"]),
    atMostOneOf(["numCacheClusters", "replicasPerNodeGroup"]),
    refuse(
      "automaticFailoverEnabled",
      "two or more nodes",
      (it) =>
        it.isTrue("automaticFailoverEnabled") &&
        it.lacks("numNodeGroups") &&
        it.lacks("replicasPerNodeGroup") &&
        it.lacks("nodeGroupConfigurations") &&
        (it.lacks("numCacheClusters") || (it.number("numCacheClusters") ?? 2) < 2) &&
        it.lacks("preferredCacheClusterAzs"),
    ),
    refuse(
      "multiAzEnabled",
      "automaticFailoverEnabled: true beside it",
      (it) => it.isTrue("multiAzEnabled") && it.isFalse("automaticFailoverEnabled"),
    ),
    refuse("preferredCacheClusterAzs", "as many zones as nodes", (it) => {
      const [zones, nodes] = [it.raw("preferredCacheClusterAzs"), it.number("numCacheClusters")];
      return Array.isArray(zones) && zones.length > 0 && nodes !== undefined && zones.length !== nodes;
    }),
    refuse(
      "preferredCacheClusterAzs",
      "more than one zone with multiAzEnabled",
      (it) =>
        it.isTrue("multiAzEnabled") &&
        it.knownTexts("preferredCacheClusterAzs").length > 1 &&
        new Set(it.knownTexts("preferredCacheClusterAzs")).size === 1,
    ),
    refuse(
      "transitEncryptionEnabled",
      "true beside an AUTH token",
      (it) => (it.has("authToken") || it.has("authTokenWo")) && it.isFalse("transitEncryptionEnabled"),
    ),
    refuse(
      "transitEncryptionEnabled",
      "true beside user groups",
      (it) => it.has("userGroupIds") && it.isFalse("transitEncryptionEnabled"),
    ),
    refuse(
      "userGroupIds",
      "no AUTH token beside user groups",
      (it) => it.has("userGroupIds") && (it.has("authToken") || it.has("authTokenWo")),
    ),
    refuse(
      "multiAzEnabled",
      "a replica at the least in each shard",
      (it) => it.isTrue("multiAzEnabled") && it.has("numNodeGroups") && it.number("replicasPerNodeGroup") === 0,
    ),
    refuse("parameterGroupName", "a group with cluster mode for several shards, as default.redis7.cluster.on", (it) => {
      const group = it.text("parameterGroupName") ?? "";
      return (it.number("numNodeGroups") ?? 1) > 1 && /^default\./.test(group) && !/\.cluster\.on$/.test(group);
    }),
    refuse("userGroupIds", "Redis 6.0 or newer", (it) => {
      const version = it.text("engineVersion");
      return (
        it.has("userGroupIds") && engineOf(it) === "redis" && version !== undefined && Number(version.split(".")[0]) < 6
      );
    }),
    refuse("userGroupIds", "one user group", (it) => it.knownTexts("userGroupIds").length > 1),
    refuse("authToken", "16 to 128 printable characters; of signs only !&#$^<>-", (it) => {
      const token = it.text("authToken");
      return token !== undefined && !/^[A-Za-z0-9!&#$^<>-]{16,128}$/.test(token);
    }),
    oneOf("authTokenUpdateStrategy", ["SET", "ROTATE", "DELETE"]),
    together("authTokenUpdateStrategy", "an AUTH token", (it) => it.has("authToken") || it.has("authTokenWo")),
    oneOf("transitEncryptionMode", ["preferred", "required"]),
    refuse("transitEncryptionMode", "required before Redis 7", (it) => {
      const version = it.text("engineVersion");
      return (
        it.text("transitEncryptionMode") === "preferred" &&
        it.text("engine") !== "valkey" &&
        version !== undefined &&
        compareVersions(version, "7") < 0
      );
    }),
    refuse(
      "transitEncryptionMode",
      "transitEncryptionEnabled: true beside it",
      (it) => it.has("transitEncryptionMode") && it.isFalse("transitEncryptionEnabled"),
    ),
    refuse(
      "kmsKeyId",
      "atRestEncryptionEnabled: true beside it",
      (it) => it.has("kmsKeyId") && it.isFalse("atRestEncryptionEnabled"),
    ),
    within("snapshotRetentionLimit", 0, 35, " days"),
    refuse(
      "snapshotRetentionLimit",
      "0 for T1 nodes",
      (it) => (it.number("snapshotRetentionLimit") ?? 0) > 0 && /^cache\.t1\./.test(it.text("nodeType") ?? ""),
    ),
    ...windowRules("snapshotWindow", "maintenanceWindow", 60, 60),
    within("port", 1, 65_535),
    oneOf("networkType", ["ipv4", "ipv6", "dual_stack"]),
    oneOf("ipDiscovery", ["ipv4", "ipv6"]),
    refuse("ipDiscovery", "an address family that networkType has", (it) => {
      const [names, addresses] = [it.text("ipDiscovery"), it.text("networkType")];
      return (
        names !== undefined &&
        (it.lacks("networkType") || it.knows("networkType")) &&
        names !== (addresses ?? "ipv4") &&
        addresses !== "dual_stack"
      );
    }),
    oneOf("clusterMode", ["enabled", "disabled", "compatible"]),
    refuse(
      "dataTieringEnabled",
      "a node type of r6gd",
      (it) => it.isTrue("dataTieringEnabled") && !/^cache\.r6gd\./.test(it.text("nodeType") ?? "cache.r6gd."),
    ),
    refuse(
      "dataTieringEnabled",
      "true for node types of r6gd",
      (it) => /^cache\.r6gd\./.test(it.text("nodeType") ?? "") && it.isFalse("dataTieringEnabled"),
    ),
    refuse("finalSnapshotIdentifier", "letters, digits and single hyphens, a letter first, no hyphen last", (it) => {
      const name = it.text("finalSnapshotIdentifier");
      return name !== undefined && (!/^[a-zA-Z](-?[a-zA-Z0-9])*$/.test(name) || name.length > 255);
    }),
    refuse(
      "automaticFailoverEnabled",
      "true beside parameters of cluster mode",
      (it) => it.isFalse("automaticFailoverEnabled") && /\.cluster\.on$/.test(it.text("parameterGroupName") ?? ""),
    ),
    refuse("parameterGroupName", "a group of the engine's own family", (it) => {
      const [group, version] = [it.text("parameterGroupName"), it.text("engineVersion")];
      if (group === undefined || version === undefined || !group.startsWith("default.")) return false;
      return (
        group.replace(/^default\./, "").replace(/\.cluster\.on$/, "") !==
        familyOf(engineOf(it), version === "6.x" ? "6.2" : version)
      );
    }),
    refuse("logDeliveryConfigurations", "at most two, one of each type", (it) => {
      const types = it.objects("logDeliveryConfigurations").map((each) => each.text("logType"));
      return types.length > 2 || new Set(types).size < types.length;
    }),
    eachOf(
      "logDeliveryConfigurations",
      oneOf("logType", ["slow-log", "engine-log"]),
      oneOf("logFormat", ["json", "text"]),
      oneOf("destinationType", ["cloudwatch-logs", "kinesis-firehose"]),
      required("destination", "where the logs go"),
      refuse("destination", "a name, not an ARN", (it) => (it.text("destination") ?? "").startsWith("arn:")),
    ),
    refuse("logDeliveryConfigurations", "the slow log from version 6.0 on, the engine's log from 6.2 on", (it) => {
      const version = it.text("engineVersion");
      if (version === undefined || engineOf(it) !== "redis") return false;
      return it.objects("logDeliveryConfigurations").some((each) => {
        const from = { "slow-log": "6.0", "engine-log": "6.2" }[each.text("logType") ?? ""];
        return from !== undefined && version !== "6.x" && compareVersions(version, from) < 0;
      });
    }),
    eachOf(
      "nodeGroupConfigurations",
      refuse("slots", "ranges of 0 to 16383, as 0-5460", (it) => {
        const slots = it.text("slots");
        return slots?.split(",").some((range) => !isSlotRange(range)) ?? false;
      }),
      within("replicaCount", 0, 5),
    ),
    eachMatches("securityGroupIds", /^sg-/, "ids that begin with sg-"),
    required("transitEncryptionEnabled", "true or false for Valkey", (it) => it.text("engine") === "valkey"),
    allSlots,
    refuse(
      "automaticFailoverEnabled",
      "true for several shards",
      (it) =>
        it.isFalse("automaticFailoverEnabled") &&
        ((it.number("numNodeGroups") ?? 1) > 1 || it.text("clusterMode") === "enabled"),
    ),
    refuse("numNodeGroups", "at most 500 nodes in all", (it) => {
      const [shards, replicas] = [it.number("numNodeGroups") ?? 1, it.number("replicasPerNodeGroup") ?? 0];
      return shards * (replicas + 1) > 500;
    }),
    refuse("dataTieringEnabled", "Redis 6.2 or newer", (it) => {
      const version = it.text("engineVersion");
      return (
        it.isTrue("dataTieringEnabled") &&
        engineOf(it) === "redis" &&
        version !== undefined &&
        version !== "6.x" &&
        compareVersions(version, "6.2") < 0
      );
    }),
    refuse("securityGroupIds", "at most 5 security groups", (it) => it.knownTexts("securityGroupIds").length > 5),
    onUpdate("nodeType", "a type that tiers data as the old one does", (it, before) => {
      const [now, was] = [it.text("nodeType"), before.text("nodeType")].map((each) =>
        /^cache\.r6gd\./.test(each ?? ""),
      );
      return it.knows("nodeType") && before.knows("nodeType") && now !== was;
    }),
    eachOf(
      "logDeliveryConfigurations",
      refuse("destination", "the name of a log group or of a stream", (it) => {
        const name = it.text("destination");
        const fits =
          it.text("destinationType") === "kinesis-firehose" ? /^[a-zA-Z0-9_.-]{1,64}$/ : /^[.\-_/#A-Za-z0-9]{1,512}$/;
        return name !== undefined && !fits.test(name);
      }),
    ),
    refuse("nodeGroupConfigurations", "as many zones as replicas in each shard", (it) =>
      it.objects("nodeGroupConfigurations").some((each) => {
        const replicas = each.number("replicaCount") ?? it.number("replicasPerNodeGroup");
        const zones = each.texts("replicaAvailabilityZones");
        return zones !== undefined && zones.length > 0 && replicas !== undefined && zones.length !== replicas;
      }),
    ),
    refuse("nodeGroupConfigurations", "as many shards as numNodeGroups", (it) => {
      const [shards, groups] = [it.objects("nodeGroupConfigurations").length, it.number("numNodeGroups")];
      return shards > 0 && groups !== undefined && shards !== groups;
    }),
    unique("nodeGroupConfigurations", "nodeGroupId"),
    refuse(
      "networkType",
      "ipv4 for nodes of before Nitro",
      (it) => (it.text("networkType") ?? "ipv4") !== "ipv4" && OLD_NODES.test(it.text("nodeType") ?? ""),
    ),
    refuse("networkType", "Redis 6.2 or newer for IPv6", (it) => {
      const version = it.text("engineVersion");
      return (
        (it.text("networkType") ?? "ipv4") !== "ipv4" &&
        engineOf(it) === "redis" &&
        version !== undefined &&
        version !== "6.x" &&
        compareVersions(version, "6.2") < 0
      );
    }),
    matches("notificationTopicArn", /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$/, "an ARN of SNS"),
  ],
};

/** The family of parameters that a version of an engine takes. */
export const cacheFamilyOf = familyOf;
