import { join } from "node:path";
import { chartFilesIn, filesHash } from "../../shared/chart-files.ts";
import { chartDirectory, ciValues, type Values } from "./chart.ts";
import { configuredMonitoring } from "./monitoring.ts";
import { example } from "./policy-fixtures.ts";
import { parsedStackConfig } from "./policy-stack.ts";

const ARN = "arn:aws";
const ACCOUNT = "us-east-1:111122223333";

/** A workload's Helm release as production asks for it, all of its values known. */
export function helmRelease(chart: "engine" | "web", track: "one-box" | "fleet", directory?: string) {
  const { release, network, [chart]: size } = parsedStackConfig();
  const name = `${chart}-${track}`;
  const cidrs = (from: number) => network.zones.map((_, index) => `10.40.${from + index}.0/24`);
  const networks = { vpcCidr: network.cidr, loadBalancerCidrs: cidrs(128), dnsCidrs: ["172.20.0.10/32"] };
  const secret = (path: string) => `${ARN}:secretsmanager:${ACCOUNT}:secret:sparki/prod/${path}-AbCdEf`;
  const backing = {
    database: {
      host: "sparki-prod-database.c0123456789a.us-east-1.rds.amazonaws.com",
      port: 5432,
      name: "sparki",
      secretArn: secret("database/application-2026-11-01"),
    },
    cache: { host: "master.sparki-prod-cache.abc123.use1.cache.amazonaws.com", port: 6379, secretArn: secret("cache") },
  };
  const values: Values = {
    ...ciValues(chart, track),
    ...(chart === "engine" ? backing : {}),
    release: { id: release.id, gitSha: release.gitSha },
    track,
    image: release.images[chart],
    replicas: size.replicas,
    maxReplicas: size.maxReplicas,
    zones: network.zones.length,
    targetGroupArn: `${ARN}:elasticloadbalancing:${ACCOUNT}:targetgroup/sparki-prod-${name}/0123456789abcdef`,
    network: chart === "engine" ? { ...networks, databaseCidrs: cidrs(144), cacheCidrs: cidrs(144) } : networks,
    chartHash: filesHash(chartFilesIn(directory ?? chartDirectory(chart))),
  };
  const settings = track === "fleet" ? { atomic: true, cleanupOnFail: true, timeout: 900 } : { skipAwait: true };
  const path = directory ?? `./${join("apps", "charts", chart)}`;
  return example("kubernetes:helm.sh/v3:Release", {
    name,
    chart: path,
    namespace: `sparki-${chart}`,
    maxHistory: 10,
    values,
    ...settings,
  }).named(name);
}

/** The monitoring's Helm release as production asks for it, with its values or these. */
export function monitoringRelease(directory: string, values: Values = configuredMonitoring("prod")) {
  const chartHash = filesHash(chartFilesIn(directory));
  return example("kubernetes:helm.sh/v3:Release", {
    name: "monitoring",
    chart: directory,
    namespace: "sparki-monitoring",
    maxHistory: 10,
    atomic: true,
    cleanupOnFail: true,
    values: { ...values, chartHash },
  }).named("monitoring");
}

/** The release of a chart by that name: of a service, its fleet. */
export function releaseOf(chart: "engine" | "web" | "monitoring", directory: string) {
  return chart === "monitoring" ? monitoringRelease(directory) : helmRelease(chart, "fleet", directory);
}
