import { isApproved } from "./judging/approvals.ts";
import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { isPublicSubnet } from "./judging/internet.ts";
import { each, type Policy } from "./policy.ts";
import type { PropsOf } from "./resource-types.ts";

export const databaseBackups: Policy = {
  name: "database-backups",
  control: "S26",
  reason: "Damage is often noticed days later, when yesterday's backup already contains it.",
  fix: "Set backupRetentionPeriod to 7 or more.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("backupRetentionPeriod", () => (props.backupRetentionPeriod ?? 0) >= 7);
    }),
  ],
};

export const databaseEncryptedWithCustomerKey: Policy = {
  name: "database-encrypted-with-customer-key",
  control: "S22",
  reason: "A disk or snapshot that leaves the account stays unreadable only under a customer managed key.",
  fix: "Set storageEncrypted: true and kmsKeyId to the data key's ARN.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("storageEncrypted", () => props.storageEncrypted === true);
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
    }),
  ],
};

export const databaseEnhancedMonitoring: Policy = {
  name: "database-enhanced-monitoring",
  control: "S30",
  reason: "CPU and memory by process distinguish a slow query from a failing machine.",
  fix: "Set monitoringInterval to 60 or less, and monitoringRoleArn.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      const seconds = () => props.monitoringInterval ?? 0;
      demand("monitoringInterval", () => seconds() > 0 && seconds() <= 60);
      demand("monitoringRoleArn", () => props.monitoringRoleArn !== undefined && props.monitoringRoleArn !== "", {
        comesFrom: "aws:iam/role:Role",
      });
    }),
  ],
};

export const databaseForcesTls: Policy = {
  name: "database-forces-tls",
  control: "S23",
  reason: "A client that is not configured for TLS sends its password and all rows unencrypted.",
  fix: "Give the instance a parameter group of the stack with rds.force_ssl = 1.",
  each: [
    each("aws:rds/parameterGroup:ParameterGroup", ({ props }, demand) => {
      demand("parameters", () => !isForPostgres(props) || parameterOf(props, "rds.force_ssl") === "1");
    }),
  ],
  whole: (stack, demand) => {
    for (const database of stack.all("aws:rds/instance:Instance")) {
      demand(database, "parameterGroupName", () => {
        return stack.referred(database, "parameterGroupName", "aws:rds/parameterGroup:ParameterGroup").length === 1;
      });
    }
  },
};

export const databaseIamAuthentication: Policy = {
  name: "database-iam-authentication",
  control: "S28",
  reason:
    "People should log in to the database as themselves, with a token of limited lifetime, not with a shared password.",
  fix: "Set iamDatabaseAuthenticationEnabled: true.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("iamDatabaseAuthenticationEnabled", () => props.iamDatabaseAuthenticationEnabled === true);
    }),
  ],
};

export const databaseInPrivateSubnets: Policy = {
  name: "database-in-private-subnets",
  control: "S21",
  reason: "In a subnet with a route to the internet, one wrong security group exposes the database.",
  fix: "Set dbSubnetGroupName to a group of subnets whose route tables have no internet gateway.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      const group = () => props.dbSubnetGroupName;
      demand("dbSubnetGroupName", () => group() !== undefined && group() !== "default", {
        comesFrom: "aws:rds/subnetGroup:SubnetGroup",
      });
    }),
  ],
  whole: (stack, demand) => {
    for (const group of stack.all("aws:rds/subnetGroup:SubnetGroup")) {
      const subnets = () => stack.referred(group, "subnetIds", "aws:ec2/subnet:Subnet");
      demand(group, "subnetIds", () => subnets().length > 0 && !subnets().some((one) => isPublicSubnet(stack, one)));
    }
  },
};

export const databaseInSeveralZones: Policy = {
  name: "database-in-several-zones",
  control: "S24",
  reason: "Without a standby in a second zone, the failure of one zone stops the service until a backup is restored.",
  fix: "Set multiAz: true.",
  relaxable: true,
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("multiAz", () => props.multiAz === true);
    }),
  ],
};

const EXPORTS = ["postgresql", "upgrade"];

