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
