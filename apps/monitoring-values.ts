import type { Objective } from "../gates/objective.ts";
import { namespaceOf, SERVICE_NAMES } from "../stacks/services.ts";
import type { Alert } from "./monitoring/alerts.ts";
import { burnAlerts, dependencyAlerts, WATCHDOG } from "./monitoring/alerts.ts";
import { cacheDashboard, dashboardJson, databaseDashboard, reliabilityDashboard } from "./monitoring/dashboards.ts";
import {
  alertRouting,
  type Channels,
  type OnCallReference,
  type Routing,
  type SlackReference,
} from "./monitoring/routing.ts";
import type { AlertingRule, RuleGroup } from "./monitoring/rules.ts";
import { sloRuleGroups } from "./monitoring/rules.ts";
import { factRules, type StackFacts, stackAlerts } from "./monitoring/stack-alerts.ts";

export interface MonitoringArgs {
  readonly stack: string;
  /** The same list that the gates judge by. */
  readonly objectives: readonly Objective[];
  readonly channels: Channels;
  readonly facts: StackFacts;
  /** Where this repository's files can be read, without a slash at the end. */
  readonly runbookBaseUrl: string;
  /** Where Slack's secrets are; undefined leaves all alerts to the cluster's own routes. */
  readonly slack: SlackReference | undefined;
  /** Where the keys of those who wake people are; undefined leaves pages to Slack alone. */
  readonly onCall: OnCallReference | undefined;
  /** Where the monitoring objects live, and the Prometheus that reads them. */
  readonly namespace: string;
}

/** The values of the monitoring chart. */
export interface MonitoringValues {
  readonly stack: string;
  readonly scrape: { readonly namespaces: readonly string[]; readonly intervalSeconds: number };
  readonly groups: readonly RuleGroup[];
  readonly routing: Routing;
  readonly slack?: SlackReference;
  readonly onCall?: OnCallReference;
  /** Grafana's JSON by file name without its ending. */
  readonly dashboards: Readonly<Record<string, string>>;
}

const SCRAPE_INTERVAL_SECONDS = 15;

/** Every rule, alert, route and dashboard, made from one list of objectives; the same input gives the same text. */
export function monitoringValues(args: MonitoringArgs): MonitoringValues {
  const { stack, objectives } = args;
  const alerts = alertsOf(stack, objectives)
    // What fires always would be noise where nobody listens for its silence.
    .filter(({ severity }) => severity !== "heartbeat" || args.onCall?.heartbeat === true)
    .map((alert) => alertingRule(alert, args));
  const dashboards = [reliabilityDashboard(stack, objectives), databaseDashboard(stack), cacheDashboard(stack)];
  return {
    stack,
    scrape: { namespaces: SERVICE_NAMES.map(namespaceOf), intervalSeconds: SCRAPE_INTERVAL_SECONDS },
    groups: [
      ...sloRuleGroups(stack, objectives),
      factRules(stack, args.facts),
      { name: "sparki-alerts", interval: "30s", rules: alerts },
    ],
    routing: alertRouting(args.channels),
    ...(args.slack && { slack: args.slack }),
    ...(args.onCall && { onCall: args.onCall }),
    dashboards: Object.fromEntries(
      dashboards.map((dashboard) => [dashboard.uid, JSON.stringify(dashboardJson(stack, dashboard))]),
    ),
  };
}

/** The alerts of a stack, each with its page of the runbook. */
export function alertsOf(stack: string, objectives: readonly Objective[]): Alert[] {
  return [
    ...objectives.flatMap((objective) => burnAlerts(stack, objective)),
    ...dependencyAlerts(stack),
    ...stackAlerts(stack),
    WATCHDOG,
  ];
}

function alertingRule(alert: Alert, { stack, namespace, runbookBaseUrl }: MonitoringArgs): AlertingRule {
  return {
    alert: alert.name,
    expr: alert.expr,
    ...(alert.for === undefined ? {} : { for: alert.for }),
    ...(alert.keepFiringFor === undefined ? {} : { keep_firing_for: alert.keepFiringFor }),
    labels: {
      ...alert.labels,
      stack,
      severity: alert.severity,
      component: alert.component,
      service: alert.service ?? "{{ $labels.namespace }}",
      ...(alert.isCausedByDeployment === true && { caused_by: "deployment" }),
      // The operator hands an AlertmanagerConfig only the alerts of its own namespace.
      namespace,
    },
    annotations: {
      summary: alert.summary,
      runbook_url: `${runbookBaseUrl}/docs/alerts.md#${alert.name.toLowerCase()}`,
    },
  };
}
