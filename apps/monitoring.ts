import { slackSecrets } from "../stacks/slack-secrets.ts";
import { createHelmRelease, type HelmRelease } from "./helm-release.ts";
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
export function createMonitoring({ stack, platform, place }: MonitoringArgs): HelmRelease {
  const { cluster, config } = platform;
  const slack = createSlackSecret("monitoring-slack", { place, provider: cluster.provider, secrets: slackSecrets() });
  const values = monitoringValues({
    stack,
    objectives: config.objectives,
    channels: config.contacts,
    runbookBaseUrl: config.runbookUrl,
    slack: slack?.reference,
    namespace: place.namespace,
  });
  const { slack: reference, ...own } = values;
  return createHelmRelease(
    "monitoring",
    {
      chart: "monitoring",
      namespace: place.namespace,
      values: { ...own },
      platform: reference === undefined ? {} : { slack: reference },
      settings: { atomic: true, cleanupOnFail: true },
    },
    { provider: cluster.provider, dependsOn: [...place.ready, ...(slack ? [slack.secret] : [])] },
  );
}
