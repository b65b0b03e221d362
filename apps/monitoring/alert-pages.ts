import type { Alert } from "./alert.ts";
import type { Channels } from "./routing.ts";

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

Every alert of the monitoring chart, with what it means and what to do. Made by \`node docs/alerts.ts\` from the
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
