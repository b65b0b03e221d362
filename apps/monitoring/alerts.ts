import { WORKBOOK_PAIRS } from "../../gates/burn-rate.ts";
import type { Objective } from "../../gates/objective.ts";
import { growthQuery } from "../../io/growth-query.ts";
import { objectiveLabel } from "../../stacks/schema.ts";
import { namespaceOf, SERVICE_NAMES, type ServiceName } from "../../stacks/services.ts";
import {
  badCount,
  badRatio,
  held,
  type Matcher,
  rateOnce,
  selector,
  usersCounters,
  type Window,
  windowOf,
  windowSeconds,
} from "./rules.ts";

/**
 * Who hears of it: `page` wakes the engineer on call, `ticket` waits for the working day, and a `heartbeat` fires always:
 * whoever hears it calls a person when it stops.
 */
export type Severity = "page" | "ticket" | "heartbeat";

/** What an alert is about, and so whose channel it goes to as well. */
export type Component = "application" | "database" | "cache" | "network" | "platform" | "monitoring";

/** An alert with the page of the runbook that it links to; neither exists without the other. */
export interface Alert {
  /** In upper camel case; its lower case is the anchor of its page. */
  readonly name: string;
  readonly severity: Severity;
  readonly component: Component;
  /** PromQL; its series carry `namespace`, where no `service` is named. */
  readonly expr: string;
  readonly for?: string;
  /** How long it goes on after its condition has ended. @default it ends with it */
  readonly keepFiringFor?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What it is about, for alerts whose series carry no `namespace`. @default the series' namespace */
  readonly service?: string;
  /** Whether a deployment causes it without anything being wrong: it is silenced for as long as one goes on. */
  readonly isCausedByDeployment?: boolean;
  /** One line, with Prometheus's templates. */
  readonly summary: string;
  readonly page: AlertPage;
}

interface AlertPage {
  /** What it says about the service, and to whom that matters. */
  readonly meaning: string;
  /** When it fires, and when it stops. */
  readonly timing: string;
  /** Where to look, most telling first. */
  readonly look: readonly string[];
  /** What to do about it, first things first. */
  readonly act: readonly string[];
}

const SPEEDS = ["Fast", "Medium", "Slow"] as const;

/** The pairs by which `watch` judges too, as Prometheus names their windows. */
export const BURN_PAIRS = WORKBOOK_PAIRS.map((pair, index) => ({
  /** Tells an objective's alerts apart. */
  speed: SPEEDS[index] ?? `${index + 1}`,
  long: windowOf(pair.longSeconds),
  short: windowOf(pair.shortSeconds),
  factor: pair.maxBurnRate,
  severity: pair.severity,
  budgetUsed: pair.budgetUsed,
}));

type BurnPair = (typeof BURN_PAIRS)[number];

/**
 * How many bad requests the long window must have: one in a quiet hour burns at 1000x, and means nothing. Fewer let
 * errors within the objective page several times a month, more make an outage at a few requests an hour wait for hours
 * (test/apps/burn-alert-minimum.test.ts).
 */
export const MIN_BAD_REQUESTS = 3;
/** Prometheus estimates what a counter grew by, to a part of one: two are never over this, and three are. */
const LEAST_COUNT = MIN_BAD_REQUESTS - 0.5;
/** Between two failed requests of an outage more than five minutes may pass: told as over and told again, each pages. */
const FAST_KEEPS_FIRING = "15m";
const HELD_WINDOW: Window = "5m";

/** The burn-rate alerts of an objective; a pair that not even failing every request could reach has none. */
export function burnAlerts(stack: string, objective: Objective): Alert[] {
  return BURN_PAIRS.filter(({ factor }) => factor * objective.maxRatio < 1).map((pair) =>
    burnAlert(stack, objective, pair),
  );
}

