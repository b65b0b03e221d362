import type { Cache } from "../infra/cache.ts";
import type { Cluster } from "../infra/cluster.ts";
import type { Database } from "../infra/database.ts";
import type { Edge } from "../infra/edge.ts";
import type { Network } from "../infra/network.ts";
import type { Secrets } from "../infra/secrets.ts";
import type { StackConfig } from "../stacks/schema.ts";
import type { Identities } from "./identities.ts";

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
