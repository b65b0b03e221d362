import type { StackConfig, WakingService } from "../../stacks/schema.ts";
import { type Alert, MIN_BAD_REQUESTS, type Severity } from "./alerts.ts";

/** Slack channels and people by role, as the runbook's table of contacts has them. */
export interface Channels {
  /** Pages go here, with `onCall` mentioned. */
  readonly incidents: Contact;
  /** Tickets go here. */
  readonly platform: Contact;
  /** Hears of whatever concerns the database, besides. */
  readonly database: Contact;
  /** Hears of whatever concerns the cache or the network, besides. */
  readonly infrastructure: Contact;
}

export interface Contact {
  readonly channel: string;
  readonly mention: string;
}

/** The keys of a Secret in the monitoring namespace by which Alertmanager reaches Slack. */
export interface SlackReference {
  readonly secretName: string;
  /** Of the address that messages are posted to. */
  readonly addressKey: string;
  /** Of a bot's token, which that address asks for. */
  readonly tokenKey?: string;
}

/** The Secret in the monitoring namespace with the keys of those who wake people, and whom each severity wakes. */
export interface OnCallReference {
  readonly secretName: string;
  readonly page: readonly WakingService[];
  readonly ticket: readonly WakingService[];
  /** Where events are posted, by who takes them. */
  readonly addresses: Readonly<Record<WakingService, string>>;
  /** Whether the Secret has an address that is asked while alerting works. */
  readonly heartbeat: boolean;
}

const ADDRESSES = {
  us: { pagerduty: "https://events.pagerduty.com/v2/enqueue", opsgenie: "https://api.opsgenie.com/" },
  eu: { pagerduty: "https://events.eu.pagerduty.com/v2/enqueue", opsgenie: "https://api.eu.opsgenie.com/" },
} as const;

interface OnCallSettings {
  readonly secretName: string;
  readonly onCall: StackConfig["onCall"];
  readonly hasHeartbeat: boolean;
}

/** What the monitoring chart is told of who is on call: names and addresses, never a key. */
export function onCallReference({ secretName, onCall, hasHeartbeat }: OnCallSettings): OnCallReference {
  const { page, ticket, region } = onCall;
  return { secretName, page, ticket, addresses: ADDRESSES[region], heartbeat: hasHeartbeat };
}

export interface Receiver {
  readonly name: string;
  readonly channel: string;
  readonly mention: string;
  /** The severity whose on-call services it wakes too. */
  readonly wakes?: Exclude<Severity, "heartbeat">;
}

export interface Route {
  readonly receiver: string;
  readonly label: "severity" | "component";
  readonly value: string;
  /** Whether the routes after it are tried too. */
  readonly continue: boolean;
  /** How long alerts of one group are gathered before the first is told. */
  readonly groupWait: string;
  /** How long until what has changed in a group, a resolved alert too, is told. */
  readonly groupInterval: string;
  /** How long until a still firing alert is told again. */
  readonly repeatInterval: string;
}

export interface Routing {
  readonly receivers: readonly Receiver[];
  /** In order; what none of them takes goes to the first receiver. */
  readonly routes: readonly Route[];
}

const PAGE_PACE = { groupWait: "10s", groupInterval: "1m", repeatInterval: "1h" };
const TICKET_PACE = { groupWait: "30s", groupInterval: "5m", repeatInterval: "12h" };

/** Owners of a component hear of its alerts; besides, pages go to the engineer on call and tickets to the platform team. */
export function alertRouting(channels: Channels): Routing {
  return {
    receivers: [
      { name: "platform", ...channels.platform, wakes: "ticket" },
      { name: "incidents", ...channels.incidents, wakes: "page" },
      { name: "database", ...channels.database },
      { name: "infrastructure", ...channels.infrastructure },
    ],
    routes: [
      { receiver: "database", label: "component", value: "database", continue: true, ...TICKET_PACE },
      { receiver: "infrastructure", label: "component", value: "cache", continue: true, ...TICKET_PACE },
      { receiver: "infrastructure", label: "component", value: "network", continue: true, ...TICKET_PACE },
      { receiver: "incidents", label: "severity", value: "page", continue: false, ...PAGE_PACE },
      { receiver: "platform", label: "severity", value: "ticket", continue: false, ...TICKET_PACE },
    ],
  };
}

/**
 * The page that every alert's \`runbook_url\` points into, as Markdown; `proofs` is the chapter on how each is made to fire
 * in a rehearsal.
 */
