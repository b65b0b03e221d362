import type { ServiceName } from "../stacks/services.ts";

/** What the models of AWS services ask of the processes that stand behind them. Every start is idempotent by name. */
export interface Services {
  readonly cluster: ClusterService;
  readonly database: DatabaseService;
  readonly cache: CacheService;
  readonly loadBalancer: LoadBalancerService;
  readonly names: NameService;
}

export interface ClusterService {
  /** Starts the control plane and its nodes; resolves once the API server answers and the nodes are Ready. */
  start(cluster: {
    name: string;
    version: string;
    zones: readonly string[];
    podNetwork: string;
  }): Promise<ClusterAccess>;
  /**
   * Takes a cluster to another version. Its control plane has it when this resolves; its nodes are replaced after that, one
   * at a time and as disruption budgets allow.
   */
  upgrade(name: string, version: string): Promise<void>;
  /** Lets who has the entering token in, as a cluster administrator. */
  admit(name: string): Promise<void>;
  stop(name: string): Promise<void>;
}

export interface ClusterAccess {
  readonly endpoint: string;
  readonly certificateAuthorityPem: string;
  /** Bearer token of a cluster administrator. */
  readonly token: string;
  /** Bearer token that opens nothing until its owner is let in. */
  readonly enteringToken?: string;
}

export interface DatabaseService {
  /** Starts PostgreSQL with TLS forced for the user; resolves with the address it listens on (port 5432). */
  start(database: {
    name: string;
    /** The names by which clients reach it: its certificate covers them. */
    hostnames: readonly string[];
    databaseName: string;
    username: string;
    password: string;
    /** Who signs its certificate, by RDS's name. @default the first of RDS's authorities */
    authority?: string;
  }): Promise<{ address: string }>;
  /** Has a running database serve a certificate of another authority: new connections get it, open ones stay. */
  setAuthority(name: string, authority: string): Promise<void>;
  /** Starts it as `start` does, over the data of another one as it was at a moment, in seconds since 1970. */
  startRestored(
    database: Parameters<DatabaseService["start"]>[0],
    from: { readonly source: string; readonly until: number },
  ): Promise<{ address: string }>;
  /** Gives a running database another name, by which clients find it from then on. */
  rename(name: string, to: string, hostnames: readonly string[]): Promise<{ address: string }>;
  /** Changes the master password of a running database. */
  setPassword(name: string, username: string, password: string): Promise<void>;
  /** Stops the server; with `dropData` the data directory is removed too. */
  stop(name: string, options: { dropData: boolean }): Promise<void>;
}

export interface CacheService {
  /**
   * Starts a Redis-protocol server with TLS, for clients that reach it by its host names, and AUTH; resolves with the address
   * it listens on (port 6379). One that runs takes another token from then on, with `tokenBefore` the one before too;
   * connections that it has stay.
   */
  start(cache: {
    name: string;
    hostnames: readonly string[];
    authToken: string;
    tokenBefore?: string | undefined;
  }): Promise<{ address: string }>;
  /**
   * Replaces the primary of a running cache by a node with its data, as an upgrade does last: every connection is lost, and
   * for a moment none is made. Resolves with the address at which it then answers, with the tokens that it had.
   */
  failOver(name: string): Promise<{ address: string }>;
  stop(name: string): Promise<void>;
}

export interface LoadBalancerState {
  readonly name: string;
  /** Names the certificate covers; undefined while no certificate is attached. */
  readonly certificateNames: readonly string[];
  readonly listeners: readonly ListenerState[];
  readonly targetGroups: readonly TargetGroupState[];
}

export interface ListenerState {
  readonly port: number;
  readonly protocol: "HTTP" | "HTTPS";
  /** Which of ELB's predefined TLS policies it has; without one, ELB's default. */
  readonly tlsPolicy?: string;
  /** In order of priority; the default action is the last rule, without conditions. */
  readonly rules: readonly ListenerRule[];
}

export interface ListenerRule {
  readonly conditions: {
    readonly pathPatterns?: readonly string[];
    readonly hosts?: readonly string[];
    readonly headers?: readonly { readonly name: string; readonly values: readonly string[] }[];
  };
  readonly action:
    | { readonly type: "forward"; readonly targets: readonly { readonly arn: string; readonly weight: number }[] }
    | { readonly type: "redirect"; readonly protocol: string; readonly port: string; readonly statusCode: number }
    | { readonly type: "fixed"; readonly statusCode: number; readonly body: string };
}

export interface TargetGroupState {
  readonly arn: string;
  /** Whether Auto Mode may register pods in it. */
  readonly takesPods: boolean;
  readonly healthCheck: { readonly path: string; readonly intervalSeconds: number; readonly healthyThreshold: number };
  readonly deregistrationDelaySeconds: number;
}

export interface LoadBalancerService {
  /** Makes the proxy serve exactly this state; starts it when it does not run yet. */
  apply(state: LoadBalancerState): Promise<{ address: string }>;
  /** Replaces the targets of a target group (loopback address and port of each ready pod). */
  setTargets(targetGroupArn: string, targets: readonly { address: string; port: number }[]): void;
  /** Health of each registered target as the proxy's own checks see it. */
  health(targetGroupArn: string): readonly { address: string; port: number; healthy: boolean }[];
  stop(name: string): Promise<void>;
}

export interface NameService {
  /** Replaces the records of a zone; names are fully qualified without a trailing dot. Weighted records share a name. */
  setRecords(zoneId: string, records: readonly NameRecord[]): void;
  /** Names that AWS itself serves: load balancers, databases, caches. */
  setAddress(name: string, address: string | undefined): void;
}

export interface NameRecord {
  readonly name: string;
  readonly type: "A" | "AAAA" | "CNAME" | "TXT" | "NS" | "CAA";
  readonly values: readonly string[];
  /** The name whose address is answered (alias record), instead of values. */
  readonly aliasTo?: string;
  readonly weight?: number;
  readonly setIdentifier?: string;
}

/** What an image does when the process kubelet runs it; looked up by digest. */
export interface ImageBehaviour {
  readonly kind: ServiceName | "e2e" | "postgres-client";
  /** Proportion of requests answered 500. @default 0 */
  readonly errorRatio?: number;
  /** Proportion of requests answered after `slowMilliseconds`. @default 0 */
  readonly slowRatio?: number;
  readonly slowMilliseconds?: number;
  /** The process exits with 1 right after start. @default false */
  readonly crash?: boolean;
  /** `/ready` never answers 200. @default false */
  readonly neverReady?: boolean;
  /** Every value of `/metrics` is NaN. @default false */
  readonly metricsNotNumbers?: boolean;
  /** The kubelet reports ErrImagePull, then ImagePullBackOff. @default false */
  readonly unpullable?: boolean;
  /** `migrate up` fails in this migration's middle. */
  readonly failMigration?: string;
  /** The end-to-end tests fail, whatever they find. @default false */
  readonly failTests?: boolean;
}
