import { slack } from "../../../../runbook/preflight/checks/observability.ts";
import { fakeContext, look } from "../../../support/preflight.ts";

const HOOK = "https://hooks.slack.com/services/T/B/X";
const bot = (answer: object) =>
  fakeContext({
    slackSecrets: async () => ({ token: "xoxb-1" }),
    web: { "POST https://slack.com/api/auth.test": answer },
  });
const hook = (answer: object) =>
  fakeContext({ slackSecrets: async () => ({ webhook: HOOK }), web: { [`POST ${HOOK}`]: answer } });

describe("slack", () => {
  it("passes when Slack takes the bot's token", async () => {
    const context = bot({ body: { ok: true, team: "Sparki" } });
    expect(await look(slack, context)).toEqual({ status: "pass", reason: "the bot belongs to Sparki" });
    expect(context.requests[0]?.headers).toEqual({ authorization: "Bearer xoxb-1" });
  });

  it("passes when the webhook refuses a message without text: nothing is posted", async () => {
    const context = hook({ status: 400, body: "no_text" });
    expect(await look(slack, context)).toEqual({ status: "pass", reason: "the webhook responds" });
    expect(context.requests[0]?.body).toBe("{}");
  });

  it("is skipped when there is no way to Slack", async () => {
    expect(await look(slack, fakeContext())).toMatchObject({ status: "skipped" });
  });

  it.each([
    [
      "Slack is away",
      fakeContext({ slackSecrets: async () => ({ token: "x" }) }),
      "Slack does not respond: connect ECONNREFUSED",
    ],
    [
      "a page answers in its place",
      bot({ body: "<html><title>Sign in</title>" }),
      'Slack answered 200: a page "Sign in", as from a login page or a proxy',
    ],
    ["Slack is ill", bot({ status: 503 }), "Slack answered 503"],
    ["the token is bad", bot({ body: { ok: false, error: "invalid_auth" } }), "Slack refuses the token: invalid_auth"],
    [
      "the webhook is away",
      fakeContext({ slackSecrets: async () => ({ webhook: HOOK }) }),
      "Slack does not respond: connect ECONNREFUSED",
    ],
    [
      "a page refuses what the webhook should",
      hook({ status: 400, body: "<html><title>Bad request</title>" }),
      'Slack refuses the webhook: 400: a page "Bad request", as from a login page or a proxy',
    ],
    [
      "an answer tells the webhook's address",
      hook({ status: 404, body: "Cannot POST /services/T/B/X" }),
      "Slack refuses the webhook: 404 Cannot POST [secret]",
    ],
    [
      "who answers does not know what it was sent",
      hook({ status: 400, body: "bad request" }),
      "Slack refuses the webhook: 400 bad request",
    ],
    ["the webhook is gone", hook({ status: 404, body: "no_service" }), "Slack refuses the webhook: 404 no_service"],
  ])("only warns when %s: it must not stop a deployment", async (_, context, reason) => {
    const finding = await look(slack, context);
    expect(finding).toMatchObject({ status: "warn", reason });
    expect(finding.fix).toContain("SPARKI_SLACK_TOKEN or SPARKI_SLACK_WEBHOOK");
    expect(JSON.stringify(finding)).not.toContain("services/T/B/X");
  });
});
