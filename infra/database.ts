import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "./cluster.ts";
import type { Keys } from "./keys.ts";
import { createLogGroup } from "./log-group.ts";
import { createSecurityGroup, type Network } from "./network.ts";
import { createServiceRole, onBehalfOf } from "./roles.ts";

export interface DatabaseArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly network: Pick<Network, "vpcId" | "databaseSubnetIds">;
  /** Its pods are the only ones that reach the database. */
  readonly cluster: Pick<Cluster, "securityGroupId">;
  readonly keys: Pick<Keys, "data" | "secrets" | "logs">;
  readonly instanceClass: string;
  /** Major and minor, for example 17.6; AWS moves the minor in the maintenance window. */
  readonly engineVersion: string;
  /** Permits the major version to change, at once. @default it never does */
  readonly majorUpgrade?: object;
  readonly storageGib: number;
  readonly maxStorageGib: number;
  readonly multiZone: boolean;
  readonly backupDays: number;
  readonly protect: boolean;
}

const PORT = 5432;
const ENHANCED_MONITORING = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole";

/** PostgreSQL reachable only from the cluster over TLS; survives the stack's deletion. */
export class Database extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly port = PORT;
  readonly databaseName = "sparki";
  /** The master user's secret, which RDS makes, holds and rotates: `{"username", "password"}`. No pod runs with it. */
  readonly masterSecretArn: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Database", name, {}, options);
    const physicalName = `sparki-${args.stack}-database`;
    const group = createSecurityGroup(this, `${name}-access`, {
      name: physicalName,
      description: "PostgreSQL of Sparki",
      vpcId: args.network.vpcId,
      ingress: {
        cluster: { description: "Pods of the cluster", port: PORT, securityGroupId: args.cluster.securityGroupId },
      },
    });
    const subnets = new aws.rds.SubnetGroup(
      `${name}-subnets`,
      { name: physicalName, description: "Database tier of Sparki", subnetIds: args.network.databaseSubnetIds },
      { parent: this },
    );
    const instance = createInstance(this, name, {
      ...args,
      physicalName,
      securityGroupId: group.id,
      subnetGroupName: subnets.name,
      databaseName: this.databaseName,
    });

    this.host = pulumi.all([instance.address, group.open]).apply(([address]) => address);
    this.masterSecretArn = instance.masterUserSecrets.apply((secrets) => secrets[0]?.secretArn ?? "");
    this.registerOutputs();
  }
}

/** Settings that the controls ask for: TLS forced (RDS.38), connections and slow statements logged (RDS.36). */
function createParameters(parent: Database, name: string, args: DatabaseArgs & { physicalName: string }) {
  const major = args.engineVersion.split(".")[0];
  const parameters: Record<string, string> = {
    "rds.force_ssl": "1",
    log_connections: "1",
    log_disconnections: "1",
    log_statement: "ddl",
    log_min_duration_statement: "1000",
  };
  return new aws.rds.ParameterGroup(
    `${name}-parameters`,
    {
      name: `${args.physicalName}-${major}`,
      family: `postgres${major}`,
      description: "Sparki: forced TLS and query logs",
      // AWS says `pending-reboot` of what PostgreSQL 17 has by default already; asking otherwise would differ for ever.
      parameters: Object.entries(parameters).map(([key, value]) => ({
        name: key,
        value,
        applyMethod: key === "rds.force_ssl" ? "pending-reboot" : "immediate",
      })),
    },
    { parent },
  );
}

interface InstanceArgs extends DatabaseArgs {
  readonly physicalName: string;
  readonly securityGroupId: pulumi.Input<string>;
  readonly subnetGroupName: pulumi.Input<string>;
  readonly databaseName: string;
}

function createInstance(parent: Database, name: string, args: InstanceArgs): aws.rds.Instance {
  const logs = ["postgresql", "upgrade"].map((kind) =>
    createLogGroup(parent, `${name}-logs-${kind}`, {
      name: `/aws/rds/instance/${args.physicalName}/${kind}`,
      logKeyArn: args.keys.logs.arn,
    }),
  );
  const monitoring = createServiceRole(parent, `${name}-monitoring`, {
    name: `${args.physicalName}-monitoring`,
    service: "monitoring.rds.amazonaws.com",
    only: onBehalfOf(args, "rds", `db:${args.physicalName}`),
    managedPolicyArns: [ENHANCED_MONITORING],
  });
  const parameterGroup = createParameters(parent, name, args);
  return new aws.rds.Instance(
    `${name}-instance`,
    {
      identifier: args.physicalName,
      engine: "postgres",
      engineVersion: args.engineVersion,
      instanceClass: args.instanceClass,
      dbName: args.databaseName,
      port: PORT,
      username: "sparki_admin",
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: args.keys.secrets.arn,
      iamDatabaseAuthenticationEnabled: true,
      ...(args.majorUpgrade && { allowMajorVersionUpgrade: true, applyImmediately: true }),
      ...storageSettings(args),
      ...networkSettings(args),
      ...backupSettings(args),
      ...monitoringSettings(args, monitoring.arn),
      parameterGroupName: parameterGroup.name,
      caCertIdentifier: "rds-ca-rsa2048-g1",
      autoMinorVersionUpgrade: true,
      deletionProtection: args.protect,
    },
    // AWS moves the minor version on its own: rolling back to the configured one is impossible.
    { parent, protect: args.protect, ignoreChanges: args.majorUpgrade ? [] : ["engineVersion"], dependsOn: logs },
  );
}

/** From this size on RDS has more of gp3 for PostgreSQL at no price, and resizes nothing where a request does not name it. */
const LARGE_STORAGE = { fromGib: 400, iops: 12_000, storageThroughput: 500 } as const;

const storageSettings = ({ storageGib, ...args }: DatabaseArgs) => ({
  storageType: "gp3",
  allocatedStorage: storageGib,
  ...(storageGib >= LARGE_STORAGE.fromGib && {
    iops: LARGE_STORAGE.iops,
    storageThroughput: LARGE_STORAGE.storageThroughput,
  }),
  maxAllocatedStorage: args.maxStorageGib,
  storageEncrypted: true,
  kmsKeyId: args.keys.data.arn,
});

const networkSettings = (args: InstanceArgs) => ({
  multiAz: args.multiZone,
  publiclyAccessible: false,
  dbSubnetGroupName: args.subnetGroupName,
  vpcSecurityGroupIds: [args.securityGroupId],
});

const backupSettings = (args: InstanceArgs) => ({
  backupRetentionPeriod: args.backupDays,
  backupWindow: "03:00-04:00",
  maintenanceWindow: "sun:04:30-sun:05:30",
  copyTagsToSnapshot: true,
  deleteAutomatedBackups: false,
  skipFinalSnapshot: false,
  finalSnapshotIdentifier: `${args.physicalName}-final`,
});

const monitoringSettings = (args: DatabaseArgs, roleArn: pulumi.Input<string>) => ({
  enabledCloudwatchLogsExports: ["postgresql", "upgrade"],
  monitoringInterval: 60,
  monitoringRoleArn: roleArn,
  performanceInsightsEnabled: true,
  performanceInsightsKmsKeyId: args.keys.data.arn,
  performanceInsightsRetentionPeriod: 7,
});
