import { instanceClasses, parameterFamilies, postgresVersions, retiredPostgresVersions } from "../catalog.ts";
import { facts } from "../facts.ts";
import {
  atMostOneOf,
  distinct,
  eachMatches,
  eachOf,
  eachOneOf,
  exactlyOneOf,
  inside,
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
import { postgresParameter } from "./parameters.ts";
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
const OTHER_FAMILIES =
  /^(aurora-postgresql1[1-8]|mysql(5\.7|8\.0|8\.4)|aurora-mysql(5\.7|8\.0)|mariadb(10\.(4|5|6|11)|11\.(4|8))|oracle-(ee|se2)(-cdb)?-(19|21)|sqlserver-(ee|se|ex|web)-1[3-6]\.0|db2-(ae|se)-(11\.5|12\.1))$/;
/** Classes of before PostgreSQL 13. */
const OLD_CLASSES = /^db\.(m[1-4]|r[34]|t[12]|cr1|x1|x1e)\./;
/** Logs that the engines beside PostgreSQL export. */
const OTHER_LOGS = [
  "audit",
  "error",
  "general",
  "slowquery",
  "alert",
  "listener",
  "trace",
  "oemagent",
  "agent",
  "diag.log",
  "notify.log",
  "iam-db-auth-error",
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
  const isMade = (each: string) => postgresVersions().includes(each) && !retiredPostgresVersions().includes(each);
  if (/^\d+$/.test(version) && postgresVersions().some((each) => each.startsWith(`${version}.`) && isMade(each)))
    return [];
  if (retiredPostgresVersions().includes(version))
    return wrong(
      it,
      "engineVersion",
      `a version that RDS still makes; this one has ended, by AWS's lists of ${facts().dated}`,
    );
  return postgresVersions().includes(version)
    ? []
    : wrong(it, "engineVersion", `a version of PostgreSQL that RDS has, by AWS's lists of ${facts().dated}`);
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
  const ratio = kindOf(it) === "io1" ? 50 : 1000;
  if (kind.iops === "must" && iops !== undefined && storage !== undefined && iops > storage * ratio)
    return wrong(it, "iops", `at most ${ratio} for each GiB`);
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
  if (kindOf(it) === "io1" && iops !== undefined && storage !== undefined && iops < storage / 2)
    return wrong(it, "iops", "at least 1 for each 2 GiB");
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
  if (throughput !== undefined && iops !== undefined && throughput * 4 > iops)
    return wrong(it, "storageThroughput", "at most a quarter of the IOPS");
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

/** Properties that only some engines have. @see https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html */
const OTHERS_ONLY: Readonly<Record<string, { readonly words: string; readonly are: RegExp }>> = {
  characterSetName: { words: "Oracle and SQL Server", are: /^(custom-)?(oracle|sqlserver)/ },
  ncharCharacterSetName: { words: "Oracle", are: /^(custom-)?oracle/ },
  timezone: { words: "SQL Server and Db2", are: /^(custom-)?(sqlserver|db2)/ },
  replicaMode: { words: "Oracle and Db2", are: /^(custom-)?(oracle|db2)/ },
  customIamInstanceProfile: { words: "custom engines", are: /^custom-/ },
  s3Import: { words: "MySQL", are: /^mysql$/ },
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
    refuse("subnetIds", "at most 20 subnets", (it) => {
      const subnets = it.raw("subnetIds");
      return Array.isArray(subnets) && subnets.length > 20;
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
      return family !== undefined && !parameterFamilies().includes(family) && !OTHER_FAMILIES.test(family);
    }),
    eachOf("parameters", oneOf("applyMethod", ["immediate", "pending-reboot"])),
    (it, before) =>
      /^(mysql|mariadb|aurora-mysql)/.test(it.text("family") ?? "")
        ? eachOf("parameters", matches("name", /^[a-z0-9_-]+$/i, "a parameter of the family's engine"))(it, before)
        : [],
    (it, before) =>
      /^postgres/.test(it.text("family") ?? "") ? eachOf("parameters", postgresParameter)(it, before) : [],
    (it) => {
      const names = it.objects("parameters").map((each) => each.text("name"));
      return new Set(names).size < names.length ? wrong(it, "parameters", "no parameter twice") : [];
    },
  ],
  "aws:rds/instance:Instance": [
    matches("identifier", IDENTIFIER, "lower-case letters, digits and single hyphens, a letter first, no hyphen last"),
    matches(
      "identifierPrefix",
      /^[a-z](-?[a-z0-9])*-?$/,
      "lower-case letters, digits and single hyphens, a letter first",
    ),
    ...Object.entries(OTHERS_ONLY).map(([name, engines]) =>
      refuse(name, `nothing but for ${engines.words}`, (it) => {
        const engine = it.text("engine");
        return it.has(name) && engine !== undefined && !engines.are.test(engine);
      }),
    ),
    refuse("domainDnsIps", "two addresses", (it) => ![0, 2].includes((it.texts("domainDnsIps") ?? ["", ""]).length)),
    eachMatches("domainDnsIps", /^[0-9a-f.:]+$/i, "addresses"),
    together("upgradeStorageConfig", "replicateSourceDb", (it) => it.has("replicateSourceDb")),
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
    refuse(
      "instanceClass",
      `an instance class that RDS has for PostgreSQL in this region, by AWS's lists of ${facts().dated}`,
      (it) => {
        const name = it.text("instanceClass");
        return (
          name !== undefined && isPostgres(it) && !instanceClasses(it.text("region") ?? "us-east-1").includes(name)
        );
      },
    ),
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
    ...["iops", "storageThroughput"].map((name) =>
      onUpdate(name, `it beside gp3's new size, from ${GP3_IOPS_FROM} GiB on`, (it, before) => {
        const [now, was] = [it.number("allocatedStorage"), before.number("allocatedStorage")];
        const isGrown = now !== undefined && was !== undefined && now > was && now >= GP3_IOPS_FROM;
        return isGrown && kindOf(it) === "gp3" && isPostgres(it) && !it.has(name);
      }),
    ),
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
    arn("performanceInsightsKmsKeyId", "kms", "key/.+"),
    refuse(
      "availabilityZone",
      "no zone for a Multi-AZ instance",
      (it) => it.isTrue("multiAz") && it.has("availabilityZone"),
    ),
    within("port", 1150, 65_535),
    oneOf("caCertIdentifier", CERTIFICATES),
    (it, before) =>
      eachOneOf(
        "enabledCloudwatchLogsExports",
        isPostgres(it) || !it.knows("engine") ? ["postgresql", "upgrade", "iam-db-auth-error"] : OTHER_LOGS,
      )(it, before),
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
        it.isFalse("performanceInsightsEnabled") &&
        (it.has("performanceInsightsKmsKeyId") || it.has("performanceInsightsRetentionPeriod")),
    ),
    oneOf("databaseInsightsMode", ["standard", "advanced"]),
    refuse(
      "performanceInsightsEnabled",
      "true for advanced insights",
      (it) => it.text("databaseInsightsMode") === "advanced" && it.isFalse("performanceInsightsEnabled"),
    ),
    ...["username", "dbName"].map((name) =>
      refuse(name, "nothing beside the source of a replica", (it) => it.has("replicateSourceDb") && it.has(name)),
    ),
    ...["domainAuthSecretArn", "domainDnsIps", "domainOu"].flatMap((name) => [
      together(name, "domainFqdn beside it", (it) => it.has("domainFqdn")),
      refuse(name, "a value beside domainFqdn", (it) => it.has("domainFqdn") && it.lacks(name)),
    ]),
    together("domain", "domainIamRoleName", (it) => it.has("domainIamRoleName")),
    together("domainIamRoleName", "domain", (it) => it.has("domain")),
    refuse("parameterGroupName", "a group of the engine's own version", (it) => {
      const [group, version] = [it.text("parameterGroupName"), it.text("engineVersion")];
      if (group === undefined || version === undefined || !group.startsWith("default.") || !isPostgres(it))
        return false;
      return group !== `default.postgres${version.split(".")[0]}`;
    }),
    refuse("instanceClass", "a class of a newer generation: m5, r5, t3 or later", (it) => {
      const [name, version] = [it.text("instanceClass"), it.number("engineVersion")];
      return name !== undefined && isPostgres(it) && (version ?? 13) >= 13 && OLD_CLASSES.test(name);
    }),
    refuse(
      "iamDatabaseAuthenticationEnabled",
      "false: IAM logins are for PostgreSQL, MySQL and MariaDB",
      (it) =>
        it.isTrue("iamDatabaseAuthenticationEnabled") && /^(oracle|sqlserver|db2|custom)/.test(it.text("engine") ?? ""),
    ),
    refuse(
      "performanceInsightsRetentionPeriod",
      "465 days or more for advanced insights",
      (it) =>
        it.text("databaseInsightsMode") === "advanced" &&
        (it.number("performanceInsightsRetentionPeriod") ?? 465) < 465,
    ),
    refuse(
      "blueGreenUpdate.enabled",
      "backups beside it: the second environment is made of one",
      (it) => it.isTrue("blueGreenUpdate.enabled") && it.number("backupRetentionPeriod") === 0,
    ),
    refuse(
      "blueGreenUpdate.enabled",
      "false for a replica",
      (it) => it.isTrue("blueGreenUpdate.enabled") && it.has("replicateSourceDb"),
    ),
    ...["vpcSecurityGroupIds"].map((name) =>
      refuse(name, "at most 5 security groups", (it) => it.knownTexts(name).length > 5),
    ),
    onUpdate("performanceInsightsKmsKeyId", "the key as it is: insights stay under theirs", (it, before) => {
      const [now, was] = [it.text("performanceInsightsKmsKeyId"), before.text("performanceInsightsKmsKeyId")];
      return before.isTrue("performanceInsightsEnabled") && now !== undefined && was !== undefined && now !== was;
    }),
    inside(
      "restoreToPointInTime",
      exactlyOneOf(["restoreTime", "useLatestRestorableTime"]),
      exactlyOneOf(["sourceDbInstanceIdentifier", "sourceDbiResourceId", "sourceDbInstanceAutomatedBackupsArn"]),
    ),
    atMostOneOf(["replicateSourceDb", "restoreToPointInTime", "snapshotIdentifier", "s3Import"]),
    oneOf("engineLifecycleSupport", ["open-source-rds-extended-support", "open-source-rds-extended-support-disabled"]),
    refuse(
      "licenseModel",
      "postgresql-license",
      (it) => isPostgres(it) && (it.text("licenseModel") ?? "postgresql-license") !== "postgresql-license",
    ),
    oneOf("licenseModel", [
      "postgresql-license",
      "general-public-license",
      "license-included",
      "bring-your-own-license",
      "marketplace-license",
    ]),
    oneOf("networkType", ["IPV4", "DUAL"]),
    oneOf("replicaMode", ["open-read-only", "mounted"]),
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
    refuse(
      "optionGroupName",
      "no option group for PostgreSQL but default",
      (it) =>
        it.has("optionGroupName") && isPostgres(it) && !/^default:postgres-\d+$/.test(it.text("optionGroupName") ?? ""),
    ),
    refuse("optionGroupName", "the option group of the engine's major version", (it) => {
      const group = /^default:postgres-(\d+)$/.exec(it.text("optionGroupName") ?? "")?.[1];
      const major = /^\d+/.exec(it.text("engineVersion") ?? "")?.[0];
      return group !== undefined && major !== undefined && isPostgres(it) && group !== major;
    }),
    eachMatches("vpcSecurityGroupIds", /^sg-/, "ids that begin with sg-"),
    refuse("parameterGroupName", "a name in lower case", (it) => /[A-Z]/.test(it.text("parameterGroupName") ?? "")),
    refuse(
      "dedicatedLogVolume",
      "storage of io1, io2",
      (it) => it.isTrue("dedicatedLogVolume") && !/^io/.test(kindOf(it)),
    ),
  ],
};
