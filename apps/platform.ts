import * as pulumi from "@pulumi/pulumi";
import type { Cache } from "../infra/cache.ts";
import type { Cluster } from "../infra/cluster.ts";
import type { Database } from "../infra/database.ts";
import type { Edge } from "../infra/edge.ts";
import type { Keys } from "../infra/keys.ts";
import type { Network } from "../infra/network.ts";
import { WorkloadIdentity } from "../infra/roles.ts";
import type { Secrets } from "../infra/secrets.ts";
import type { StackConfig } from "../stacks/schema.ts";

/** What the applications run on. */
export interface Platform {
  readonly config: StackConfig;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly database: Database;
  readonly cache: Cache;
  readonly secrets: Secrets;
  readonly edge: Edge;
  readonly identities: Identities;
}

interface IdentitiesArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly keys: Keys;
  readonly cluster: Cluster;
  readonly database: Database;
  readonly secrets: Secrets;
}

/** Which pods may read which secrets; the web UI reads none and so has no identity. */
export class Identities extends pulumi.ComponentResource {
  constructor(name: string, args: IdentitiesArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Identities", name, {}, options);
    const { stack, accountId, region, cluster } = args;
    const identity = (serviceAccount: string, secretArns: readonly pulumi.Input<string>[]) =>
      new WorkloadIdentity(
        `${name}-${serviceAccount}`,
        {
          stack,
          clusterArn: `arn:aws:eks:${region}:${accountId}:cluster/${cluster.name}`,
          clusterName: cluster.eksName,
          secretsKeyArn: args.keys.secrets.arn,
          namespace: "sparki-engine",
          serviceAccount,
          secretArns,
        },
        { parent: this },
      );
    // Of every rotation, not of the present one: pods of the one before run on, and may start again, while it continues.
    const [application, migrations] = ["application", "migrations"].map(
      (purpose) => `arn:aws:secretsmanager:${region}:${accountId}:secret:sparki/${stack}/database/${purpose}-*`,
    );
    identity("engine", [String(application), args.secrets.cacheSecretArn]);
    identity("migrations", [String(migrations)]);
    identity("database-users", [args.database.masterSecretArn, String(application), String(migrations)]);
    this.registerOutputs();
  }
}
