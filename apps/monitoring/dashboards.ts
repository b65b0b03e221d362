import { type BurnWindow, MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import type { Objective } from "../../gates/objective.ts";
import { badRatio, type Matcher, rateOnce, selector, served, windowOf } from "./rules.ts";

/** Units as Grafana names them. */
type Unit = "percentunit" | "s" | "reqps" | "short" | "x";

/** A panel before it has a place; what Grafana needs beyond this is the same for all. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "stat" | "timeseries" | "bargauge";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
  /** From this value on it is bad; `worse` says in which direction. */
  readonly limit?: { readonly value: number; readonly worse: "above" | "below" };
}

export interface Query {
  readonly expr: string;
  /** With Grafana's `{{label}}`. */
  readonly legend: string;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The data source that the dashboard's reader has chosen. */
const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;

const HEIGHT = 8;

const COLUMNS = 24;

/** The panels as Grafana's JSON, laid out in rows from left to right, none over another. */
function layOut(panels: readonly Panel[]): Json[] {
  let x = 0;
  let y = 0;
  return panels.map((panel, index) => {
    if (x + panel.width > COLUMNS) {
      x = 0;
      y += HEIGHT;
    }
    const gridPos = { x, y, w: panel.width, h: HEIGHT };
    x += panel.width;
    return panelJson(panel, index + 1, gridPos);
  });
}

function panelJson(panel: Panel, id: number, gridPos: Json): Json {
  return {
    id,
    gridPos,
    type: panel.type,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: options(panel.type),
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      instant: panel.type !== "timeseries",
      range: panel.type === "timeseries",
    })),
  };
}

function fieldDefaults({ type, unit, limit }: Panel): Json {
  const colours = limit?.worse === "below" ? ["red", "green"] : ["green", "red"];
  const steps = [
    { color: colours[0] ?? "green", value: null },
    ...(limit ? [{ color: colours[1] ?? "red", value: limit.value }] : []),
  ];
  return {
    unit: unit === "x" ? "suffix: x" : unit,
    thresholds: { mode: "absolute", steps },
    color: { mode: type === "timeseries" ? "palette-classic" : "thresholds" },
    ...(type === "timeseries" && limit ? { custom: { thresholdsStyle: { mode: "dashed" } } } : {}),
  };
}

