import { z } from "zod";
import { pageTitle, saidInstead } from "../../../io/http.ts";
import { withoutWebhook } from "../../../io/slack.ts";
import { monitoringTrial } from "../charts.ts";
import { type Check, type Finding, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";
import { jsonRequest, readiness, type StormService, stormCheck, stormFix, stormLook } from "../storm.ts";

/**
 * One after the other, until Alertmanager shows one before it has ended: where requests take seconds, an alert may be over
 * when it is looked for. Each has a name, and so a group with a wait, of its own.
 */
const ALERTS = ["SparkiPreflight", "SparkiPreflightSecond", "SparkiPreflightThird"];
/** Shorter than any group's wait, so that Alertmanager knows of the alert but tells nobody. */
const LASTS_SECONDS = 5;
const LOOK_EVERY_SECONDS = 0.25;
/** How long Alertmanager may show what was resolved. */
const RESOLVES_SECONDS = 8;

/** Who must hear of an alert of each severity, once the monitoring chart's routes are there. */
const RECEIVERS = { page: "incidents", ticket: "platform" } as const;
type Severity = keyof typeof RECEIVERS;

const alertsSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    receivers: z.array(z.object({ name: z.string() })),
  }),
);
type Alerts = z.infer<typeof alertsSchema>;

export const alertmanager = stormLook({
  id: "alertmanager",
  service: "alertmanagerUrl",
  title: "Alertmanager",
  proves: "Alertmanager is ready.",
  judge: readiness,
});

export const sampleAlert = stormCheck({
  id: "sample-alert",
  service: "alertmanagerUrl",
  title: "Sample alerts",
  proves: "A page and a ticket are routed to the right receivers, and resolved before anyone is notified.",
  judge: async (service, context) => {
    const routed = (await monitoringTrial(context)) !== undefined;
    const { alerts, left } = await sampled(service, context);
    if (alerts.length !== 2) return fail(`it shows ${alerts.length} of 2 alerts that were sent`, stormFix(context));
    const wrong = (["page", "ticket"] as const).flatMap((severity) => misrouted(alerts, severity, routed) ?? []);
    if (wrong.length > 0)
      return fail(
        wrong.join("; "),
        "check the AlertmanagerConfig in sparki-monitoring, which needs sparki:slackToken or sparki:slackWebhook, and that Alertmanager selects it",
      );
    if (left.length > 0) return fail("the alerts are not resolved", stormFix(context));
    if (!routed) return pass("accepted and resolved; the deployment creates the routes");
    const { page } = context.config.onCall;
    const paging =
      page.length > 0
        ? `a page also goes to ${page.join(" and ")}`
        : "a page goes to Slack only: sparki:onCall.page is empty";
    return pass(`a page and a ticket were routed to the right receivers; ${paging}`);
  },
});

/** What Alertmanager shows of a page and a ticket that it was sent, and what of them is left once they were resolved. */
async function sampled(service: StormService, context: PreflightContext): Promise<{ alerts: Alerts; left: Alerts }> {
  let alerts: Alerts = [];
  let left: Alerts = [];
  for (const name of ALERTS) {
    await send(name, service, context, LASTS_SECONDS);
    alerts = await until(name, service, context, LASTS_SECONDS, (found) => found.length === 2);
    await send(name, service, context, 0);
    left = await until(name, service, context, RESOLVES_SECONDS, (found) => found.length === 0);
    if (alerts.length > 0 || left.length > 0) break;
  }
  return { alerts, left };
}

/** Sends both alerts, or says when they end. */
async function send(
  name: string,
  service: StormService,
  context: PreflightContext,
  lastsSeconds: number,
): Promise<void> {
  const at = (seconds: number) => new Date((context.clock.now() + seconds) * 1000).toISOString();
  const alerts = Object.keys(RECEIVERS).map((severity) => ({
    // The operator hands the stack's own routes only the alerts of their namespace.
    labels: { alertname: name, severity, stack: context.stack, namespace: "sparki-monitoring" },
    annotations: { summary: "A sample alert of sparki preflight; it resolves by itself." },
    // Of an alert that began longer ago than its group waits, Alertmanager tells at once.
    startsAt: at(0),
    endsAt: at(lastsSeconds),
  }));
  const { status, body } = await service.ask("/api/v2/alerts", jsonRequest(alerts));
  if (status !== 200) throw new Error(`${service.url}/api/v2/alerts answered ${status}: ${body.slice(0, 80)}`);
}

