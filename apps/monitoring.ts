import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DeployError } from "../shared/deploy-error.ts";
import type { StackConfig } from "../stacks/schema.ts";
import { createHelmRelease, type HelmRelease } from "./helm-release.ts";
import { type OnCallReference, onCallReference, type SlackReference } from "./monitoring/routing.ts";
import { factsOf } from "./monitoring/stack-alerts.ts";
import { monitoringValues } from "./monitoring-values.ts";
import { type Place, secretData } from "./namespaces.ts";
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

const SLACK_SECRET = "slack";

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
      metadata: { name: SLACK_SECRET, namespace: place.namespace },
      data: secretData({ address, ...(token !== undefined && { token }) }),
    },
    { provider, dependsOn: [...place.ready] },
  );
  return {
    secret,
    reference: { secretName: SLACK_SECRET, addressKey: "address", ...(token && { tokenKey: "token" }) },
  };
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

interface OnCallArgs {
  readonly onCall: StackConfig["onCall"];
  readonly place: Place;
  readonly provider: kubernetes.Provider;
  readonly secrets: OnCallSecrets;
}

/** How Alertmanager reaches those who wake people, and what must be there before it looks. */
export interface OnCall {
  readonly reference: OnCallReference;
  readonly secret: kubernetes.core.v1.Secret;
}

const ON_CALL_SECRET = "on-call";

const CONFIG_KEY = { pagerduty: "sparki:pagerdutyKey", opsgenie: "sparki:opsgenieKey" } as const;

/**
 * The keys of PagerDuty and Opsgenie, and the heartbeat's address, in a Secret for Alertmanager; undefined for a stack that
 * names none of them. Throws for a service that is to wake people and has no key.
 */
export function createOnCall(name: string, { onCall, place, provider, secrets }: OnCallArgs): OnCall | undefined {
  const services = [...new Set([...onCall.page, ...onCall.ticket])];
  const missing = services.find((service) => secrets[service] === undefined);
  if (missing !== undefined)
    throw new DeployError(
      "SPARKI_CONFIG",
      `sparki:onCall names ${missing}; expected its key in ${CONFIG_KEY[missing]}`,
      {
        hint: `pulumi config set --secret ${CONFIG_KEY[missing]}`,
      },
    );
  const { heartbeat } = secrets;
  if (services.length === 0 && heartbeat === undefined) return undefined;
  const keys = Object.fromEntries(
    services.flatMap((service) => {
      const key = secrets[service];
      return key === undefined ? [] : [[service, key]];
    }),
  );
  const secret = new kubernetes.core.v1.Secret(
    name,
    {
      metadata: { name: ON_CALL_SECRET, namespace: place.namespace },
      data: secretData({ ...keys, ...(heartbeat && { heartbeat }) }),
    },
    { provider, dependsOn: [...place.ready] },
  );
  return {
    secret,
    reference: onCallReference({ secretName: ON_CALL_SECRET, onCall, hasHeartbeat: heartbeat !== undefined }),
  };
}

/** Each still marked as secret; undefined is one that the stack does not have. */
interface OnCallSecrets {
  readonly pagerduty: pulumi.Output<string> | undefined;
  readonly opsgenie: pulumi.Output<string> | undefined;
  readonly heartbeat: pulumi.Output<string> | undefined;
}

/** Reads them from the stack's config, apart from the typed config, which never holds a secret. */
export function onCallSecrets(): OnCallSecrets {
  const config = new pulumi.Config("sparki");
  return {
    pagerduty: config.getSecret("pagerdutyKey"),
    opsgenie: config.getSecret("opsgenieKey"),
    heartbeat: config.getSecret("heartbeatUrl"),
  };
}