function options(type: Panel["type"]): Json {
  if (type === "timeseries")
    return { legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"] } };
  return { reduceOptions: { calcs: ["lastNotNull"] }, textMode: "value_and_name" };
}

export interface Dashboard {
  /** Also its address in Grafana. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

/** A dashboard as Grafana imports it, with a marker where a release first shows. */
export function dashboardJson(stack: string, { uid, title, description, panels }: Dashboard): Json {
  return {
    uid: `sparki-${stack}-${uid}`,
    title: `${title} (${stack})`,
    description,
    tags: ["sparki", stack],
    schemaVersion: 39,
    version: 1,
    editable: false,
    timezone: "utc",
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    graphTooltip: 1,
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", hide: 0 }],
    },
    annotations: { list: [deploymentMarkers(stack)] },
    panels: layOut(panels),
  };
}

/** A mark wherever pods of a release appear that was not there two minutes before. */
function deploymentMarkers(stack: string): Json {
  return {
    name: "Deployments",
    type: "dashboard",
    enable: true,
    iconColor: "blue",
    datasource: DATASOURCE,
    expr: deploymentsQuery(stack),
    step: "30s",
    titleFormat: "{{release}}",
    textFormat: "{{namespace}} {{track}}",
    tagKeys: "track,namespace",
  };
}

function deploymentsQuery(stack: string): string {
  const up = `up${selector(...served(stack))}`;
  const running = `count by (namespace, track, release) (${up})`;
  return `${running} unless ${running.replace(up, `${up} offset 2m`)}`;
}

function engineSeries(stack: string, ...more: readonly Matcher[]): string {
  return selector(["namespace", "=", "sparki-engine"], ["stack", "=", stack], ...more);
}

function series(title: string, description: string, unit: Panel["unit"], queries: readonly Query[]): Panel {
  return { title, description, type: "timeseries", unit, width: 12, queries };
}

/** The database as the engine's pods see it. */
export function databaseDashboard(stack: string): Dashboard {
  const connections = (...more: readonly Matcher[]) =>
    `sum by (state) (database_connections${engineSeries(stack, ...more)})`;
  return {
    uid: "database",
    title: "Database",
    description: "Connections, waiting, latency and errors of PostgreSQL, as the engine sees them.",
    panels: [
      series("Connections", "Of all the engine's pods together; none is left at the limit.", "short", [
        { expr: connections(), legend: "{{state}}" },
        { expr: `sum(database_connections_max${engineSeries(stack)})`, legend: "limit" },
      ]),
      series("Requests waiting for a connection", "Above 0 the pool is too small for the load.", "short", [
        { expr: `sum by (track) (database_connection_waiters${engineSeries(stack)})`, legend: "{{track}}" },
      ]),
      series("Query latency: P50, P95, P99", "Time until the answer, without the wait for a connection.", "s", [
        ...quantiles("database_query_duration_seconds", stack),
      ]),
      series("Slowest statements, P95", "Which statement it is.", "s", [
        {
          expr: `topk(5, histogram_quantile(0.95, sum by (statement, le) (rate(database_query_duration_seconds_bucket${engineSeries(stack)}[5m]))))`,
          legend: "{{statement}}",
        },
      ]),
      ...ratesByResult(stack, "database_queries_total", "Queries"),
    ],
  };
}

/** The cache as the engine's pods see it. */
export function cacheDashboard(stack: string): Dashboard {
  const reads = (...more: readonly Matcher[]) => `sum(rate(cache_commands_total${engineSeries(stack, ...more)}[5m]))`;
  const hits = reads(["result", "=", "hit"]);
  return {
    uid: "cache",
    title: "Cache",
    description: "Hits, latency and errors of Redis, as the engine sees them.",
    panels: [
      series("Hit ratio", "Of all reads; a release with new keys starts low.", "percentunit", [
        { expr: `${hits} / (${reads(["result", "=~", "hit|miss"])} > 0)`, legend: "hits" },
      ]),
      series("Command latency: P50, P95, P99", "Time until the answer.", "s", [
        ...quantiles("cache_command_duration_seconds", stack),
      ]),
      ...ratesByResult(stack, "cache_commands_total", "Commands"),
    ],
  };
}

function quantiles(histogram: string, stack: string): Query[] {
  const buckets = `sum by (le) (rate(${histogram}_bucket${engineSeries(stack)}[5m]))`;
  return [0.5, 0.95, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, ${buckets})`,
    legend: `P${quantile * 100}`,
  }));
}

function ratesByResult(stack: string, counter: string, what: string): Panel[] {
  const rate = (...more: readonly Matcher[]) => `sum(rate(${counter}${engineSeries(stack, ...more)}[5m]))`;
  const failed = `(${rate(["result", "=", "error"])} or 0 * ${rate()})`;
  return [
    series(`${what} by result`, "A second.", "reqps", [
      { expr: `sum by (result) (rate(${counter}${engineSeries(stack)}[5m]))`, legend: "{{result}}" },
    ]),
    {
      ...series(`${what} that fail`, "More than 1 % for 5 minutes makes a ticket.", "percentunit", [
        { expr: `${failed} / (${rate()} > 0)`, legend: "failed" },
      ]),
      limit: { value: 0.01, worse: "above" },
    },
  ];
}

/** What the runbook looks at after a deployment: budget, burn rates, the objectives, latency and errors. */
export function reliabilityDashboard(stack: string, objectives: readonly Objective[]): Dashboard {
  return {
    uid: "reliability",
    title: "Reliability SLO",
    description: "Error budgets, burn rates, latency and errors of Sparki, by service and by release.",
    panels: [
      budgetLeft(stack, objectives),
      ...RELEASE_WINDOWS.map((window) => burnRate(stack, objectives, window)),
      ...objectives.map((objective) => compliance(stack, objective)),
      errorRatio(stack),
      latency(stack),
      requests(stack),
      errorsByRelease(stack),
    ],
  };
}

function budgetLeft(stack: string, objectives: readonly Objective[]): Panel {
  return {
    title: "Error budget left, 30 days",
    description: "100 % is untouched, 0 % is used up. The runbook wants more than 95 % after a deployment.",
    type: "bargauge",
    unit: "percentunit",
    width: 8,
    limit: { value: MIN_BUDGET_LEFT, worse: "below" },
    queries: objectives.map((objective) => ({
      expr: `1 - ${badRatio(stack, objective, "30d")} / ${objective.maxRatio}`,
      legend: `${objective.name}, {{namespace}}`,
    })),
  };
}

function burnRate(stack: string, objectives: readonly Objective[], window: BurnWindow): Panel {
  return {
    title: `Burn rate, ${window.name}`,
    description: "1x uses up exactly the budget of 30 days in 30 days. The runbook wants less.",
    type: "bargauge",
    unit: "x",
    width: 8,
    limit: { value: window.maxBurnRate, worse: "above" },
    queries: objectives.map((objective) => ({
      expr: `${badRatio(stack, objective, windowOf(window.seconds))} / ${objective.maxRatio}`,
      legend: `${objective.name}, {{namespace}}`,
    })),
  };
}

function compliance(stack: string, objective: Objective): Panel {
  return {
    title: `SLO Compliance: ${objective.name}`,
    description: `Proportion of bad requests; the objective is less than ${objective.maxRatio}.`,
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    limit: { value: objective.maxRatio, worse: "above" },
    queries: (["5m", "1h"] as const).map((window) => ({
      expr: badRatio(stack, objective, window),
      legend: `{{namespace}}, ${window}`,
    })),
  };
}

function userRequests(stack: string, ...more: readonly Matcher[]): string {
  return selector(...served(stack), ["synthetic", "=", "false"], ...more);
}

function errorRatio(stack: string): Panel {
  const rate = (labels: string) => `sum by (namespace) (${rateOnce(`http_requests_total${labels}`, "5m")})`;
  const all = rate(userRequests(stack));
  return {
    title: "Error rate",
    description: "Users' requests answered with 5xx.",
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    queries: [
      {
        expr: `(${rate(userRequests(stack, ["status", "=~", "5.."]))} or 0 * ${all}) / (${all} > 0)`,
        legend: "{{namespace}}",
      },
    ],
  };
}

function latency(stack: string): Panel {
  const buckets = `sum by (namespace, le) (${rateOnce(`http_request_duration_seconds_bucket${userRequests(stack)}`, "5m")})`;
  return {
    title: "Latency: P50, P95, P99",
    description: "As interpolated from the histogram; the objectives themselves count requests over a limit.",
    type: "timeseries",
    unit: "s",
    width: 12,
    queries: ([0.5, 0.95, 0.99] as const).map((quantile) => ({
      expr: `histogram_quantile(${quantile}, ${buckets})`,
      legend: `{{namespace}} P${quantile * 100}`,
    })),
  };
}

function requests(stack: string): Panel {
  const all = selector(...served(stack));
  return {
    title: "Requests by track",
    description: "Synthetic requests are the gates' own; they count for no objective here.",
    type: "timeseries",
    unit: "reqps",
    width: 12,
    queries: [
      {
        expr: `sum by (namespace, track, synthetic) (${rateOnce(`http_requests_total${all}`, "5m")})`,
        legend: "{{namespace}} {{track}}, synthetic {{synthetic}}",
      },
    ],
  };
}

function errorsByRelease(stack: string): Panel {
  const rate = (labels: string) => `sum by (namespace, release) (${rateOnce(`http_requests_total${labels}`, "5m")})`;
  const all = rate(userRequests(stack));
  return {
    title: "Error rate by release",
    description: "Whether it is the newest release, or all of them.",
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    queries: [
      {
        expr: `(${rate(userRequests(stack, ["status", "=~", "5.."]))} or 0 * ${all}) / (${all} > 0)`,
        legend: "{{namespace}} {{release}}",
      },
    ],
  };
}
