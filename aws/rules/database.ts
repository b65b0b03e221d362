import { instanceClasses, parameterFamilies, postgresVersions, retiredPostgresVersions } from "../catalog.ts";
import {
  distinct,
  eachMatches,
  eachOf,
  eachOneOf,
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
import { arn, compareVersions, type RuleTable, shrinks, windowRules } from "./shared.ts";

const IDENTIFIER = /^[a-z](-?[a-z0-9])*$/;
const RESERVED_USERS = [
  "admin",
  "public",
  "rdsadmin",
  "postgres_admin",
  "rdsrepladmin",
  "rdsreplication",
  "rds_superuser",
  "rds_replication",
  "rdstopmgr",
  "user",
  "all",
  "select",
  "table",
  "role",
];
const RESERVED_DATABASES = [
  "rdsadmin",
  "template0",
  "template1",
  "db",
  "all",
  "analyse",
  "analyze",
  "and",
  "any",
  "array",
  "select",
  "table",
  "user",
  "default",
];
/** Storage kinds: their least and most GiB, and whether IOPS must or may be given. */
const STORAGE: Readonly<
  Record<string, { readonly least: number; readonly most: number; readonly iops: "no" | "must" | "from 400" }>
> = {
  gp2: { least: 20, most: 65_536, iops: "no" },
  gp3: { least: 20, most: 65_536, iops: "from 400" },
  io1: { least: 100, most: 65_536, iops: "must" },
  io2: { least: 100, most: 65_536, iops: "must" },
  standard: { least: 5, most: 3072, iops: "no" },
};
const GP3_IOPS_FROM = 400;
const CERTIFICATES = ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"];
const INSIGHTS_DAYS = [7, ...Array.from({ length: 23 }, (_, index) => (index + 1) * 31), 731];
const kindOf = (it: Inputs) => it.text("storageType") ?? (it.has("iops") ? "io1" : "gp2");
const isPostgres = (it: Inputs) => it.text("engine") === "postgres";

const versionRule: Rule = (it) => {
  const version = it.text("engineVersion");
  if (!isPostgres(it) || version === undefined) return [];
  if (retiredPostgresVersions().includes(version))
    return wrong(it, "engineVersion", "a version that RDS still makes; this one has ended");
  return postgresVersions().includes(version) ? [] : wrong(it, "engineVersion", "a version of PostgreSQL that RDS has");
};

const iopsRule: Rule = (it) => {
  const kind = STORAGE[kindOf(it)];
  const [iops, storage, throughput] = [
    it.number("iops"),
    it.number("allocatedStorage"),
    it.number("storageThroughput"),
  ];
  if (kind === undefined) return [];
  if (kind.iops === "no" && iops !== undefined) return wrong(it, "iops", `no IOPS for ${kindOf(it)}`);
  if (kind.iops === "must" && !it.has("iops")) return wrong(it, "iops", `IOPS for ${kindOf(it)}`);
  if (kind.iops === "must" && iops !== undefined && (iops < 1000 || iops > 256_000))
    return wrong(it, "iops", "1000 to 256000");
  if (kind.iops !== "from 400")
    return throughput === undefined ? [] : wrong(it, "storageThroughput", "no throughput but for gp3");
  const isLarge = storage === undefined || storage >= GP3_IOPS_FROM;
  if (!isLarge && iops !== undefined) return wrong(it, "iops", `none for gp3 below ${GP3_IOPS_FROM} GiB`);
  if (!isLarge && throughput !== undefined)
    return wrong(it, "storageThroughput", `none for gp3 below ${GP3_IOPS_FROM} GiB`);
  if (iops !== undefined && (iops < 12_000 || iops > 64_000))
    return wrong(it, "iops", "12000 to 64000 for gp3 from 400 GiB");
  if (throughput !== undefined && (throughput < 500 || throughput > 4000))
    return wrong(it, "storageThroughput", "500 to 4000 MiB/s");
  return [];
};

const storageRule: Rule = (it) => {
  const kind = STORAGE[kindOf(it)];
  const storage = it.number("allocatedStorage");
  if (kind === undefined || storage === undefined) return [];
  return storage < kind.least || storage > kind.most || !Number.isInteger(storage)
    ? wrong(it, "allocatedStorage", `${kind.least} to ${kind.most} GiB for ${kindOf(it)}`)
    : [];
};

const replacesSource = (it: Inputs) =>
  ["replicateSourceDb", "snapshotIdentifier", "restoreToPointInTime", "s3Import"].some((name) => it.has(name));
const PASSWORDS = ["password", "passwordWo", "manageMasterUserPassword"];
const OTHER_ENGINES = [
  "mysql",
  "mariadb",
  "oracle-ee",
  "oracle-ee-cdb",
  "oracle-se2",
  "oracle-se2-cdb",
  "sqlserver-ee",
  "sqlserver-se",
  "sqlserver-ex",
  "sqlserver-web",
  "custom-oracle-ee",
  "custom-sqlserver-ee",
  "custom-sqlserver-se",
  "custom-sqlserver-web",
  "db2-ae",
  "db2-se",
  "aurora-postgresql",
  "aurora-mysql",
];

/** PostgreSQL's parameters on RDS that have limits of their own: least, most, and whether a restart is needed. */
const PARAMETERS: Readonly<
  Record<
    string,
    { readonly least?: number; readonly most?: number; readonly values?: readonly string[]; readonly fixed?: boolean }
  >
> = {
  "rds.force_ssl": { values: ["0", "1"] },
  "rds.logical_replication": { values: ["0", "1"], fixed: true },
  "rds.log_retention_period": { least: 1440, most: 10_080 },
  max_connections: { least: 6, most: 262_143, fixed: true },
  shared_buffers: { least: 16, most: 1_073_741_823, fixed: true },
  log_min_duration_statement: { least: -1, most: 2_147_483_647 },
  log_connections: {
    values: [
      "0",
      "1",
      "on",
      "off",
      "true",
      "false",
      "receipt",
      "authentication",
      "authorization",
      "setup_durations",
      "all",
    ],
  },
  log_disconnections: { values: ["0", "1", "on", "off", "true", "false"] },
  log_lock_waits: { values: ["0", "1", "on", "off", "true", "false"] },
  log_statement: { values: ["none", "ddl", "mod", "all"] },
  log_temp_files: { least: -1, most: 2_147_483_647 },
  idle_in_transaction_session_timeout: { least: 0, most: 2_147_483_647 },
  statement_timeout: { least: 0, most: 2_147_483_647 },
  lock_timeout: { least: 0, most: 2_147_483_647 },
  deadlock_timeout: { least: 1, most: 2_147_483_647 },
  work_mem: { least: 64, most: 2_147_483_647 },
  maintenance_work_mem: { least: 1024, most: 2_147_483_647 },
  effective_cache_size: { least: 1, most: 2_147_483_647 },
  random_page_cost: { least: 0, most: Number.MAX_VALUE },
  autovacuum: { values: ["0", "1", "on", "off", "true", "false"] },
  autovacuum_max_workers: { least: 1, most: 262_143, fixed: true },
  autovacuum_vacuum_scale_factor: { least: 0, most: 100 },
  max_wal_size: { least: 128, most: 201_326_592 },
  wal_sender_timeout: { least: 0, most: 3_600_000 },
  max_worker_processes: { least: 0, most: 262_143, fixed: true },
  max_replication_slots: { least: 5, most: 262_143, fixed: true },
  max_wal_senders: { least: 5, most: 262_143, fixed: true },
  ssl_min_protocol_version: { values: ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] },
  ssl_max_protocol_version: { values: ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] },
  shared_preload_libraries: { fixed: true },
  password_encryption: { values: ["md5", "scram-sha-256"] },
  "pg_stat_statements.track": { values: ["none", "top", "all"] },
  "pgaudit.log": {},
};

