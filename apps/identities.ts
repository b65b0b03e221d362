import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../infra/cluster.ts";
import type { Database } from "../infra/database.ts";
import type { Keys } from "../infra/keys.ts";
import type { Secrets } from "../infra/secrets.ts";
import { WorkloadIdentity } from "../infra/workload-identity.ts";

export interface IdentitiesArgs {
  readonly stack: string;
  readonly keys: Keys;
  readonly cluster: Cluster;
  readonly database: Database;
  readonly secrets: Secrets;
}

/** Which pods may read which secrets; the web UI reads none and so has no identity. */
export class Identities extends pulumi.ComponentResource {
  readonly engine: WorkloadIdentity;

  constructor(name: string, args: IdentitiesArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Identities", name, {}, options);
    this.engine = new WorkloadIdentity(
      `${name}-engine`,
      {
        stack: args.stack,
        clusterName: args.cluster.eksName,
        secretsKeyArn: args.keys.secrets.arn,
        namespace: "sparki-engine",
        serviceAccount: "engine",
        secretArns: [args.database.secretArn, args.secrets.cacheSecretArn],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
