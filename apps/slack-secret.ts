import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { SlackSecrets } from "../stacks/slack-secrets.ts";
import type { SlackReference } from "./monitoring/routing.ts";
import type { Place } from "./namespaces.ts";

export interface SlackSecretArgs {
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
      stringData: { address, ...(token !== undefined && { token }) },
    },
    { provider, dependsOn: [...place.ready] },
  );
  return { secret, reference: { secretName: NAME, addressKey: "address", ...(token && { tokenKey: "token" }) } };
}
