import { z } from "zod";
import { type Check, type Finding, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const authSchema = z.object({ ok: z.boolean(), team: z.string().optional(), error: z.string().optional() });
const FIX = "set SPARKI_SLACK_TOKEN or SPARKI_SLACK_WEBHOOK to one that works; the deployment goes on without Slack";

/** Slack never stops a deployment: it would only make nobody hear of it. */
export const slack: Check = {
  id: "slack",
  group: "Communication",
  title: "Slack",
  proves: "Slack answers and takes our token or webhook; nothing is posted.",
  timeLimitSeconds: 20,
  run: async (context, signal) => {
    const { token, webhook } = await context.slackSecrets();
    if (token !== undefined) return askAsBot(context, token, signal);
    if (webhook !== undefined) return askWebhook(context, webhook, signal);
    return skipped("neither SPARKI_SLACK_TOKEN nor SPARKI_SLACK_WEBHOOK is set: messages are only shown here");
  },
};

async function askAsBot({ http }: PreflightContext, token: string, signal: AbortSignal): Promise<Finding> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await http("https://slack.com/api/auth.test", { method: "POST", headers, timeoutSeconds: 10, signal });
  if (!answer.answered) return warn(`Slack does not answer: ${answer.error}`, FIX);
  if (answer.status !== 200) return warn(`Slack answered ${answer.status}`, FIX);
  const { ok, team, error } = authSchema.parse(JSON.parse(answer.body));
  return ok ? pass(`the bot belongs to ${team}`) : warn(`Slack refuses the token: ${error}`, FIX);
}

/** A message without text is refused by a webhook that works, and by one that does not in other words. */
async function askWebhook({ http }: PreflightContext, url: string, signal: AbortSignal): Promise<Finding> {
  const headers = { "content-type": "application/json" };
  const answer = await http(url, { method: "POST", headers, body: "{}", timeoutSeconds: 10, signal });
  if (!answer.answered) return warn(`Slack does not answer: ${answer.error}`, FIX);
  if (answer.status === 400) return pass("the webhook answers");
  return warn(`Slack refuses the webhook: ${answer.status} ${answer.body.slice(0, 60)}`, FIX);
}
