import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { localChart } from "./chart.ts";
import { monitoringValues } from "./monitoring-values.ts";
import type { Platform } from "./platform.ts";

export interface MonitoringArgs {
  readonly stack: string;
  readonly platform: Platform;
  readonly namespace: pulumi.Input<string>;
}

const NAMESPACE = "sparki-monitoring";

/** Scraping, rules, alerts, routing and dashboards, all made from the objectives that the gates judge by. */
export function createMonitoring({ stack, platform, namespace }: MonitoringArgs): kubernetes.helm.v3.Release {
  const { cluster, config } = platform;
  const chart = localChart("monitoring");
  const values = monitoringValues({
    stack,
    objectives: config.objectives,
    channels: config.contacts,
    runbookBaseUrl: config.runbookUrl,
    slackWebhook: { secret: "slack", key: "webhook" },
    namespace: NAMESPACE,
  });
  return new kubernetes.helm.v3.Release(
    "monitoring",
    {
      name: "monitoring",
      chart: chart.path,
      namespace,
      atomic: true,
      cleanupOnFail: true,
      maxHistory: 10,
      values: { ...values, chartHash: chart.hash },
    },
    { provider: cluster.provider },
  );
}