/** What is shown once it is as it should be, or when the seconds are over. */
async function until(
  name: string,
  service: StormService,
  { clock, stack }: PreflightContext,
  seconds: number,
  isGood: (alerts: Alerts) => boolean,
): Promise<Alerts> {
  const filters = [`alertname="${name}"`, `stack="${stack}"`].map((text) => `filter=${encodeURIComponent(text)}`);
  const deadline = clock.now() + seconds;
  for (;;) {
    const alerts = await service.read(`/api/v2/alerts?active=true&${filters.join("&")}`, alertsSchema);
    if (isGood(alerts) || clock.now() >= deadline) return alerts;
    await clock.sleep(LOOK_EVERY_SECONDS);
  }
}

function misrouted(alerts: Alerts, severity: Severity, routed: boolean): string | undefined {
  const receivers = alerts.find(({ labels }) => labels.severity === severity)?.receivers.map(({ name }) => name) ?? [];
  if (receivers.length === 0) return `a ${severity} is routed to no receiver`;
  // The operator puts namespace and name before it.
  if (!routed || receivers.some((name) => name.split("/").at(-1) === RECEIVERS[severity])) return undefined;
  return `a ${severity} goes to ${receivers.join(", ")}; expected ${RECEIVERS[severity]}`;
}

const authSchema = z.object({ ok: z.boolean(), team: z.string().optional(), error: z.string().optional() });

const FIX = "set SPARKI_SLACK_TOKEN or SPARKI_SLACK_WEBHOOK to one that works; the deployment continues without Slack";

/** Slack never stops a deployment: it would only make nobody hear of it. */
export const slack: Check = {
  id: "slack",
  group: "Communication",
  title: "Slack",
  proves: "Slack responds and accepts our token or webhook; nothing is posted.",
  timeLimitSeconds: 20,
  run: async (context, signal) => {
    const secrets = await context.slackSecrets();
    const [token, webhook] = [secrets.token?.trim(), secrets.webhook?.trim()];
    if (token !== undefined) return askAsBot(context, token, signal);
    if (webhook !== undefined) return askWebhook(context, webhook, signal);
    return skipped("neither SPARKI_SLACK_TOKEN nor SPARKI_SLACK_WEBHOOK is set: messages are only shown here");
  },
};

function answerIn(body: string): z.infer<typeof authSchema> | undefined {
  try {
    return authSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

async function askAsBot({ http }: PreflightContext, token: string, signal: AbortSignal): Promise<Finding> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await http("https://slack.com/api/auth.test", { method: "POST", headers, timeoutSeconds: 10, signal });
  if (!answer.answered) return warn(`Slack does not respond: ${answer.error}`, FIX);
  if (answer.status !== 200) return warn(`Slack answered ${answer.status}`, FIX);
  const said = answerIn(answer.body);
  if (said === undefined) return warn(`Slack answered ${saidInstead(answer)}`, FIX);
  const { ok, team, error } = said;
  return ok ? pass(`the bot belongs to ${team}`) : warn(`Slack refuses the token: ${error}`, FIX);
}

/** What Slack says to a message without text; who answers so has read it. */
const NO_TEXT = /^(?:no_text|no_payload|invalid_payload|missing_text_or_fallback_or_attachments)$/;

/** A message without text is refused by a webhook that works, and by one that does not in other words. */
async function askWebhook({ http, isRehearsal }: PreflightContext, url: string, signal: AbortSignal): Promise<Finding> {
  const headers = { "content-type": "application/json" };
  const answer = await http(url, { method: "POST", headers, body: "{}", timeoutSeconds: 10, signal });
  const without = withoutWebhook(url);
  if (!answer.answered) return warn(`Slack does not respond: ${without(answer.error)}`, FIX);
  const body = without(answer.body).trim();
  if (answer.status === 400 && (isRehearsal || NO_TEXT.test(body))) return pass("the webhook responds");
  const isText = pageTitle(body) === undefined && body !== "" && answer.status >= 400;
  const said = isText ? `${answer.status} ${body.slice(0, 60)}` : without(saidInstead({ ...answer, body }));
  return warn(`Slack refuses the webhook: ${said}`, FIX);
}
