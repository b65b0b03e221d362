import { slack } from "../../../../runbook/preflight/checks/slack.ts";
import { fakeContext, look } from "../../../support/preflight.ts";

const HOOK = "https://hooks.slack.com/services/T/B/X";
const bot = (answer: object) =>
  fakeContext({ tokens: { slackBot: "xoxb-1" }, web: { "POST https://slack.com/api/auth.test": answer } });
const hook = (answer: object) => fakeContext({ tokens: { slackWebhook: HOOK }, web: { [`POST ${HOOK}`]: answer } });

describe("slack", () => {
  it("passes when Slack takes the bot's token", async () => {
    const context = bot({ body: { ok: true, team: "Sparki" } });
    expect(await look(slack, context)).toEqual({ status: "pass", reason: "the bot belongs to Sparki" });
    expect(context.requests[0]?.headers).toEqual({ authorization: "Bearer xoxb-1" });
  });

  it("passes when the webhook refuses a message without text: nothing is posted", async () => {
    const context = hook({ status: 400, body: "no_text" });
    expect(await look(slack, context)).toEqual({ status: "pass", reason: "the webhook answers" });
    expect(context.requests[0]?.body).toBe("{}");
  });

  it("is skipped when there is no way to Slack", async () => {
    expect(await look(slack, fakeContext())).toMatchObject({ status: "skipped" });
  });

  it.each([
    ["Slack is away", fakeContext({ tokens: { slackBot: "x" } }), "Slack does not answer: connect ECONNREFUSED"],
    ["Slack is ill", bot({ status: 503 }), "Slack answered 503"],
    ["the token is bad", bot({ body: { ok: false, error: "invalid_auth" } }), "Slack refuses the token: invalid_auth"],
    [
      "the webhook is away",
      fakeContext({ tokens: { slackWebhook: HOOK } }),
      "Slack does not answer: connect ECONNREFUSED",
    ],
    ["the webhook is gone", hook({ status: 404, body: "no_service" }), "Slack refuses the webhook: 404 no_service"],
  ])("only warns when %s: it must not stop a deployment", async (_, context, reason) => {
    const finding = await look(slack, context);
    expect(finding).toMatchObject({ status: "warn", reason });
    expect(finding.fix).toContain("SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL");
    expect(JSON.stringify(finding)).not.toContain("services/T/B/X");
  });
});