export const databaseLogs: Policy = {
  name: "database-logs",
  control: "S29",
  reason:
    "Logs that stay on the instance are lost with it, and slow or malicious statements are not logged by default.",
  fix: "Set enabledCloudwatchLogsExports to postgresql and upgrade, and log_statement and log_min_duration_statement.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("enabledCloudwatchLogsExports", () =>
        EXPORTS.every((log) => props.enabledCloudwatchLogsExports?.includes(log)),
      );
    }),
    each("aws:rds/parameterGroup:ParameterGroup", ({ props }, demand) => {
      demand("parameters.log_statement", () => {
        return !isForPostgres(props) || (parameterOf(props, "log_statement") ?? "none") !== "none";
      });
      demand("parameters.log_min_duration_statement", () => {
        return !isForPostgres(props) || Number(parameterOf(props, "log_min_duration_statement") ?? -1) >= 0;
      });
    }),
  ],
};

export const databaseMinorUpgrades: Policy = {
  name: "database-minor-upgrades",
  control: "S27",
  reason: "Minor versions fix known vulnerabilities; manual upgrades are easily forgotten.",
  fix: "Set autoMinorVersionUpgrade: true.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("autoMinorVersionUpgrade", () => props.autoMinorVersionUpgrade === true);
    }),
  ],
};

const GUESSED_FIRST = ["admin", "administrator", "master", "postgres", "rdsadmin", "root", "sa", "user"];

const DEFAULT_PORTS = [1433, 1521, 3306, 5432];

const isGuessedFirst = (name = "") => name === "" || GUESSED_FIRST.includes(name.toLowerCase());

export const databaseNoDefaultNames: Policy = {
  name: "database-no-default-names",
  control: "S32",
  reason: "Attackers try default user names and ports first.",
  fix: "Set username and port to other than the engine's defaults.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("username", () => !isGuessedFirst(props.username));
      demand("port", () => props.port !== undefined && !DEFAULT_PORTS.includes(props.port));
    }),
  ],
};

export const databaseNotPublic: Policy = {
  name: "database-not-public",
  control: "S20",
  reason: "With a public address, one leaked password gives anyone access to the database.",
  fix: "Set publiclyAccessible: false.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("publiclyAccessible", () => props.publiclyAccessible === false);
    }),
  ],
};

export const databasePerformanceInsights: Policy = {
  name: "database-performance-insights",
  control: "S31",
  reason:
    "Performance Insights shows which statement is slow; it stores statements, so it needs a customer managed key.",
  fix: "Set performanceInsightsEnabled: true and performanceInsightsKmsKeyId to the data key's ARN.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("performanceInsightsEnabled", () => props.performanceInsightsEnabled === true);
      demand("performanceInsightsKmsKeyId", () => isCustomerKey(props.performanceInsightsKmsKeyId), FROM_A_KEY);
    }),
  ],
};

export const databaseProtectedFromDeletion: Policy = {
  name: "database-protected-from-deletion",
  control: "S25",
  reason: "Without protection, one mistaken or malicious call deletes the database.",
  fix: "Set deletionProtection: true, or add an approval to delete it to sparki:approvals.",
  each: [
    each("aws:rds/instance:Instance", ({ props, name }, demand, situation) => {
      demand("deletionProtection", () => props.deletionProtection === true || isApproved(situation, name, "delete"));
    }),
  ],
};

/** Those that are valid until 2061 or later. @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html */
const CURRENT_AUTHORITIES = ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"];

export const databaseSnapshotsTagged: Policy = {
  name: "database-snapshots-tagged",
  control: "S33",
  reason:
    "A snapshot without tags has no known owner, and an expired certificate authority disconnects all clients at once.",
  fix: 'Set copyTagsToSnapshot: true and caCertIdentifier: "rds-ca-rsa2048-g1".',
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("copyTagsToSnapshot", () => props.copyTagsToSnapshot === true);
      demand("caCertIdentifier", () => CURRENT_AUTHORITIES.includes(props.caCertIdentifier ?? ""));
    }),
  ],
};

type Parameters = PropsOf<"aws:rds/parameterGroup:ParameterGroup">;

/** A parameter's value in the group, or undefined where the group leaves PostgreSQL's default. */
function parameterOf({ parameters = [] }: Parameters, name: string): string | undefined {
  return parameters.find((parameter) => parameter.name === name)?.value;
}

/** Parameter groups belong to an engine; these are PostgreSQL's. */
function isForPostgres({ family }: Parameters): boolean {
  return family?.startsWith("postgres") === true;
}
