import { randomBytes } from "node:crypto";
import { z } from "zod";
import { pageTitle, saidInstead } from "../../../io/http.ts";
import { withoutWebhook } from "../../../io/slack.ts";
import { promotionIn } from "../../../records/promotion.ts";
import { absentIn } from "../../../stacks/schema.ts";
import { namespaceOf, servicesOf, TRACKS, trackName } from "../../../stacks/services.ts";
import { monitoringTrial } from "../charts.ts";
import { type Check, type Finding, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";
import {
  jsonRequest,
  readiness,
  type StormContext,
  type StormService,
  stormCheck,
  stormFix,
  stormLook,
} from "../storm.ts";

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({
        health: z.string(),
        lastError: z.string().optional(),
        labels: z.record(z.string(), z.string()),
      }),
    ),
  }),
});

export const prometheus = stormLook({
  id: "prometheus",
  service: "prometheusUrl",
  title: "Prometheus",
  proves: "Prometheus is ready, and its clock and this machine's agree: gates can count.",
  judge: async (service, context) => {
    const finding = await readiness(service, context);
    return finding.status === "pass" ? ((await clocksApart(service, context)) ?? finding) : finding;
  },
});

/** Half of the age at which a gate takes a sample for too old to say anything. */
const MOST_SECONDS_APART = 30;

const timeSchema = z.object({
  data: z.object({ resultType: z.literal("scalar"), result: z.tuple([z.number(), z.string()]) }),
});

/** What is wrong where the two clocks are so far apart that gates would count another time, or nothing; undefined else. */
async function clocksApart(service: StormService, { clock }: StormContext): Promise<Finding | undefined> {
  const asked = clock.now();
  const { data } = await service.read("/api/v1/query?query=time()", timeSchema);
  const [before, after] = [asked - data.result[0], clock.now() - data.result[0]];
  // The answer is of some time between the two.
  const apart = before > 0 ? before : after < 0 ? after : 0;
  if (Math.abs(apart) <= MOST_SECONDS_APART) return undefined;
  return fail(
    `this machine's clock is ${Math.round(Math.abs(apart))} s ${apart > 0 ? "ahead of" : "behind"} that of ${service.url}; expected ${MOST_SECONDS_APART} s at most`,
    "timedatectl: set this machine's clock right, or that of Prometheus's server; gates read its samples by the time of this one",
  );
}

export const prometheusTargets = stormCheck({
  id: "prometheus-targets",
  service: "prometheusUrl",
  title: "Prometheus targets",
  proves: "Prometheus scrapes every ready pod of the stack's services, each once.",
  timeLimitSeconds: 60,
  judge: async (service, context, signal) => {
    const { resources } = await context.state.read();
    const promoted = promotionIn(resources)?.release;
    if (promoted === undefined) return skipped("no release was promoted yet: there is nothing to scrape");
    // A service that comes with this release has no pods yet.
    const namespaces = servicesOf({ absent: absentIn(promoted) }).map(namespaceOf);
    for (let asked = 1; ; asked++) {
      const finding = await judgeTargets(service, context, namespaces);
      if (finding.status === "pass" || asked === TIMES_ASKED) return finding;
      await context.clock.sleep(ASKED_EVERY_SECONDS, signal);
    }
  },
});

/**
 * Longer than Prometheus needs to find and scrape a pod: a rollout that an interrupted update began continues by itself, and
 * its pods come and go.
 */
const TIMES_ASKED = 5;
const ASKED_EVERY_SECONDS = 5;

