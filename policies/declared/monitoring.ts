import type { StackConfig } from "../../stacks/schema.ts";
import { Matcher, mismatches, optional, parsedOnce, type Shape, type World } from "./shape.ts";

type Contact = keyof StackConfig["contacts"];

const matched = (name: string, matchType: string, value: string) => ({ name, matchType, value });
const flag = (wanted: boolean) => new Matcher(`${wanted}`, (value) => value === wanted);

/** How soon, and how often, whoever is told hears of an alert. */
const PAGE_PACE = { groupWait: "10s", groupInterval: "1m", repeatInterval: "1h" };
const TICKET_PACE = { groupWait: "30s", groupInterval: "5m", repeatInterval: "12h" };

const route = (receiver: Contact, label: string, value: string, goesOn: boolean): Shape => ({
  receiver,
  matchers: [matched(label, "=", value)],
  continue: flag(goesOn),
  ...(value === "page" ? PAGE_PACE : TICKET_PACE),
});
/** Owners of a component hear of its alerts besides; what no route takes goes to the platform's people. */
const ROUTES: readonly Shape[] = [
  route("database", "component", "database", true),
  route("infrastructure", "component", "cache", true),
  route("infrastructure", "component", "network", true),
  route("incidents", "severity", "page", false),
  route("platform", "severity", "ticket", false),
];
/** Told again within a minute, so that its end is noticed. */
const HEARTBEAT_ROUTE: Shape = {
  receiver: "heartbeat",
  matchers: [matched("severity", "=", "heartbeat")],
  continue: flag(false),
  groupWait: "10s",
  groupInterval: "30s",
  repeatInterval: "50s",
};

const SUMMARIES = "{{ range .Alerts }}{{ .Annotations.summary }} {{ end }}";
const RUNBOOK = "{{ .CommonAnnotations.runbook_url }}";
const NAMED = "{{ .CommonLabels.alertname }}";
const slackKey = (key: string) => ({ name: "slack", key });
const onCallKey = (key: string) => ({ name: "on-call", key });

/** Posts in the channel of that contact, and names whom the config names. */
const slackOf = (contact: Contact): Shape => ({
  apiURL: slackKey("address"),
  httpConfig: optional({ authorization: { credentials: slackKey("token") } }),
  channel: new Matcher(
    `the channel of sparki:contacts.${contact}`,
    (value, { config }) => value === config.contacts[contact].channel,
  ),
  sendResolved: optional(true),
  linkNames: optional(true),
  title: `[{{ .Status | toUpper }}] ${NAMED}: {{ .CommonLabels.service }} ({{ .CommonLabels.stack }})`,
  titleLink: RUNBOOK,
  text: new Matcher(
    `the mention of sparki:contacts.${contact}, and what its alerts say`,
    (value, { config }) => value === `${config.contacts[contact].mention} ${SUMMARIES}`,
  ),
});

const REGIONS = { us: "", eu: "eu." } as const;
/** The service's own address in the region of the config. */
const address = (of: (region: string) => string) =>
  new Matcher("the service's own address", (value, { config }) => value === of(REGIONS[config.onCall.region]));

/** Events of PagerDuty's and Opsgenie's, by the keys in the program's own Secret. */
const WAKING = {
  pagerduty: (severity: "page" | "ticket"): Shape => ({
    routingKey: onCallKey("pagerduty"),
    url: address((region) => `https://events.${region}pagerduty.com/v2/enqueue`),
    sendResolved: optional(true),
    severity: severity === "page" ? "critical" : "warning",
    description: `${NAMED} ({{ .CommonLabels.stack }}): ${SUMMARIES}`,
    component: "{{ .CommonLabels.component }}",
    group: "{{ .CommonLabels.service }}",
    clientURL: RUNBOOK,
  }),
  opsgenie: (severity: "page" | "ticket"): Shape => ({
    apiKey: onCallKey("opsgenie"),
    apiURL: address((region) => `https://api.${region}opsgenie.com/`),
    sendResolved: optional(true),
    priority: severity === "page" ? "P1" : "P3",
    message: `${NAMED} ({{ .CommonLabels.stack }})`,
    description: `${SUMMARIES}${RUNBOOK}`,
    source: "{{ .CommonLabels.service }}",
  }),
};