export function alertPages(alerts: readonly Alert[], channels: Channels, proofs: string): string {
  const rows = alerts.map(
    ({ name, severity, component, isCausedByDeployment = false }) =>
      `| [${name}](#${name.toLowerCase()}) | ${severity} | ${component} | ${isCausedByDeployment ? "silent" : ""} |`,
  );
  const index = ["| alert | severity | component | during a deployment |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
  return [head(channels), `${index}\n`, proofs, ...alerts.map(alertPage)].join("\n");
}

function head({ incidents, platform, database, infrastructure }: Channels): string {
  return `# Alerts

Every alert of the monitoring chart, with what it means and what to do. Made by \`node docs/generate.ts alerts\` from the
objectives and contacts of Pulumi.prod.yaml; edit the alerts in \`apps/monitoring\`, not this page.

| severity | who hears of it | told | told as over |
| --- | --- | --- | --- |
| page | ${incidents.channel}, ${incidents.mention}, and whom \`sparki:onCall.page\` names | 10 s after it fires, again every hour | within a minute |
| ticket | ${platform.channel}, ${platform.mention}, and whom \`sparki:onCall.ticket\` names | 30 s after it fires, again every 12 hours | within 5 minutes |
| heartbeat | the address in \`sparki:heartbeatUrl\`, and nobody else | once a minute, always | never |

What concerns the database is told in ${database.channel} (${database.mention}) too, what concerns the cache or the network in
${infrastructure.channel} (${infrastructure.mention}). A page about an objective silences the ticket about the same one.
A message names only what still fires; one that all of it is over mentions nobody.
Alertmanager reaches Slack by the stack's secret \`sparki:slackToken\`, a bot's, or else by \`sparki:slackWebhook\`, which
posts to its own channel alone. A stack with neither has no routes to Slack, and every preview of it says so.

## Who is paged

Slack pages nobody. PagerDuty and Opsgenie do, each by a key of its own, which is a secret of the stack: it is kept in a
Secret of the cluster for Alertmanager, and appears in no state, plan or log in plain text.

\`\`\`yaml
# in Pulumi.<stack>.yaml
sparki:onCall:
  page: [pagerduty]      # or opsgenie, or both
  ticket: []
  region: us             # or eu: where the service keeps the account
\`\`\`

\`\`\`sh
pulumi config set --secret sparki:pagerdutyKey --stack prod    # a service's integration key, Events API v2
pulumi config set --secret sparki:opsgenieKey --stack prod     # an API integration's key; Opsgenie itself ends on 5 April 2027
pulumi config set --secret sparki:heartbeatUrl --stack prod    # what calls a person when nobody asks it for five minutes
\`\`\`

A page is critical there (P1), a ticket a warning (P3); a resolved alert is closed there too. While \`sparki deploy\` changes
anything, the alerts that a deployment causes are silenced, those marked below; the silence ends with the command, or by
itself half an hour after a command that was killed.

An objective has no fast or medium alert when its budget could not burn that fast even if every request were bad.

## Where few requests come

One failed request in a quiet hour burns a budget of 0.1 % at up to 1000x and means nothing, so the budget alerts ask for at
least ${MIN_BAD_REQUESTS} bad requests in the longer of their windows. An outage then pages with the third request that fails: so long
after its beginning in half of all cases, and in 19 of 20 (simulated: 400 outages of six hours, in which requests come by
chance; the scrape, the recording and the route's wait add up to 55 s):

| requests an hour | all fail: half | 19 of 20 | half of them fail: half | 19 of 20 |
| --- | --- | --- | --- | --- |
| 200 | 1 min | 2 min | 2 min | 4 min |
| 60 | 3 min | 7 min | 6 min | 13 min |
| 20 | 8 min | 19 min | 17 min | 38 min |
| 10 | 15 min | 37 min | 32 min | 77 min |
| 5 | 31 min | 75 min | 63 min | 146 min |
| 2 | 84 min | 199 min | 163 min | over 6 h |

So it pages with the third bad request where three come in an hour (fast) or in six (medium). Where fewer come a ticket
follows the third in three days, and no budget pages: what takes away the pods, their metrics or the way to them has alerts
of its own, which need no requests. With a minimum of one, errors that keep to the objective page up to 37 times a month,
with two 6 times, with three not twice.

A pod's first request of each kind counts where Prometheus looked when the window began: during the first hour that it
remembers of a stack (the first six for the medium and the slow alert) it does not.
`;
}

function alertPage({ name, severity, component, expr, page, ...alert }: Alert): string {
  const holds = alert.for === undefined ? "" : `, for ${alert.for}`;
  return [
    `## ${name}`,
    `**${severity}, ${component}.** ${page.meaning}`,
    page.timing,
    `\`\`\`promql\n${expr}\n\`\`\``,
    `That is the condition${holds}. Look at:`,
    numbered(page.look),
    "Then:",
    `${numbered(page.act)}\n`,
  ].join("\n\n");
}

function numbered(lines: readonly string[]): string {
  return lines.map((line, index) => `${index + 1}. ${line}`).join("\n");
}