async function judgeTargets(
  service: StormService,
  context: PreflightContext,
  namespaces: readonly string[],
): Promise<Finding> {
  const { data } = await service.read("/api/v1/targets?state=active", targetsSchema);
  const served = data.activeTargets.filter(({ labels }) => namespaces.some((each) => each === labels.namespace));
  const own = served.filter(({ labels }) => labels.stack === context.stack);
  const bare = namespaces.filter((namespace) => own.every(({ labels }) => labels.namespace !== namespace));
  if (bare.length > 0) return fail(`no pod of ${bare.join(" and ")} is scraped for ${context.stack}`, fixFor(context));
  const serving = await servingPods(context, namespaces);
  const missed = (serving ?? []).filter((pod) => own.every(({ labels }) => labels.pod !== pod));
  if (missed.length > 0) return fail(`not scraped: ${missed.join(", ")}`, fixFor(context));
  const twice = [...Map.groupBy(own, ({ labels }) => `${labels.namespace}/${labels.pod ?? labels.instance}`)].filter(
    ([, targets]) => targets.length > 1,
  );
  if (twice.length > 0)
    return fail(
      `scraped more than once: ${twice.map(([pod, targets]) => `${pod} by ${scrapersOf(targets)}`).join("; ")}`,
      `remove one of these jobs, or exclude from it the namespaces ${namespaces.join(" and ")}`,
    );
  // A pod that begins, ends or fails answers nobody: others say so of it, and Prometheus sees what it should.
  const isCounted = (pod: string | undefined) => pod === undefined || serving === undefined || serving.includes(pod);
  const down = own.filter(({ health, labels }) => health !== "up" && isCounted(labels.pod));
  if (down.length === 0) return pass(`${own.length} pods are scraped`);
  const told = down.map(({ labels, lastError }) => `${labels.pod ?? labels.instance}: ${lastError ?? "not up"}`);
  return fail(`${down.length} of ${own.length} targets are down: ${told.join("; ")}`, stormFix(context));
}

function scrapersOf(targets: readonly { readonly labels: Readonly<Record<string, string>> }[]): string {
  return targets.map(({ labels }) => `job ${labels.job ?? "(none)"} at ${labels.instance ?? "(none)"}`).join(" and ");
}

/** Whether it is a track's pod; those of Jobs have no metrics. */
function isOfTrack(pod: string): boolean {
  return TRACKS.some((track) => pod.startsWith(`${trackName(track)}-`));
}

/** Names of the pods that requests reach; undefined where the cluster does not tell of one of the namespaces. */
async function servingPods(
  { cluster }: PreflightContext,
  namespaces: readonly string[],
): Promise<string[] | undefined> {
  const lists = await Promise.all(namespaces.map((namespace) => cluster.pods(namespace)));
  if (lists.some((list) => list === undefined)) return undefined;
  const found = lists.flatMap((list) => list ?? []);
  return found.filter(({ name, ready }) => ready && isOfTrack(name)).map(({ name }) => name);
}

function fixFor(context: PreflightContext): string {
  return `kubectl get podmonitors -n sparki-monitoring; then ${stormFix(context)}`;
}

const healthSchema = z.object({ database: z.string() });
const searchSchema = z.array(z.object({ uid: z.string() }));

export const grafana = stormLook({
  id: "grafana",
  service: "grafanaUrl",
  title: "Grafana",
  proves: "Grafana is up, with its database.",
  judge: async (service, context) => {
    const { database } = await service.read("/api/health", healthSchema);
    return database === "ok" ? pass("healthy") : fail(`its database is ${database}`, stormFix(context));
  },
});

export const dashboards = stormCheck({
  id: "dashboards",
  service: "grafanaUrl",
  title: "Grafana dashboards",
  proves: "Grafana has loaded every dashboard of the monitoring chart.",
  judge: async (service, context) => {
    const monitoring = await monitoringTrial(context);
    const wanted = dashboardIds(monitoring?.values.dashboards, context.stack);
    if (wanted.length === 0) return skipped("the monitoring chart was not released yet");
    const found = await service.read(`/api/search?type=dash-db&tag=sparki&tag=${context.stack}`, searchSchema);
    const missing = wanted.filter((id) => !found.some(({ uid }) => uid === id));
    if (missing.length === 0) return pass(`${wanted.length} dashboards are loaded`);
    return fail(
      `Grafana has not loaded ${missing.join(", ")}`,
      "check the log of Grafana's sidecar, and that it watches the namespace sparki-monitoring",
    );
  },
});

function dashboardIds(dashboards: unknown, stack: string): string[] {
  const names = typeof dashboards === "object" && dashboards !== null ? Object.keys(dashboards) : [];
  return names.map((name) => `sparki-${stack}-${name}`);
}

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

const MAX_AGE_MINUTES = 15;

const clusterSchema = z.object({ status: z.string() });
const newestSchema = z.object({
  hits: z.object({ hits: z.array(z.object({ _source: z.object({ "@timestamp": z.string() }) })) }),
});
const kibanaSchema = z.object({
  status: z.object({ overall: z.object({ level: z.string().optional(), state: z.string().optional() }) }),
});

