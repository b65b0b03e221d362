import type { Dashboard } from "./dashboard.ts";
import type { Panel, Query } from "./panel.ts";
import { type Matcher, selector } from "./rule.ts";

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
