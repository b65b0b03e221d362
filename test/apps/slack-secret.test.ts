import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc.js";
import { createSlackSecret, type SlackSecret, slackSecrets } from "../../apps/monitoring.ts";
import { type Recorded, record } from "../support/recorder.ts";

const TOKEN = { "sparki:slackToken": "xoxb-of-a-test" };
const BOT = "https://slack.com/api/chat.postMessage";
const WEBHOOK = { "sparki:slackWebhook": "https://slack.test/services/x" };

interface Created {
  readonly slack: SlackSecret | undefined;
  readonly secrets: readonly Recorded[];
  readonly warnings: readonly string[];
}

async function created(config: Readonly<Record<string, string>>): Promise<Created> {
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
  let slack: SlackSecret | undefined;
  const recorded = await record(() => {
    pulumi.runtime.setAllConfig(config);
    const provider = new kubernetes.Provider("cluster", { kubeconfig: "{}" });
    const place = { namespace: "sparki-monitoring", ready: [], imagePullSecrets: [] };
    slack = createSlackSecret("monitoring-slack", { place, provider, secrets: slackSecrets() });
  });
  const warnings = warn.mock.calls.map(([text]) => text);
  warn.mockRestore();
  return { slack, warnings, secrets: recorded.filter(({ type }) => type === "kubernetes:core/v1:Secret") };
}

const inBase64 = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));

describe("createSlackSecret", () => {
  it.each([
    ["a webhook as the address", WEBHOOK, { address: "https://slack.test/services/x" }],
    ["a bot's token with Slack's own address", TOKEN, { address: BOT, token: "xoxb-of-a-test" }],
    ["the bot's token when there are both", { ...TOKEN, ...WEBHOOK }, { address: BOT, token: "xoxb-of-a-test" }],
  ])("keeps %s, as a secret, where Alertmanager looks for it", async (_, config, texts) => {
    const { slack, secrets, warnings } = await created(config);
    const asSecret = { [specialSigKey]: specialSecretSig, value: inBase64(texts) };
    expect(secrets.map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining({ metadata: { name: "slack", namespace: "sparki-monitoring" }, data: asSecret }),
    ]);
    expect(slack?.reference).toEqual({
      secretName: "slack",
      addressKey: "address",
      ...("token" in texts && { tokenKey: "token" }),
    });
    expect(warnings).toEqual([]);
  });

  it("makes none for a stack without Slack, and says so", async () => {
    const { slack, secrets, warnings } = await created({});
    expect({ slack, secrets }).toEqual({ slack: undefined, secrets: [] });
    expect(warnings).toEqual([expect.stringContaining("Run: pulumi config set --secret sparki:slackToken")]);
  });
});