function burnAlert(stack: string, objective: Objective, pair: BurnPair): Alert {
  const { speed, long, short, factor, severity } = pair;
  const limit = `${factor} * ${objective.maxRatio}`;
  return {
    name: `${upperCamelCase(objectiveLabel(objective))}BudgetBurn${speed}`,
    severity,
    component: "application",
    expr: `${badRatio(stack, objective, long)} > ${limit} and ${badRatio(stack, objective, short)} > ${limit} and ${badCount(stack, objective, long)} > ${LEAST_COUNT}`,
    ...(short === HELD_WINDOW && { keepFiringFor: FAST_KEEPS_FIRING }),
    labels: { burn_windows: `${long}/${short}` },
    summary: `{{ $labels.namespace }} burns its budget "${objective.name}" over ${factor}x too fast: {{ $value | humanizePercentage }} of requests bad over ${long}`,
    page: burnPage(objective, pair),
  };
}

function burnPage(objective: Objective, { long, short, factor, severity, budgetUsed }: BurnPair) {
  const limit = percent(factor * objective.maxRatio);
  const bad = objective.kind.type === "errors" ? "failed with a 5xx" : `took longer than ${objective.kind.seconds} s`;
  return {
    meaning: `More than ${limit} of users' requests ${bad}, over ${long} and still over ${short}. The objective allows ${percent(objective.maxRatio)} over 30 days; at this rate ${percent(budgetUsed)} of that budget is gone when the alert fires.`,
    timing: `Fires when both windows are over ${factor} x ${percent(objective.maxRatio)} and the longer has at least ${MIN_BAD_REQUESTS} such requests: ${firesAfter(factor, objective.maxRatio, long)}; [where few come](#where-few-requests-come), with the third. ${endsAfter(short)}`,
    look: [
      "Dashboard *Reliability SLO*: which service, since when, and whether a deployment marker stands at the beginning.",
      "The same dashboard's panels by release and by track: only the newest release, or all of them?",
      objective.kind.type === "errors" ? "`npx sparki diagnose errors`" : "`npx sparki diagnose latency`",
      "Dashboards *Database* and *Cache*: connections, waiting, errors, slow statements.",
    ],
    act: [
      "Began with a release less than 24 h old: give it 5 minutes to settle, then `npx sparki rollback`.",
      "Database or cache are at fault: bring in their owners; a rollback does not help.",
      severity === "page"
        ? "Neither explains it within 15 minutes: escalate to the whole of the on-call team, then to the platform lead."
        : "No hurry, but no release either until it has stopped: `npx sparki deploy` refuses to start while a budget burns.",
    ],
  };
}

function endsAfter(short: Window): string {
  if (short !== HELD_WINDOW) return `Ends within ${short} of the burning's end.`;
  return `Ends ${FAST_KEEPS_FIRING} after the condition has, which it does within ${short} of the burning's end.`;
}

function firesAfter(factor: number, maxRatio: number, long: Window): string {
  const seconds = factor * maxRatio * windowSeconds(long);
  return `after ${duration(seconds)} in which every request is bad, after all of ${long} when the proportion is only just over`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}

