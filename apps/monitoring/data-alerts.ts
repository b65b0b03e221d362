import type { Alert } from "./alerts.ts";
import { HELD } from "./rules.ts";

/** A metric of AWS's, as CloudWatch names it, with the statistic that is read. */
export interface CloudWatchMetric {
  readonly namespace:
    | "AWS/RDS"
    | "AWS/ElastiCache"
    | "AWS/ApplicationELB"
    | "AWS/NATGateway"
    | "AWS/CertificateManager";
  readonly name: string;
  readonly statistic: "Average" | "Maximum" | "Minimum" | "Sum";
}

/** Every metric that the alerts read. */
export const CLOUDWATCH = {
  databaseFreeBytes: { namespace: "AWS/RDS", name: "FreeStorageSpace", statistic: "Minimum" },
  databaseCpuPercent: { namespace: "AWS/RDS", name: "CPUUtilization", statistic: "Average" },
  databaseConnections: { namespace: "AWS/RDS", name: "DatabaseConnections", statistic: "Maximum" },
  cacheMemoryPercent: { namespace: "AWS/ElastiCache", name: "DatabaseMemoryUsagePercentage", statistic: "Maximum" },
  cacheEvictions: { namespace: "AWS/ElastiCache", name: "Evictions", statistic: "Sum" },
  cacheLagSeconds: { namespace: "AWS/ElastiCache", name: "ReplicationLag", statistic: "Maximum" },
  balancerRequests: { namespace: "AWS/ApplicationELB", name: "RequestCount", statistic: "Sum" },
  balancerErrors: { namespace: "AWS/ApplicationELB", name: "HTTPCode_ELB_5XX_Count", statistic: "Sum" },
  balancerRejected: { namespace: "AWS/ApplicationELB", name: "RejectedConnectionCount", statistic: "Sum" },
  natPortErrors: { namespace: "AWS/NATGateway", name: "ErrorPortAllocation", statistic: "Sum" },
  certificateDays: { namespace: "AWS/CertificateManager", name: "DaysToExpiry", statistic: "Minimum" },
} as const satisfies Readonly<Record<string, CloudWatchMetric>>;

/**
 * The series of a stack's metric, as YACE (prometheus-community/yet-another-cloudwatch-exporter, `BuildMetricName`) names
 * it, with the tag that the exporter's settings below give each.
 */
export function cloudWatchSeries(stack: string, { namespace, name, statistic }: CloudWatchMetric): string {
  const metric = [namespace.toLowerCase(), name, statistic].map(promString).join("_");
  return `${metric}{custom_tag_stack=${JSON.stringify(stack)}}`;
}

/** The newest number of a metric of AWS's: the exporter says NaN where CloudWatch has none, which no alert understands. */
export function heldNumber(stack: string, metric: CloudWatchMetric, window = `${HELD}:30s`): string {
  return `last_over_time((${cloudWatchSeries(stack, metric)} >= 0)[${window}])`;
}

function promString(text: string): string {
  return text
    .replaceAll(/[/ .:-]/g, "_")
    .replaceAll(/(?<=[a-z0-9])[A-Z]/g, (capital) => `_${capital}`)
    .toLowerCase();
}

/** How the CloudWatch exporter is set, as YACE's configuration file: all that the alerts read, of one stack's resources. */
export function exporterSettings(stack: string, region: string) {
  const byNamespace = Map.groupBy<CloudWatchMetric["namespace"], CloudWatchMetric>(
    Object.values(CLOUDWATCH),
    ({ namespace }) => namespace,
  );
  return {
    apiVersion: "v1alpha1",
    discovery: {
      jobs: [...byNamespace].map(([type, metrics]) => ({
        type,
        regions: [region],
        searchTags: [{ key: "stack", value: `^${stack}$` }],
        customTags: [{ key: "stack", value: stack }],
        ...pace(type),
        // Without it each value comes once for every combination of dimensions, and a sum counts it as often.
        dimensionNameRequirements: DIMENSIONS[type],
        metrics: metrics.map(({ name, statistic }) => ({
          name,
          statistics: [statistic],
          nilToZero: statistic === "Sum",
        })),
      })),
    },
  };
}

