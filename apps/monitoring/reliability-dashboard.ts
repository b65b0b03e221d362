import type { Objective } from "../../gates/objective.ts";
import type { Dashboard } from "./dashboard.ts";
import type { Panel } from "./panel.ts";
import { type Matcher, selector } from "./rule.ts";
import { badRatio, SERVED_NAMESPACES, type Window } from "./slo-rules.ts";

/** What the runbook looks at after a deployment: budget, burn rates, the objectives, latency and errors. */
export function reliabilityDashboard(stack: string, objectives: readonly Objective[]): Dashboard {
  return {
    uid: "reliability",
    title: "Reliability SLO",
    description: "Error budgets, burn rates, latency and errors of Sparki, by service and by release.",
    panels: [
      budgetLeft(stack, objectives),
      burnRate(stack, objectives, { title: "Burn rate, 30 minutes", window: "30m" }),
      burnRate(stack, objectives, { title: "Burn rate, 24 hours", window: "1d" }),
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
    description: "1 is untouched, 0 is used up. The runbook wants more than 0.95 after a deployment.",
    type: "bargauge",
    unit: "percentunit",
    width: 8,
    limit: { value: 0.95, worse: "below" },
    queries: objectives.map((objective) => ({
      expr: `1 - ${badRatio(stack, objective, "30d")} / ${objective.maxRatio}`,
      legend: `${objective.name}, {{namespace}}`,
    })),
  };
}

function burnRate(stack: string, objectives: readonly Objective[], panel: { title: string; window: Window }): Panel {
  return {
    title: panel.title,
    description: "1x uses up exactly the budget of 30 days in 30 days. The runbook wants less.",
    type: "bargauge",
    unit: "x",
    width: 8,
    limit: { value: 1, worse: "above" },
    queries: objectives.map((objective) => ({
      expr: `${badRatio(stack, objective, panel.window)} / ${objective.maxRatio}`,
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
  return selector(
    ["namespace", "=~", SERVED_NAMESPACES.join("|")],
    ["stack", "=", stack],
    ["synthetic", "=", "false"],
    ...more,
  );
}

function errorRatio(stack: string): Panel {
  const rate = (labels: string) => `sum by (namespace) (rate(http_requests_total${labels}[5m]))`;
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
  const buckets = `sum by (namespace, le) (rate(http_request_duration_seconds_bucket${userRequests(stack)}[5m]))`;
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
  const all = selector(["namespace", "=~", SERVED_NAMESPACES.join("|")], ["stack", "=", stack]);
  return {
    title: "Requests by track",
    description: "Synthetic requests are the gates' own; they count for no objective here.",
    type: "timeseries",
    unit: "reqps",
    width: 12,
    queries: [
      {
        expr: `sum by (namespace, track, synthetic) (rate(http_requests_total${all}[5m]))`,
        legend: "{{namespace}} {{track}}, synthetic {{synthetic}}",
      },
    ],
  };
}

function errorsByRelease(stack: string): Panel {
  const rate = (labels: string) => `sum by (namespace, release) (rate(http_requests_total${labels}[5m]))`;
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