const parameterRule: Rule = (it) => {
  const [name, value, method] = [it.text("name"), it.text("value"), it.text("applyMethod") ?? "immediate"];
  if (name === undefined) return [];
  if (!/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?$/.test(name)) return wrong(it, "name", "a parameter's name");
  const known = PARAMETERS[name];
  if (known === undefined) return [];
  if (known.fixed === true && method === "immediate")
    return wrong(it, "applyMethod", `pending-reboot: ${name} needs a restart`);
  // A formula such as {DBInstanceClassMemory/9531392} is RDS's to evaluate.
  if (value === undefined || value.includes("{")) return [];
  if (known.values !== undefined && !known.values.includes(value))
    return wrong(it, "value", `one of ${known.values.join(", ")}`);
  const number = Number(value);
  const { least, most } = known;
  if (least === undefined && most === undefined) return [];
  if (!Number.isFinite(number) || number < (least ?? number) || number > (most ?? number))
    return wrong(it, "value", `${least} to ${most}`);
  return [];
};

const groupName: readonly Rule[] = [
  matches("name", /^[a-z0-9][a-z0-9._ -]*$/i, "letters, digits, spaces, periods, underscores and hyphens"),
  refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
  refuse("name", "a name other than default", (it) => (it.text("name") ?? "").toLowerCase() === "default"),
  refuse("name", "lower case", (it) => (it.text("name") ?? "") !== (it.text("name") ?? "").toLowerCase()),
];

