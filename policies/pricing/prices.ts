/** The day the list prices were taken down. */
export const PRICES_AS_OF = "2026-06-30";
export const PRICES_REGION = "us-east-1";

/** Hours in a month, as AWS's own calculator counts them. */
export const HOURS = 730;

/** On-demand list prices in US dollars an hour, of the instance types that the stacks may be given. */
export const DATABASE_HOUR: Readonly<Record<string, number>> = {
  "db.t4g.medium": 0.065,
  "db.t4g.large": 0.129,
  "db.m7g.large": 0.168,
  "db.m7g.xlarge": 0.337,
  "db.r7g.large": 0.239,
  "db.r7g.xlarge": 0.478,
  "db.r7g.2xlarge": 0.956,
};

export const CACHE_NODE_HOUR: Readonly<Record<string, number>> = {
  "cache.t4g.small": 0.032,
  "cache.t4g.medium": 0.065,
  "cache.m7g.large": 0.158,
  "cache.r7g.large": 0.219,
  "cache.r7g.xlarge": 0.437,
};

/** US dollars an hour. */
export const HOUR = {
  cluster: 0.1,
  /** A c6a.large, which Auto Mode takes for small pods, with Auto Mode's own fee of 12 %. */
  node: 0.0765 + 0.00918,
  natGateway: 0.045,
  loadBalancer: 0.0225,
  publicAddress: 0.005,
  endpoint: 0.01,
} as const;

/** US dollars a month. */
export const MONTH = {
  databaseGib: 0.115,
  key: 1,
  secret: 0.4,
  zone: 0.5,
  webAcl: 5,
  webAclRule: 1,
} as const;

/** What depends on use, and is therefore in no estimate. */
export const NOT_COUNTED: readonly string[] = [
  "data transfer: to the internet, between zones and through NAT gateways and endpoints",
  "load balancer capacity units, WAF requests, DNS queries, KMS and Secrets Manager calls",
  "logs: ingestion, storage and access logs in S3; enhanced monitoring",
  "backups beyond the database's own size, and the cache's snapshots",
  "nodes beyond one small one a zone: the autoscaler adds them with load",
  "Storm, support plans, taxes, reservations and discounts",
];
