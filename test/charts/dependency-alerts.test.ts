import { dependencyAlerts } from "../../apps/monitoring/alerts.ts";
import type { AlertingRule, RuleGroup } from "../../apps/monitoring/rules.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { type AlertCase, playAlert, type Scenario, testRules } from "../support/promtool.ts";

const ENGINE = 'namespace="sparki-engine",stack="prod"';

function missing(alert: string, namespace: string): AlertCase {
  return {
    alert,
    // Gone from minute 10, as a target that is no longer there; scraped again from minute 30.
    series: {
      [`up{namespace="${namespace}",stack="prod",pod="a"}`]: "1x9 stale _x19 1x20",
      'up{namespace="other"}': "1x60",
    },
    silentAt: [9, 13, 32],
    firingAt: [17, 28],
  };
}

function failing(alert: string, metric: string): AlertCase {
  return {
    alert,
    series: {
      [`${metric}{${ENGINE},result="ok"}`]: "0+1000x60",
      // 0.5 % until minute 10, 5 % until minute 30, then none.
      [`${metric}{${ENGINE},result="error"}`]: "0+5x10 100+50x19 1050+0x30",
    },
    silentAt: [9, 12, 40],
    firingAt: [20, 30],
  };
}

/** Users' requests to one pod, minute by minute: so many in a minute, then none, then as many again. */
function stopping(perMinute: number, labels: Readonly<Record<string, string>> = {}): AlertCase["series"] {
  const all = { namespace: "sparki-engine", stack: "prod", synthetic: "false", pod: "a", ...labels };
  const named = Object.entries(all).map(([label, value]) => `${label}="${value}"`);
  const sum = perMinute * 80;
  return {
    [`http_requests_total{${named}}`]: `0+${perMinute}x80 ${sum}x29 ${sum}+${perMinute}x30`,
    [`up{${ENGINE},pod="a"}`]: "1x140",
  };
}

const CASES: readonly AlertCase[] = [
  { alert: "RequestsStopped", series: stopping(600), silentAt: [60, 80, 90, 113, 130], firingAt: [94, 109] },
  // Fewer than one a second, and requests that are not users'.
  { alert: "RequestsStopped", series: stopping(50), silentAt: [80, 94, 109], firingAt: [] },
  { alert: "RequestsStopped", series: stopping(600, { synthetic: "true" }), silentAt: [94, 109], firingAt: [] },
  {
    alert: "RequestsStopped",
    // A roll-out: the old pod goes, and users ask the new one.
    series: {
      ...stopping(600, { pod: "b" }),
      'http_requests_total{namespace="sparki-engine",stack="prod",synthetic="false",pod="c"}': "_x82 0+600x57",
    },
    silentAt: [94, 109],
    firingAt: [],
  },
  {
    alert: "RequestsStopped",
    // Nobody looks: that is another alert.
    series: { ...stopping(600), [`up{${ENGINE},pod="a"}`]: "1x80 0x60" },
    silentAt: [94, 109],
    firingAt: [],
  },
  {
    alert: "RequestsStopped",
    // For longer than the hour with which it compares: it is over when they come again, and not before.
    series: {
      [`http_requests_total{${ENGINE},synthetic="false",pod="a"}`]: "0+600x80 48000x119 48000+6x30",
      [`up{${ENGINE},pod="a"}`]: "1x240",
    },
    silentAt: [80, 204, 220],
    firingAt: [94, 139, 160, 199],
  },
  missing("EngineMetricsMissing", "sparki-engine"),
  missing("WebMetricsMissing", "sparki-web"),
  {
    alert: "EngineMetricsMissing",
    // A first deployment: nothing is there, then the first pod does not answer yet, then it does; later it is gone.
    series: { [`up{${ENGINE},pod="a"}`]: "_x20 0x9 1x9 stale _x30", 'up{namespace="other"}': "1x70" },
    silentAt: [6, 19, 28, 35, 42],
    firingAt: [47, 60],
  },
  {
    alert: "EngineMetricsMissing",
    // It answered last a day ago, and never since; another stack's pods are none of this one's.
    series: { [`up{${ENGINE},pod="a"}`]: "1x9 stale", 'up{namespace="sparki-engine",stack="staging"}': "1x1500" },
    silentAt: [9],
    firingAt: [17, 1450],
  },
  {
    alert: "WebMetricsMissing",
    // Only the engine was ever there.
    series: { [`up{${ENGINE},pod="a"}`]: "1x60" },
    silentAt: [10, 60],
    firingAt: [],
  },
  {
    alert: "EngineMetricsMissing",
    // Every scrape fails, and later one pod of two answers.
    series: { [`up{${ENGINE},pod="a"}`]: "1x9 0x30 0x20", [`up{${ENGINE},pod="b"}`]: "1x9 0x19 1x30" },
    silentAt: [9, 13, 31],
    firingAt: [17, 28],
  },
  {
    alert: "DatabaseConnectionsExhausted",
    series: {
      [`database_connections{${ENGINE},state="active",pod="a"}`]: "2x9 4x29 1x20",
      [`database_connections{${ENGINE},state="idle",pod="a"}`]: "9x60",
      [`database_connections_max{${ENGINE},pod="a"}`]: "4x60",
    },
    silentAt: [9, 18, 41],
    firingAt: [22, 38],
  },
  ...["0x30 1x30", "_x30 1x30"].map((failed) => ({
    alert: "DatabaseFailing",
    // One statement of a quiet hour fails, the first of its series or not.
    series: {
      [`database_queries_total{${ENGINE},result="ok"}`]: "0+1x60",
      [`database_queries_total{${ENGINE},result="error"}`]: failed,
    },
    silentAt: [31, 33, 35, 36, 37, 50],
    firingAt: [],
  })),
  failing("DatabaseFailing", "database_queries_total"),
  failing("CacheFailing", "cache_commands_total"),
];

const alerts = alertRules();

describe("alerts about what the service stands on", () => {
  it.each(CASES)("$alert stays silent, fires and resolves", ({ alert, series, silentAt, firingAt }) => {
    expect(playAlert([alerts], { alert, series, silentAt, firingAt })).toBe("");
  });

  it("have a case each", () => {
    expect(new Set(CASES.map(({ alert }) => alert))).toEqual(new Set(dependencyAlerts("prod").map(({ name }) => name)));
  });

  it("tell whom it concerns, about which service, with the page to read", () => {
    const told: Scenario = {
      name: "labels and annotations",
      interval: "1m",
      input_series: [{ series: 'up{namespace="sparki-web",stack="prod",pod="a"}', values: "1 0x20" }],
      alert_rule_test: [
        {
          eval_time: "10m",
          alertname: "WebMetricsMissing",
          exp_alerts: [
            {
              exp_labels: {
                severity: "page",
                component: "monitoring",
                service: "sparki-web",
                namespace: "sparki-monitoring",
                stack: "prod",
              },
              exp_annotations: {
                summary: "No pod in sparki-web answers Prometheus: nobody would notice an outage",
                runbook_url: "https://github.com/alexarno/sparki-deploy/blob/main/docs/alerts.md#webmetricsmissing",
              },
            },
          ],
        },
      ],
    };
    expect(testRules([{ groups: [alerts], scenarios: [told] }], "1m")).toBe("");
  });
});

function alertRules(): RuleGroup {
  const { groups } = monitoringValues(monitoringArgs("prod"));
  const group = groups.find(({ name }) => name === "sparki-alerts");
  if (group === undefined) throw new Error("no group of alerts");
  return { ...group, rules: group.rules.filter((rule): rule is AlertingRule => "alert" in rule) };
}
