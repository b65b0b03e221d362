import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Cluster } from "./cluster.ts";
import type { Keys } from "./keys.ts";
import type { Network } from "./network.ts";
import { createSecurityGroup } from "./security-group.ts";

export interface CacheArgs {
  readonly stack: string;
  readonly network: Network;
  /** Its pods are the only ones that reach the cache. */
  readonly cluster: Cluster;
  readonly keys: Keys;
  readonly nodeType: string;
  readonly engineVersion: string;
  /** Replicas beside the primary; at least one, for failover. */
  readonly replicas: number;
  readonly snapshotDays: number;
  readonly protect: boolean;
}

const PORT = 6379;

/** Redis with failover across zones, reachable only from the cluster over TLS with AUTH. */
export class Cache extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly port = PORT;
  /** Secret: the AUTH token, known once Redis takes it; stored for pods by `Secrets`. */
  readonly authToken: pulumi.Output<string>;

  constructor(name: string, args: CacheArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Cache", name, {}, options);
    const physicalName = `sparki-${args.stack}-cache`;
    // AUTH takes 16 to 128 printable characters without / " @ (ElastiCache limit).
    const password = new random.RandomPassword(`${name}-auth`, { length: 64, special: false }, { parent: this });
    const group = createSecurityGroup(this, `${name}-access`, {
      name: physicalName,
      description: "Redis of Sparki",
      vpcId: args.network.vpcId,
      ingress: {
        cluster: { description: "Pods of the cluster", port: PORT, securityGroupId: args.cluster.securityGroupId },
      },
    });
    const replicationGroup = createReplicationGroup(this, name, {
      ...args,
      physicalName,
      securityGroupId: group.id,
      authToken: password.result,
    });

    this.host = pulumi.all([replicationGroup.primaryEndpointAddress, group.open]).apply(([address]) => address);
    this.authToken = pulumi.all([password.result, replicationGroup.id]).apply(([token]) => token);
    this.registerOutputs();
  }
}

interface ReplicationGroupArgs extends CacheArgs {
  readonly physicalName: string;
  readonly securityGroupId: pulumi.Input<string>;
  readonly authToken: pulumi.Input<string>;
}

function createReplicationGroup(parent: Cache, name: string, args: ReplicationGroupArgs) {
  const subnets = new aws.elasticache.SubnetGroup(
    `${name}-subnets`,
    { name: args.physicalName, description: "Database tier of Sparki", subnetIds: args.network.databaseSubnetIds },
    { parent },
  );
  return new aws.elasticache.ReplicationGroup(
    `${name}-redis`,
    {
      replicationGroupId: args.physicalName,
      description: "Cache of Sparki",
      engine: "redis",
      engineVersion: args.engineVersion,
      nodeType: args.nodeType,
      numCacheClusters: args.replicas + 1,
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
      atRestEncryptionEnabled: true,
      kmsKeyId: args.keys.data.arn,
      transitEncryptionEnabled: true,
      transitEncryptionMode: "required",
      authToken: args.authToken,
      autoMinorVersionUpgrade: true,
      snapshotRetentionLimit: args.snapshotDays,
      snapshotWindow: "02:00-03:00",
      maintenanceWindow: "sun:05:30-sun:06:30",
      finalSnapshotIdentifier: `${args.physicalName}-final`,
      subnetGroupName: subnets.name,
      securityGroupIds: [args.securityGroupId],
      port: PORT,
    },
    { parent, protect: args.protect },
  );
}
