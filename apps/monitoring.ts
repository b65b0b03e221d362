import * as kubernetes from "@pulumi/kubernetes";
import { slackSecrets } from "../stacks/slack-secrets.ts";
import { localChart } from "./chart.ts";
import { monitoringValues } from "./monitoring-values.ts";
import type { Place } from "./namespaces.ts";
import type { Platform } from "./platform.ts";
import { createSlackSecret } from "./slack-secret.ts";

export interface MonitoringArgs {
  readonly stack: string;
  readonly platform: Platform;
  readonly place: Place;
}

/** Scraping, rules, alerts, routing and dashboards, all made from the objectives that the gates judge by. */
export function createMonitoring({ stack, platform, place }: MonitoringArgs): kubernetes.helm.v3.Release {
  const { cluster, config } = platform;
  const chart = localChart("monitoring");
  const slack = createSlackSecret("monitoring-slack", { place, provider: cluster.provider, secrets: slackSecrets() });
  const values = monitoringValues({
    stack,
    objectives: config.objectives,
    channels: config.contacts,
    runbookBaseUrl: config.runbookUrl,
    slack: slack?.reference,
    namespace: place.namespace,
  });
  return new kubernetes.helm.v3.Release(
    "monitoring",
    {
      name: "monitoring",
      chart: chart.path,
      namespace: place.namespace,
      atomic: true,
      cleanupOnFail: true,
      maxHistory: 10,
      values: { ...values, chartHash: chart.hash },
    },
    { provider: cluster.provider, dependsOn: [...place.ready, ...(slack ? [slack.secret] : [])] },
  );
}