const HEARTBEAT: Shape = {
  name: "heartbeat",
  webhookConfigs: [{ urlSecret: onCallKey("heartbeat"), sendResolved: flag(false) }],
};
/** Which contact hears of what, and whom else that wakes. */
const RECEIVERS: readonly (readonly [contact: Contact, wakes?: "page" | "ticket"])[] = [
  ["platform", "ticket"],
  ["incidents", "page"],
  ["database"],
  ["infrastructure"],
];

/** The receivers of a release that reaches Slack, or those on call, or both; each is there, and reaches what it can. */
function receiversOf({ bound }: World): Shape[] {
  const contacts = RECEIVERS.map(([name, wakes]): Shape => {
    const services = wakes === undefined ? [] : (bound[wakes] ?? "").split(" ");
    return {
      name,
      ...(bound.receiver === "slack" && { slackConfigs: [slackOf(name)] }),
      ...(wakes !== undefined && services.includes("pagerduty") && { pagerdutyConfigs: [WAKING.pagerduty(wakes)] }),
      ...(wakes !== undefined && services.includes("opsgenie") && { opsgenieConfigs: [WAKING.opsgenie(wakes)] }),
    };
  });
  return [...(bound.heartbeat === undefined ? [] : [HEARTBEAT]), ...contacts];
}

/** Exactly this list, as the release's values make it. */
const listed = (expects: string, of: (world: World) => readonly Shape[]) =>
  new Matcher(expects, (value, world) => mismatches(() => value, of(world), world).length === 0);

/** Alerts go to Slack, PagerDuty, Opsgenie and the heartbeat, by the program's own secrets, and nowhere else. */
export const ROUTING: Shape = {
  route: {
    receiver: "platform",
    groupBy: ["alertname", "service", "stack"],
    ...TICKET_PACE,
    routes: listed("the routes of policies/declared/monitoring.ts", ({ bound }) => [
      ...(bound.heartbeat === undefined ? [] : [HEARTBEAT_ROUTE]),
      ...ROUTES,
    ]),
  },
  // A rule that any alert sets off would silence all others.
  inhibitRules: [
    {
      sourceMatch: [matched("severity", "=", "page"), matched("objective", "!=", "")],
      targetMatch: [matched("severity", "=", "ticket")],
      equal: ["objective", "service", "stack"],
    },
  ],
  receivers: listed(
    "receivers that reach Slack, and whom sparki:onCall names, as policies/declared/monitoring.ts says",
    receiversOf,
  ),
};

/** What leads elsewhere, or is more than text, to a browser. */
const LEADS_ELSEWHERE = /[\w+.-]+:\/\/|(^|[\s("'=\]])\/\/|\b(javascript|vbscript|data)\s*:|<\/?[a-z!]|\p{Cc}/iu;

/** Every text in a value of plain data, its keys too. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

/** One dashboard, in which nothing leads elsewhere or is more than text: Grafana shows it to whoever is on call. */
function isDashboard(text: unknown): boolean {
  const parsed = typeof text === "string" ? parsedOnce(text) : undefined;
  if (typeof parsed !== "object" || parsed === null) return false;
  // As a browser gets it: what JSON writes by escapes, or in parts, is the same text.
  return textsOf(parsed).every((one) => !LEADS_ELSEWHERE.test(one));
}

export const DASHBOARDS = new Matcher("one dashboard as JSON, without a link, a page or a script", (value) =>
  Object.entries(Object(value)).every(([key, text]) => /^[a-z-]+\.json$/.test(key) && isDashboard(text)),
);
