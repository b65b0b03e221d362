import * as pulumi from "@pulumi/pulumi";

/** Slack's secrets, each still marked as secret; undefined is one that the stack does not have. */
export interface SlackSecrets {
  readonly token: pulumi.Output<string> | undefined;
  readonly webhook: pulumi.Output<string> | undefined;
}

/** Reads the stack's secrets for Slack from its config, apart from the typed config, which never holds a secret. */
export function slackSecrets(): SlackSecrets {
  const config = new pulumi.Config("sparki");
  return { token: config.getSecret("slackToken"), webhook: config.getSecret("slackWebhook") };
}
