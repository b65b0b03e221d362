import { type BurnWindow, MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import type { Objective } from "../../gates/objective.ts";
import type { Dashboard } from "./dashboard.ts";
import type { Panel } from "./panel.ts";
import { type Matcher, rateOnce, selector } from "./rule.ts";
import { badRatio, SERVED_NAMESPACES, windowOf } from "./slo-rules.ts";

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
  return selector(
    ["namespace", "=~", SERVED_NAMESPACES.join("|")],
    ["stack", "=", stack],
    ["synthetic", "=", "false"],
    ...more,
  );
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
  const all = selector(["namespace", "=~", SERVED_NAMESPACES.join("|")], ["stack", "=", stack]);
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