/** What RDS refuses. */
export const databaseRules: RuleTable = {
  "aws:rds/subnetGroup:SubnetGroup": [
    ...groupName,
    distinct("subnetIds"),
    eachMatches("subnetIds", /^subnet-/, "ids that begin with subnet-"),
    refuse("subnetIds", "subnets of at least two zones", (it) => {
      const subnets = it.raw("subnetIds");
      return Array.isArray(subnets) && subnets.length < 2;
    }),
    matches("description", /^[\u0020-\u00FF]*$/, "printable text"),
  ],
  "aws:rds/parameterGroup:ParameterGroup": [
    matches(
      "name",
      /^[a-z](-?[a-z0-9])*$/,
      "lower-case letters, digits and single hyphens, a letter first, no hyphen last",
    ),
    refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
    refuse("name", "a name that does not begin with default", (it) => /^default([.-]|$)/.test(it.text("name") ?? "")),
    refuse("family", "a family of parameters that RDS has", (it) => {
      const family = it.text("family");
      return family !== undefined && !parameterFamilies().includes(family);
    }),
    eachOf("parameters", oneOf("applyMethod", ["immediate", "pending-reboot"]), parameterRule),
    (it) => {
      const names = it.objects("parameters").map((each) => each.text("name"));
      return new Set(names).size < names.length ? wrong(it, "parameters", "no parameter twice") : [];
    },
  ],
  "aws:rds/instance:Instance": [
    matches("identifier", IDENTIFIER, "lower-case letters, digits and single hyphens, a letter first, no hyphen last"),
    refuse("identifier", "at most 63 characters", (it) => (it.text("identifier") ?? "").length > 63),
    required("engine", "an engine", (it) => !replacesSource(it)),
    oneOf("engine", ["postgres", ...OTHER_ENGINES]),
    versionRule,
    onUpdate("engineVersion", "no older version than it is", (it, before) => {
      const [now, was] = [it.text("engineVersion"), before.text("engineVersion")];
      return (
        now !== undefined &&
        was !== undefined &&
        now.includes(".") === was.includes(".") &&
        compareVersions(now, was) < 0
      );
    }),
    onUpdate("engineVersion", "allowMajorVersionUpgrade: true beside a new major version", (it, before) => {
      const [now, was] = [it.text("engineVersion"), before.text("engineVersion")];
      return (
        now !== undefined &&
        was !== undefined &&
        now.split(".")[0] !== was.split(".")[0] &&
        !it.isTrue("allowMajorVersionUpgrade")
      );
    }),
    refuse("instanceClass", "an instance class that RDS has for PostgreSQL in this region", (it) => {
      const name = it.text("instanceClass");
      return name !== undefined && isPostgres(it) && !instanceClasses(it.text("region") ?? "us-east-1").includes(name);
    }),
    oneOf("storageType", Object.keys(STORAGE)),
    storageRule,
    iopsRule,
    required("allocatedStorage", "storage", (it) => !replacesSource(it)),
    refuse("maxAllocatedStorage", "at least 10 % above allocatedStorage, or 0 for none", (it) => {
      const [most, storage] = [it.number("maxAllocatedStorage"), it.number("allocatedStorage")];
      return most !== undefined && most !== 0 && storage !== undefined && most < Math.ceil(storage * 1.1);
    }),
    refuse("maxAllocatedStorage", "at most 65536 GiB", (it) => (it.number("maxAllocatedStorage") ?? 0) > 65_536),
    onUpdate("allocatedStorage", "no less storage than there is", (it, before) =>
      shrinks(it, before, "allocatedStorage"),
    ),
    onUpdate("allocatedStorage", "at least 10 % more storage than there is", (it, before) => {
      const [now, was] = [it.number("allocatedStorage"), before.number("allocatedStorage")];
      return now !== undefined && was !== undefined && now > was && now < Math.ceil(was * 1.1);
    }),
    within("backupRetentionPeriod", 0, 35, " days"),
    refuse(
      "backupRetentionPeriod",
      "more than 0 days for a standby's replicas",
      (it) =>
        it.number("backupRetentionPeriod") === 0 && it.has("backupTarget") && it.text("backupTarget") === "outposts",
    ),
    ...windowRules("backupWindow", "maintenanceWindow", 30, 30),
    matches("username", /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/, "1 to 63 letters, digits and underscores, a letter first"),
    refuse("username", "a name that is not reserved", (it) => {
      const user = (it.text("username") ?? "").toLowerCase();
      return RESERVED_USERS.includes(user) || /^(rds|pg_)/.test(user);
    }),
    required("username", "a master user", (it) => !replacesSource(it)),
    matches("dbName", /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/, "1 to 63 letters, digits and underscores, a letter first"),
    refuse("dbName", "a name that is not reserved", (it) =>
      RESERVED_DATABASES.includes((it.text("dbName") ?? "").toLowerCase()),
    ),
    refuse(
      "password",
      `just one of ${PASSWORDS.join(", ")}`,
      (it) =>
        !replacesSource(it) && it.lacks("password") && it.lacks("passwordWo") && it.isFalse("manageMasterUserPassword"),
    ),
    refuse(
      "manageMasterUserPassword",
      "no password beside it",
      (it) => it.isTrue("manageMasterUserPassword") && (it.has("password") || it.has("passwordWo")),
    ),
    refuse("password", '8 to 128 printable characters other than / " @ and blanks', (it) => {
      const password = it.text("password");
      return (
        password !== undefined &&
        (password.length < 8 || password.length > 128 || /[/"@\s]|[^\u0021-\u007E]/.test(password))
      );
    }),
    together(
      "masterUserSecretKmsKeyId",
      "manageMasterUserPassword: true",
      (it) => !it.isFalse("manageMasterUserPassword"),
    ),
    refuse(
      "kmsKeyId",
      "storageEncrypted: true beside it",
      (it) => it.has("kmsKeyId") && it.isFalse("storageEncrypted"),
    ),
    arn("kmsKeyId", "kms", "key/.+"),
    refuse(
      "availabilityZone",
      "no zone for a Multi-AZ instance",
      (it) => it.isTrue("multiAz") && it.has("availabilityZone"),
    ),
    within("port", 1150, 65_535),
    oneOf("caCertIdentifier", CERTIFICATES),
    eachOneOf("enabledCloudwatchLogsExports", ["postgresql", "upgrade", "iam-db-auth-error"]),
    distinct("enabledCloudwatchLogsExports"),
    oneOf("monitoringInterval", [0, 1, 5, 10, 15, 30, 60]),
    refuse(
      "monitoringRoleArn",
      "a role beside a monitoring interval",
      (it) => (it.number("monitoringInterval") ?? 0) > 0 && it.lacks("monitoringRoleArn"),
    ),
    refuse(
      "monitoringInterval",
      "an interval beside a monitoring role",
      (it) =>
        it.has("monitoringRoleArn") &&
        (it.number("monitoringInterval") ?? 0) === 0 &&
        (it.lacks("monitoringInterval") || it.knows("monitoringInterval")),
    ),
    arn("monitoringRoleArn", "iam", "role/.+"),
    oneOf("performanceInsightsRetentionPeriod", INSIGHTS_DAYS),
    refuse(
      "performanceInsightsEnabled",
      "true beside its key or retention",
      (it) =>
        it.has("performanceInsightsEnabled") &&
        it.isFalse("performanceInsightsEnabled") &&
        (it.has("performanceInsightsKmsKeyId") || it.has("performanceInsightsRetentionPeriod")),
    ),
    oneOf("databaseInsightsMode", ["standard", "advanced"]),
    refuse(
      "performanceInsightsRetentionPeriod",
      "465 days or more for advanced insights",
      (it) =>
        it.text("databaseInsightsMode") === "advanced" &&
        (it.number("performanceInsightsRetentionPeriod") ?? 465) < 465,
    ),
    oneOf("engineLifecycleSupport", ["open-source-rds-extended-support", "open-source-rds-extended-support-disabled"]),
    oneOf("licenseModel", ["postgresql-license"]),
    oneOf("networkType", ["IPV4", "DUAL"]),
    oneOf("replicaMode", []),
    oneOf("backupTarget", ["region", "outposts"]),
    refuse(
      "finalSnapshotIdentifier",
      "a final snapshot's name, or skipFinalSnapshot: true",
      (it) => it.isFalse("skipFinalSnapshot") && it.lacks("finalSnapshotIdentifier"),
    ),
    refuse("finalSnapshotIdentifier", "letters, digits and single hyphens, a letter first, no hyphen last", (it) => {
      const name = it.text("finalSnapshotIdentifier");
      return name !== undefined && (!/^[a-zA-Z](-?[a-zA-Z0-9])*$/.test(name) || name.length > 255);
    }),
    refuse("characterSetName", "no character set for PostgreSQL", (it) => it.has("characterSetName") && isPostgres(it)),
    refuse("timezone", "no time zone for PostgreSQL", (it) => it.has("timezone") && isPostgres(it)),
    refuse(
      "optionGroupName",
      "no option group for PostgreSQL but default",
      (it) =>
        it.has("optionGroupName") && isPostgres(it) && !/^default:postgres-\d+$/.test(it.text("optionGroupName") ?? ""),
    ),
    eachMatches("vpcSecurityGroupIds", /^sg-/, "ids that begin with sg-"),
    refuse("parameterGroupName", "a name in lower case", (it) => /[A-Z]/.test(it.text("parameterGroupName") ?? "")),
    refuse(
      "dedicatedLogVolume",
      "storage of io1, io2",
      (it) => it.isTrue("dedicatedLogVolume") && !/^io/.test(kindOf(it)),
    ),
  ],
};