/** What tells a resource's values apart, and nothing finer, such as its zones. */
const DIMENSIONS: Readonly<Record<CloudWatchMetric["namespace"], readonly string[]>> = {
  "AWS/RDS": ["DBInstanceIdentifier"],
  "AWS/ElastiCache": ["CacheClusterId", "CacheNodeId"],
  "AWS/ApplicationELB": ["LoadBalancer"],
  "AWS/NATGateway": ["NatGatewayId"],
  "AWS/CertificateManager": ["CertificateArn"],
};

/** Seconds that one value stands for, and how far back the newest is looked for. ACM tells once a day. */
function pace(type: CloudWatchMetric["namespace"]) {
  return type === "AWS/CertificateManager" ? { period: 86_400, length: 172_800 } : { period: 60, length: 300 };
}

/** How many connections PostgreSQL allows, as a recorded series of the stack. */
export const CONNECTION_LIMIT = "sparki:database_connections:limit";

/** Alerts about the database and the cache as AWS sees them. */
export function dataAlerts(stack: string): Alert[] {
  const of = (metric: CloudWatchMetric) => heldNumber(stack, metric);
  return [
    {
      name: "DatabaseStorageLow",
      severity: "ticket",
      component: "database",
      service: "rds",
      expr: `min(${of(CLOUDWATCH.databaseFreeBytes)}) < 10e9`,
      for: "15m",
      summary: "The database has {{ $value | humanize1024 }}B of storage left",
      page: {
        meaning:
          "Less than 10 GB are free. RDS makes the storage larger by itself, up to `sparki:database.maxStorageGib` and once in six hours; that it did not says that it is at its end, or that data grows faster.",
        timing: "Fires after 15 minutes below 10 GB. Ends as soon as it is above.",
        look: [
          "`aws rds describe-db-instances`: AllocatedStorage beside MaxAllocatedStorage.",
          "`npx sparki diagnose database`, and the dashboard *Database*.",
          "What grows: `pg_total_relation_size` of the largest tables, and replication slots that hold back the log.",
        ],
        act: [
          "At its end: raise `maxStorageGib` of `sparki:database` and deploy; nothing restarts.",
          "Something that need not be kept grows: bring in the database's owners before it pages.",
        ],
      },
    },
    {
      name: "DatabaseStorageFull",
      severity: "page",
      component: "database",
      service: "rds",
      expr: `min(${of(CLOUDWATCH.databaseFreeBytes)}) < 2e9`,
      for: "1m",
      summary: "The database has only {{ $value | humanize1024 }}B of storage left and will stop",
      page: {
        meaning:
          "Less than 2 GB are free. PostgreSQL stops when there are none, and RDS then refuses connections until storage was added.",
        timing: "Fires after a minute below 2 GB. Ends as soon as it is above.",
        look: [
          "`aws rds describe-db-instances`: does its status say that storage is being added?",
          "The dashboard *Database*: since when, and how fast?",
          "A migration or seed under way: `npx sparki status`.",
        ],
        act: [
          "Add storage now: `aws rds modify-db-instance --apply-immediately --allocated-storage` 20 % more; then put the same into the config.",
          "A migration fills it: let nobody start it again, and bring in the database's owners.",
        ],
      },
    },
    {
      name: "DatabaseCpuHigh",
      severity: "ticket",
      component: "database",
      service: "rds",
      isCausedByDeployment: true,
      expr: `avg(${of(CLOUDWATCH.databaseCpuPercent)}) > 90`,
      for: "15m",
      summary: "The database's processors are {{ $value | humanize }} % busy",
      page: {
        meaning: "Over 90 % for 15 minutes. Every statement takes longer, and soon a latency objective says so.",
        timing:
          "Fires after 15 minutes above 90 %. Ends as soon as it is below. Silent during a deployment: migrations may need it.",
        look: [
          "Performance Insights of the RDS instance: which statement?",
          "Dashboard *Database*: slow statements, and a deployment marker.",
          "`npx sparki diagnose database`",
        ],
        act: [
          "A statement has become slow with the newest release: `npx sparki rollback`.",
          "Load has grown: ask the database's owners for a larger `instanceClass`.",
        ],
      },
    },
    {
      name: "DatabaseConnectionsHigh",
      severity: "ticket",
      component: "database",
      service: "rds",
      expr: `max(${of(CLOUDWATCH.databaseConnections)}) / max(${CONNECTION_LIMIT}{stack="${stack}"}) > 0.8`,
      for: "5m",
      summary: "{{ $value | humanizePercentage }} of the connections that PostgreSQL allows are open",
      page: {
        meaning:
          "Over 80 % of PostgreSQL's `max_connections` are open, whoever holds them: pods, Jobs or people. At its limit it refuses every new one, and a pod that starts does not become ready. The limit is RDS's default for `instanceClass`, by the memory of classes of the families t, m and r; for another class there is no such alert.",
        timing: "Fires after 5 minutes above 80 %. Ends as soon as it is below.",
        look: [
          "`npx sparki diagnose database`: who holds connections, and since when?",
          "Dashboard *Database*: connections of the engine's pods, active and waiting.",
          "Sessions that are `idle in transaction`, and users that are not Sparki's.",
        ],
        act: [
          "Began with a release, which opens more or closes none: `npx sparki rollback`.",
          "More pods than before: lower `maxReplicas` of `sparki:engine`, or take a larger `instanceClass`.",
        ],
      },
    },
    {
      name: "CacheMemoryHigh",
      severity: "ticket",
      component: "cache",
      service: "redis",
      expr: `max(${of(CLOUDWATCH.cacheMemoryPercent)}) > 85`,
      for: "10m",
      summary: "Redis uses {{ $value | humanize }} % of its memory",
      page: {
        meaning: "Over 85 % of the memory that a node may use holds data. At 100 % it evicts, or refuses to write.",
        timing: "Fires after 10 minutes above 85 %. Ends as soon as it is below.",
        look: [
          "Dashboard *Cache*: memory, keys, and since when.",
          "Keys without an expiry: has the newest release begun to write some?",
          "ElastiCache's events in the AWS console.",
        ],
        act: [
          "A release writes what never expires: `npx sparki rollback`.",
          "Load has grown: a larger `nodeType` of `sparki:cache`; the replacement is online.",
        ],
      },
    },
    {
      name: "CacheEvicting",
      severity: "ticket",
      component: "cache",
      service: "redis",
      expr: `sum(${of(CLOUDWATCH.cacheEvictions)}) > 0`,
      for: "10m",
      summary: "Redis evicts {{ $value | humanize }} keys a minute",
      page: {
        meaning:
          "Redis throws away keys that nobody gave up, for lack of memory: sessions end early, and what was cached is made again.",
        timing: "Fires after 10 minutes with evictions in each. Ends with the first minute without.",
        look: [
          "Dashboard *Cache*: memory, evictions, hit rate.",
          "`npx sparki diagnose errors`: do users feel it?",
          "Keys without an expiry, and the largest ones.",
        ],
        act: ["A larger `nodeType` of `sparki:cache`.", "Began with a release: `npx sparki rollback`."],
      },
    },
    {
      name: "CacheReplicaLag",
      severity: "ticket",
      component: "cache",
      service: "redis",
      expr: `max(${of(CLOUDWATCH.cacheLagSeconds)}) > 10`,
      for: "5m",
      summary: "A replica of Redis is {{ $value | humanize }} s behind",
      page: {
        meaning: "A failover now would lose what was written in that time.",
        timing: "Fires after 5 minutes over 10 s. Ends as soon as it is below.",
        look: [
          "Dashboard *Cache*: writes and network of each node.",
          "ElastiCache's events: a node that is being replaced?",
          "The node type's network limit.",
        ],
        act: ["A node is being replaced: wait, it ends by itself.", "Otherwise a larger `nodeType`, or fewer writes."],
      },
    },
  ];
}