function upperCamelCase(label: string): string {
  return label.replaceAll(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

/**
 * Alerts about what the objectives stand on: metrics and users' requests that arrive, and the engine's view of its
 * database and cache.
 */
export function dependencyAlerts(stack: string): Alert[] {
  return [
    ...SERVICE_NAMES.map((service) => metricsMissing(stack, service)),
    requestsStopped(stack),
    databaseConnectionsExhausted(stack),
    failing(stack, {
      name: "DatabaseFailing",
      component: "database",
      metric: "database_queries_total",
    }),
    failing(stack, {
      name: "CacheFailing",
      component: "cache",
      metric: "cache_commands_total",
    }),
  ];
}

/** Fires always: whoever hears it knows that Prometheus evaluates, Alertmanager tells, and messages leave. */
export const WATCHDOG: Alert = {
  name: "Watchdog",
  severity: "heartbeat",
  component: "monitoring",
  expr: "vector(1)",
  service: "alerting",
  summary: "Alerting works; what is to be heeded is that this stops",
  page: {
    meaning:
      "Fires always, and is told once a minute to the address in `sparki:heartbeatUrl` and to nobody else. Whoever keeps that address calls a person when nothing came for five minutes: then Prometheus does not evaluate, Alertmanager does not tell, or nothing leaves the cluster, and no other alert would reach anybody. A stack without that address has no such alert.",
    timing:
      "Fires from the first evaluation on. Within five minutes of Prometheus's end Alertmanager tells it no more.",
    look: [
      "`npx sparki preflight`: do Prometheus and Alertmanager answer, and is a sample alert routed?",
      "`npx sparki verify`: does the service itself answer, which nobody watches now?",
      "`kubectl get pods -n sparki-monitoring`: do Storm's pods run, and since when?",
    ],
    act: [
      "Treat every other alert as if it might fire unheard: watch the service by `npx sparki status` until this is repaired.",
      "Prometheus or Alertmanager are down: ask Storm's people; hold every release until then.",
      "Both run: look for what keeps messages from leaving, such as a changed network policy, NAT or firewall.",
    ],
  },
};

/** As long as Prometheus may remember: what has answered once in that time is known to have been there. */
const SEEN_WINDOW = "30d";

/**
 * Without metrics no other alert can fire, so their absence is the most urgent of all. What never answered is not missed:
 * before the first pod of a first deployment there is nothing to scrape, and its gates hold without metrics.
 */
function metricsMissing(stack: string, service: ServiceName): Alert {
  const namespace = namespaceOf(service);
  const up = `up${selector(["namespace", "=", namespace], ["stack", "=", stack])}`;
  return {
    name: `${service.charAt(0).toUpperCase()}${service.slice(1)}MetricsMissing`,
    severity: "page",
    component: "monitoring",
    expr: `(sum by (namespace) (${up}) == 0 or absent(${up})) and on () max(max_over_time(${up}[${SEEN_WINDOW}])) > 0`,
    for: "5m",
    summary: `No pod in ${namespace} answers Prometheus: nobody would notice an outage`,
    page: {
      meaning: `Prometheus has not scraped a single pod in ${namespace} for 5 minutes. Either the service is down, or it can no longer be seen; until it is known which, treat it as down.`,
      timing:
        "Fires 5 minutes after the last successful scrape. Ends with the first one. Silent until a pod has answered for the first time in 30 days: a first deployment, whose gates hold without metrics, pages nobody.",
      look: [
        `\`npx sparki verify\`: does the service answer from outside?`,
        `\`kubectl get pods -n ${namespace}\`: are pods running and ready?`,
        `\`kubectl get networkpolicies -n ${namespace}\` and the PodMonitor in sparki-monitoring: may Prometheus still reach them, and does it look for them?`,
      ],
      act: [
        "The service does not answer: `npx sparki rollback` if a release is under way or just done, else escalate at once.",
        "The service answers: repair the scraping; hold every release until then, the gates are as blind as you are.",
      ],
    },
  };
}

const TEN_MINUTES = 600;
const REQUESTS_STOPPED = "RequestsStopped";

/** What no pod is asked, no pod counts as failed: every objective looks kept while the way in is broken. */
function requestsStopped(stack: string): Alert {
  const counters = usersCounters("http_requests_total", stack);
  const now = `${growthQuery(counters, TEN_MINUTES)} > 0`;
  // After an hour an hour ago was as quiet: what has begun is over when requests come again.
  const firing = `max by (service) (ALERTS${selector(["alertname", "=", REQUESTS_STOPPED], ["alertstate", "=", "firing"], ["stack", "=", stack])})`;
  const begun = `label_replace(${firing}, "namespace", "$1", "service", "(.*)")`;
  const hourAgo = `sum by (namespace) (${rateOnce(counters.metric, "10m", " offset 1h")}) > 1`;
  const scraped = `sum by (namespace) (${counters.up}) > 0`;
  return {
    name: REQUESTS_STOPPED,
    severity: "page",
    component: "application",
    expr: `((${hourAgo} or sum by (namespace) (${begun})) unless ${now}) and ${scraped}`,
    for: "2m",
    summary:
      "No user's request has reached {{ $labels.namespace }} for 10 minutes; before, more than one came every second",
    page: {
      meaning:
        "Users asked for more than one thing a second an hour ago, and for nothing in the last 10 minutes, although the pods run and are scraped. What never reaches a pod is counted nowhere, so no budget alert fires: the load balancer, its targets, the certificate or DNS are the likely cause.",
      timing: "Fires 12 minutes after the last request. Ends with the next one.",
      look: [
        "`npx sparki verify`: does the service answer from outside, by its name and by the load balancer's own?",
        "`npx sparki preflight`: delegation, certificate and what has drifted.",
        "The load balancer in the AWS console: healthy targets, answers of 5xx that are its own, requests that the firewall blocks.",
      ],
      act: [
        "Nothing answers from outside and a release is under way or just done: `npx sparki rollback`.",
        "Targets are unhealthy, or the certificate, DNS or the firewall were changed: put that back; the pods need nothing.",
        "All answers from outside: ask the users' side (the network before AWS, a client's release) before changing anything.",
      ],
    },
  };
}

function databaseConnectionsExhausted(stack: string): Alert {
  const series = selector(["namespace", "=", "sparki-engine"], ["stack", "=", stack]);
  const active = selector(["namespace", "=", "sparki-engine"], ["stack", "=", stack], ["state", "=", "active"]);
  return {
    name: "DatabaseConnectionsExhausted",
    severity: "ticket",
    component: "database",
    expr: `sum by (namespace) (${held(`database_connections${active}`)}) / sum by (namespace) (${held(`database_connections_max${series}`)}) > 0.9`,
    for: "10m",
    summary: "{{ $value | humanizePercentage }} of the engine's database connections are in use",
    page: {
      meaning:
        "Over 90 % of all connections that the engine's pods may open are busy. Requests begin to wait for one, and soon are slow.",
      timing: "Fires after 10 minutes above 90 %. Ends as soon as it is below.",
      look: [
        "Dashboard *Database*: connections by state, requests waiting, slow statements.",
        "`npx sparki diagnose database`",
        "Performance Insights of the RDS instance: which statement holds them.",
      ],
      act: [
        "A statement has become slow with the newest release: `npx sparki rollback`.",
        "Load has grown: raise `engine.maxReplicas` only if the instance's connection limit allows it, else ask the database's owners for a larger instance class.",
      ],
    },
  };
}

interface Dependency {
  readonly name: string;
  readonly component: Component;
  /** A counter of what was asked of it, with a `result`. */
  readonly metric: string;
}

function failing(stack: string, { name, component, metric }: Dependency): Alert {
  const rate = (...result: readonly Matcher[]) =>
    `sum by (namespace) (rate(${metric}${selector(["namespace", "=", "sparki-engine"], ["stack", "=", stack], ...result)}[5m]))`;
  return {
    name,
    severity: "ticket",
    component,
    expr: `${rate(["result", "=", "error"])} / (${rate()} > 0) > 0.01`,
    for: "5m",
    summary: `{{ $value | humanizePercentage }} of what the engine asks of its ${component} fails`,
    page: {
      meaning: `More than 1 % of what the engine asks of its ${component} has failed for 5 minutes. Users feel it as errors; when they feel it enough, a budget alert pages.`,
      timing: "Fires after 5 minutes above 1 %. Ends as soon as it is below.",
      look: [
        `Dashboard *${component === "database" ? "Database" : "Cache"}*: errors, latency, and deployment markers.`,
        `\`npx sparki diagnose ${component === "database" ? "database" : "errors"}\` and the engine's log lines of level ERROR.`,
        "The service's events in the AWS console: failover, maintenance, full storage or memory.",
      ],
      act: [
        "A failover or maintenance: wait, it ends by itself within 2 minutes; the engine reconnects.",
        `Anything else: bring in the ${component}'s owners. Security groups and network policies are in this repository; look for a recent change.`,
      ],
    },
  };
}
