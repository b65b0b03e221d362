import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { createHelmRelease, type HelmRelease } from "./helm-release.ts";
import type { SlackReference } from "./monitoring/routing.ts";
import { factsOf } from "./monitoring/stack-alerts.ts";
import { monitoringValues } from "./monitoring-values.ts";
import type { Place } from "./namespaces.ts";
import { secretData } from "./namespaces.ts";
import { createOnCall, onCallSecrets } from "./on-call.ts";
import type { Platform } from "./platform.ts";

export interface MonitoringArgs {
  readonly stack: string;
  readonly platform: Platform;
  readonly place: Place;
}

/** Scraping, rules, alerts, routing and dashboards, all made from the objectives that the gates judge by. */
export function createMonitoring({ stack, platform, place }: MonitoringArgs): HelmRelease {
  const { cluster, config } = platform;
  const slack = createSlackSecret("monitoring-slack", { place, provider: cluster.provider, secrets: slackSecrets() });
  const onCall = createOnCall("monitoring-on-call", {
    onCall: config.onCall,
    place,
    provider: cluster.provider,
    secrets: onCallSecrets(),
  });
  const values = monitoringValues({
    stack,
    objectives: config.objectives,
    channels: config.contacts,
    facts: factsOf(config),
    runbookBaseUrl: config.runbookUrl,
    slack: slack?.reference,
    onCall: onCall?.reference,
    namespace: place.namespace,
  });
  const { slack: reference, onCall: waking, ...own } = values;
  return createHelmRelease(
    "monitoring",
    {
      chart: "monitoring",
      namespace: place.namespace,
      values: { ...own },
      platform: { ...(reference && { slack: reference }), ...(waking && { onCall: waking }) },
      settings: { atomic: true, cleanupOnFail: true },
    },
    {
      provider: cluster.provider,
      dependsOn: [...place.ready, ...[slack, onCall].flatMap((made) => made?.secret ?? [])],
    },
  );
}

interface SlackSecretArgs {
  readonly place: Place;
  readonly provider: kubernetes.Provider;
  readonly secrets: SlackSecrets;
}

/** How Alertmanager finds Slack, and what must be there before it looks. */
export interface SlackSecret {
  readonly reference: SlackReference;
  readonly secret: kubernetes.core.v1.Secret;
}

const NAME = "slack";

/** Where a bot posts; Alertmanager adds the channel. */
const BOT_ADDRESS = "https://slack.com/api/chat.postMessage";

const MISSING =
  "Alerts reach nobody in Slack: neither sparki:slackToken nor sparki:slackWebhook is set. " +
  "Run: pulumi config set --secret sparki:slackToken";

/**
 * Slack's address, and a bot's token, for Alertmanager; undefined, with a warning, for a stack without Slack. It is a
 * Secret because the Prometheus operator reads nothing else: encrypted in the state, and with the cluster's key in etcd.
 */
export function createSlackSecret(name: string, args: SlackSecretArgs): SlackSecret | undefined {
  const { place, provider, secrets } = args;
  const { token, webhook } = secrets;
  const address = token === undefined ? webhook : pulumi.secret(BOT_ADDRESS);
  if (address === undefined) {
    void pulumi.log.warn(MISSING);
    return undefined;
  }
  const secret = new kubernetes.core.v1.Secret(
    name,
    {
      metadata: { name: NAME, namespace: place.namespace },
      data: secretData({ address, ...(token !== undefined && { token }) }),
    },
    { provider, dependsOn: [...place.ready] },
  );
  return { secret, reference: { secretName: NAME, addressKey: "address", ...(token && { tokenKey: "token" }) } };
}

/** Slack's secrets, each still marked as secret; undefined is one that the stack does not have. */
interface SlackSecrets {
  readonly token: pulumi.Output<string> | undefined;
  readonly webhook: pulumi.Output<string> | undefined;
}

/** Reads the stack's secrets for Slack from its config, apart from the typed config, which never holds a secret. */
export function slackSecrets(): SlackSecrets {
  const config = new pulumi.Config("sparki");
  return { token: config.getSecret("slackToken"), webhook: config.getSecret("slackWebhook") };
}
