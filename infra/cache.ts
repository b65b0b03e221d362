import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { DeployError } from "../shared/deploy-error.ts";
import type { Cluster } from "./cluster.ts";
import type { Keys } from "./keys.ts";
import { createSecurityGroup, type Network } from "./network.ts";

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
  /** ISO date of the present AUTH token; another one makes a new token, and Redis takes both. */
  readonly authTokenSince: string;
  /** The day of the token that alone is taken: that of the present one ends the token before. @default both are taken */
  readonly onlyAuthTokenSince?: string;
  /** Where ElastiCache tells what happens to it. @default nowhere */
  readonly eventsTopic?: string;
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
    const password = new random.RandomPassword(
      `${name}-auth`,
      { length: 64, special: false, keepers: { since: args.authTokenSince } },
      { parent: this },
    );
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
      authTokenUpdateStrategy: strategyOf(args),
      autoMinorVersionUpgrade: true,
      // Otherwise a new version or size waits for the maintenance window, days after the gates have judged.
      applyImmediately: true,
      snapshotRetentionLimit: args.snapshotDays,
      snapshotWindow: "02:00-03:00",
      maintenanceWindow: "sun:05:30-sun:06:30",
      finalSnapshotIdentifier: `${args.physicalName}-final`,
      subnetGroupName: subnets.name,
      securityGroupIds: [args.securityGroupId],
      port: PORT,
      ...(args.eventsTopic !== undefined && { notificationTopicArn: args.eventsTopic }),
    },
    { parent, protect: args.protect, hooks: { beforeUpdate: [keepTokenBefore(name)] } },
  );
}

/**
 * ROTATE adds a token to the one before, SET leaves that one alone; the provider asks for it whenever the token or the
 * strategy changes: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html,
 * https://github.com/hashicorp/terraform-provider-aws/pull/42336.
 */
function strategyOf({ authTokenSince, onlyAuthTokenSince }: CacheArgs): "ROTATE" | "SET" {
  return onlyAuthTokenSince === authTokenSince ? "SET" : "ROTATE";
}

function keepTokenBefore(name: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook(`${name}-keep-token-before`, refuseLoneToken, { onDryRun: true });
}

/**
 * Throws for a new token that would be taken alone at once, by SPARKI_CONFIG: Redis would refuse every pod, since each has
 * the one before.
 */
export async function refuseLoneToken({
  oldInputs = {},
  newInputs = {},
}: Pick<pulumi.ResourceHookArgs, "oldInputs" | "newInputs">): Promise<void> {
  if (newInputs.authTokenUpdateStrategy !== "SET") return;
  if (await isKnownSame(oldInputs.authToken, newInputs.authToken)) return;
  throw new DeployError(
    "SPARKI_CONFIG",
    "cache.onlyAuthTokenSince is the day of a token that no pod has yet; expected an earlier day, until pods have the new token",
    { hint: "npx sparki rotate redis-auth, which does one after the other" },
  );
}

const KNOWN_MILLISECONDS = 1000;

/** Known values are compared in the same step; what a preview does not know, a token that will be made, never arrives. */
function isKnownSame(before: unknown, after: unknown): Promise<boolean> {
  const compared = new Promise<boolean>((resolve) => {
    pulumi.all([before, after]).apply(([one, other]) => resolve(isDeepStrictEqual(one, other)));
  });
  return Promise.race([compared, delay(KNOWN_MILLISECONDS, false, { ref: false })]);
}