export const elasticsearch = stormLook({
  id: "elasticsearch",
  service: "elasticsearchUrl",
  title: "Elasticsearch",
  proves: "The Elasticsearch cluster is green.",
  judge: async (service, context) => {
    const { status } = await service.read("/_cluster/health", clusterSchema);
    if (status === "green") return pass("the cluster is green");
    const told = `the cluster is ${status}`;
    return status === "yellow"
      ? warn(`${told}: replicas are missing`, stormFix(context))
      : fail(told, stormFix(context));
  },
});

export const logsArrive = stormCheck({
  id: "logs",
  service: "elasticsearchUrl",
  title: "Logs arrive",
  proves: `The newest log line that can be found is at most ${MAX_AGE_MINUTES} minutes old.`,
  judge: async (service, context) => {
    const query = { size: 1, sort: [{ "@timestamp": "desc" }], _source: ["@timestamp"] };
    const { hits } = await service.read("/_search", newestSchema, jsonRequest(query));
    const newest = hits.hits[0]?._source["@timestamp"];
    if (newest === undefined) return fail("no log line was found", stormFix(context));
    const minutes = (context.clock.now() - Date.parse(newest) / 1000) / 60;
    if (minutes <= MAX_AGE_MINUTES) return pass(`the newest line is ${Math.max(0, minutes).toFixed(1)} minutes old`);
    return fail(
      `the newest line is ${Math.round(minutes)} minutes old; expected at most ${MAX_AGE_MINUTES}`,
      stormFix(context),
    );
  },
});

export const logstash = stormLook({
  id: "logstash",
  service: "logstashUrl",
  title: "Logstash",
  proves: "Logstash reports that it is green.",
  judge: async (service, context) => {
    const { status } = await service.read("/", clusterSchema);
    if (status === "green") return pass("green");
    return status === "yellow" ? warn("it is yellow", stormFix(context)) : fail(`it is ${status}`, stormFix(context));
  },
});

export const kibana = stormLook({
  id: "kibana",
  service: "kibanaUrl",
  title: "Kibana",
  proves: "Kibana is available.",
  judge: async (service, context) => {
    const { level, state } = (await service.read("/api/status", kibanaSchema)).status.overall;
    // The first is Kibana's word since 8.0, the second its word before.
    if (level === "available" || state === "green") return pass("available");
    return fail(`it is ${level ?? state}`, stormFix(context));
  },
});

export const commandCenter = stormLook({
  id: "command-center",
  service: "commandCenterUrl",
  title: "Storm Command Center",
  proves: "The Command Center responds.",
  judge: async (service, context) => {
    const { status } = await service.ask("/health");
    return status === 200 ? pass("answers") : fail(`${service.url}/health answered ${status}`, stormFix(context));
  },
});

const acceptedSchema = z.object({
  partialSuccess: z
    .object({ rejectedSpans: z.coerce.number().optional(), errorMessage: z.string().optional() })
    .optional(),
});

export const jaeger = stormLook({
  id: "jaeger",
  service: "jaegerUrl",
  title: "Jaeger collector",
  proves: "The collector accepts a span over OTLP.",
  judge: async (service, context) => {
    const nanoseconds = `${Math.round(context.clock.now() * 1000)}000000`;
    const { partialSuccess } = await service.read("/v1/traces", acceptedSchema, jsonRequest(traceAt(nanoseconds)));
    if (!partialSuccess?.rejectedSpans)
      return pass(`accepted a span of the service sparki-preflight${unseen(context)}`);
    return fail(`it rejected a span: ${partialSuccess.errorMessage ?? "no reason given"}`, stormFix(context));
  },
});

/** That nothing reads the spans back, where there is no address to read them from. */
function unseen({ config }: StormContext): string {
  return config.storm.jaegerQueryUrl === undefined
    ? "; whether it can be found again is not checked: no sparki:storm.jaegerQueryUrl is configured"
    : "";
}

/** One span of no length, as OTLP writes it in JSON. */
function traceAt(nanoseconds: string): unknown {
  const attribute = { key: "service.name", value: { stringValue: "sparki-preflight" } };
  const span = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "preflight",
    kind: 1,
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
  };
  const scopeSpans = [{ scope: { name: "sparki" }, spans: [span] }];
  return { resourceSpans: [{ resource: { attributes: [attribute] }, scopeSpans }] };
}
