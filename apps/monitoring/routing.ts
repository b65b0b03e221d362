import type { Alert } from "./alerts.ts";
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

export interface Receiver {
  readonly name: string;
  readonly channel: string;
  readonly mention: string;
}

export interface Route {
  readonly receiver: string;
  readonly label: "severity" | "component";
  readonly value: string;
  /** Whether the routes after it are tried too. */
  readonly continue: boolean;
  /** How long until a still firing alert is told again. */
  readonly repeatInterval: string;
}

export interface Routing {
  readonly receivers: readonly Receiver[];
  /** In order; what none of them takes goes to the first receiver. */
  readonly routes: readonly Route[];
}

/** Owners of a component hear of its alerts; besides, pages go to the engineer on call and tickets to the platform team. */
export function alertRouting(channels: Channels): Routing {
  return {
    receivers: (["platform", "incidents", "database", "infrastructure"] as const).map((name) => ({
      name,
      ...channels[name],
    })),
    routes: [
      { receiver: "database", label: "component", value: "database", continue: true, repeatInterval: "12h" },
      { receiver: "infrastructure", label: "component", value: "cache", continue: true, repeatInterval: "12h" },
      { receiver: "incidents", label: "severity", value: "page", continue: false, repeatInterval: "1h" },
      { receiver: "platform", label: "severity", value: "ticket", continue: false, repeatInterval: "12h" },
    ],
  };
}

/** The page that every alert's \`runbook_url\` points into, as Markdown. */
export function alertPages(alerts: readonly Alert[], channels: Channels): string {
  const rows = alerts.map(
    ({ name, severity, component }) => `| [${name}](#${name.toLowerCase()}) | ${severity} | ${component} |`,
  );
  const index = ["| alert | severity | component |", "| --- | --- | --- |", ...rows].join("\n");
  return [head(channels), `${index}\n`, ...alerts.map(alertPage)].join("\n");
}

function head({ incidents, platform, database, infrastructure }: Channels): string {
  return `# Alerts

Every alert of the monitoring chart, with what it means and what to do. Made by \`node docs/generate.ts alerts\` from the
objectives and contacts of Pulumi.prod.yaml; edit the alerts in \`apps/monitoring\`, not this page.

| severity | who hears of it |
| --- | --- |
| page | ${incidents.channel}, ${incidents.mention}, again every hour while it fires |
| ticket | ${platform.channel}, ${platform.mention}, again every 12 hours while it fires |

What concerns the database is told in ${database.channel} (${database.mention}) too, what concerns the cache in
${infrastructure.channel} (${infrastructure.mention}). A page about an objective silences the ticket about the same one.
Alertmanager reaches Slack by the stack's secret \`sparki:slackToken\`, a bot's, or else by \`sparki:slackWebhook\`, which
posts to its own channel alone. A stack with neither has no routes to Slack, and every preview of it says so.
An objective has no fast or medium alert when its budget could not burn that fast even if every request were bad.
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
