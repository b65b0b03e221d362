import { BURN_PAIRS, burnAlerts } from "../../apps/monitoring/alerts.ts";
import type { AlertingRule, RuleGroup } from "../../apps/monitoring/rules.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import type { Objective } from "../../gates/objective.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { type Scenario, testRules } from "../support/promtool.ts";
import { type Phase, type Traffic, trafficSeries } from "../support/traffic-series.ts";

const { groups } = monitoringValues(monitoringArgs("prod"));
const MINUTES = { "5m": 5, "30m": 30, "1h": 60, "6h": 360, "1d": 1440, "3d": 4320, "30d": 43_200 } as const;

type Pair = (typeof BURN_PAIRS)[number];

const CASES = monitoringArgs("prod").objectives.flatMap((objective) =>
  BURN_PAIRS.filter(({ factor }) => factor * objective.maxRatio < 1).map((pair) => ({
    name: burnAlerts("prod", objective).find(({ name }) => name.endsWith(pair.speed))?.name ?? "",
    objective,
    pair,
  })),
);

describe.each(CASES)("$name", ({ name, objective, pair }) => {
  const long = MINUTES[pair.long];
  const limit = pair.factor * objective.maxRatio;
  /** Minutes between two evaluations. */
  const step = long > 360 ? 10 : 2;
  /** Before anything goes wrong, a fifth of what is allowed is bad. */
  const calm: Phase = { minutes: long, badRatio: objective.maxRatio / 5 };
  const burning = Math.min(1, Math.max(2 * limit, 20 * objective.maxRatio));
  /** Minutes until the long window is over the limit, what was bad before counted in. */
  const detection = (long * (limit - calm.badRatio)) / (burning - calm.badRatio);
  const held = pair.speed === "Fast" ? 15 : 0;
  const early = long + 0.9 * detection - step;
  const late = long + 1.1 * detection + step;

  it("fires once the long window is over its limit, and not before", () => {
    const traffic = { objective, phases: [calm, { minutes: 1.5 * detection + 2 * step, badRatio: burning }] };
    expect(played(traffic, { [early]: 0, [late]: 1, [long + 1.5 * detection]: 1 })).toBe("");
  });

  it("stays silent while the budget burns just below its limit", () => {
    const traffic = { objective, phases: [calm, { minutes: long, badRatio: 0.9 * limit }] };
    expect(played(traffic, { [long]: 0, [1.5 * long]: 0, [2 * long - step]: 0 })).toBe("");
  });

  it("stays silent when the burning ends before the long window is over its limit", () => {
    const outburst = { minutes: detection / 2, badRatio: burning };
    const traffic = { objective, phases: [calm, outburst, { ...calm, minutes: 2 * detection }] };
    expect(played(traffic, { [long + detection / 2]: 0, [late]: 0 })).toBe("");
  });

  it("resolves within the short window, and what it is held for, once the burning has ended", () => {
    const end = long + 2 * detection;
    const traffic = { objective, phases: [calm, { minutes: 2 * detection, badRatio: burning }, calm] };
    expect(played(traffic, { [end - step]: 1, [end + MINUTES[pair.short] + held + step]: 0 })).toBe("");
  });

  it("does not count synthetic requests, other stacks' requests or silence", () => {
    const bad: readonly Phase[] = [{ minutes: 60, badRatio: 1 }];
    expect(played({ objective, phases: bad }, { 40: 1 })).toBe("");
    for (const labels of [{ synthetic: "true" }, { stack: "staging" }, { namespace: "default" }]) {
      expect(played({ objective, phases: bad, labels }, { 40: 0 })).toBe("");
    }
    expect(played({ objective, phases: [{ minutes: 60, badRatio: 0, requestsPerMinute: 0 }] }, { 40: 0 })).toBe("");
  });

  /** What differs from the expected number of firing alerts at the given minutes. */
  function played(traffic: Traffic, firing: Readonly<Record<number, 0 | 1>>): string {
    const atEvaluations = Object.entries(firing).map(([minutes, value]) => [
      Math.ceil(Number(minutes) / step) * step,
      value,
    ]);
    const scenarios = [scenario(name, traffic, Object.fromEntries(atEvaluations))];
    return testRules([{ groups: groupsOf(objective, pair, name), scenarios }], `${step}m`);
  }
});

/** Only the rules that the alert is made from: a scenario of three days costs every rule thousands of evaluations. */
function groupsOf(objective: Objective, { long, short }: Pair, alert: string): RuleGroup[] {
  const windows = [long, short, ...(MINUTES[long] > 360 ? ["5m"] : [])];
  const needed = [
    alert,
    ...windows.flatMap((window) => [`:ratio_rate${window}`, `:increase${window}`, `:rate${window}`]),
  ];
  const label = burnAlerts("prod", objective)[0]?.expr.match(/objective="([^"]+)"/)?.[1];
  return groups
    .filter((group) => group.name === `sparki-slo-${label}` || group.name === "sparki-alerts")
    .map((group) => ({
      ...group,
      rules: group.rules.filter((rule) => needed.some((end) => nameOf(rule).endsWith(end))),
    }));
}

function nameOf(rule: RuleGroup["rules"][number]): string {
  return isAlerting(rule) ? rule.alert : rule.record;
}

function isAlerting(rule: RuleGroup["rules"][number]): rule is AlertingRule {
  return "alert" in rule;
}

function scenario(alert: string, traffic: Traffic, firing: Readonly<Record<number, number>>): Scenario {
  return {
    name: alert,
    interval: "2m",
    input_series: trafficSeries(traffic),
    promql_expr_test: Object.entries(firing).map(([minutes, value]) => ({
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing",service="sparki-engine"}) or vector(0)`,
      eval_time: `${minutes}m`,
      exp_samples: [{ labels: "{}", value }],
    })),
  };
}

describe("the recorded rates", () => {
  it("count a pod once that two jobs scrape (W03)", () => {
    const labels = 'namespace="sparki-engine",stack="prod",synthetic="false",release="r",track="fleet",pod="a"';
    const counter = (job: string, status: string, values: string) => ({
      series: `http_requests_total{${labels},status="${status}",job="${job}",instance="${job}:8080"}`,
      values,
    });
    const scenario: Scenario = {
      name: "two jobs",
      interval: "30s",
      input_series: ["one", "two"].flatMap((job) => [counter(job, "200", "0+30x40"), counter(job, "500", "0+3x40")]),
      promql_expr_test: [
        {
          expr: 'round(sparki:slo_requests:rate5m{objective="errors"}, 0.01)',
          eval_time: "15m",
          exp_samples: [
            {
              labels: '{namespace="sparki-engine",objective="errors",stack="prod"}',
              value: 1.1,
            },
          ],
        },
      ],
    };
    const own = groups.filter(({ name }) => name === "sparki-slo-errors");
    expect(own).toHaveLength(1);
    expect(testRules([{ groups: own, scenarios: [scenario] }], "30s")).toBe("");
  });
});
