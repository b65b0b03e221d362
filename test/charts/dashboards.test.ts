import { monitoringValues } from "../../apps/monitoring-values.ts";
import { type Dashboard, type DashboardPanel, parseDashboards, queriesOf } from "../support/dashboards.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { checkRules, type Scenario, testRules } from "../support/promtool.ts";
import { STACKS } from "../support/workload-values.ts";

const values = monitoringValues(monitoringArgs("prod"));
const dashboards = parseDashboards(values.dashboards);

/** What the engine and the web UI export, as scraped: one pod of each. */
const EXPORTED: Readonly<Record<string, string>> = {
  "up{PODS}": "1x40",
  'http_requests_total{PODS,method="GET",route="/api/projects",status="200",synthetic="false"}': "0+600x40",
  'http_requests_total{PODS,method="GET",route="/api/projects",status="500",synthetic="true"}': "0+1x40",
  'http_request_duration_seconds_count{PODS,route="/api/projects",synthetic="false"}': "0+600x40",
  'http_request_duration_seconds_bucket{PODS,route="/api/projects",synthetic="false",le="0.1"}': "0+500x40",
  'http_request_duration_seconds_bucket{PODS,route="/api/projects",synthetic="false",le="1.0"}': "0+590x40",
  'http_request_duration_seconds_bucket{PODS,route="/api/projects",synthetic="false",le="5.0"}': "0+600x40",
  'http_request_duration_seconds_bucket{PODS,route="/api/projects",synthetic="false",le="+Inf"}': "0+600x40",
  'database_connections{PODS,state="active"}': "2x40",
  'database_connections{PODS,state="idle"}': "2x40",
  "database_connections_max{PODS}": "4x40",
  "database_connection_waiters{PODS}": "0x40",
  'database_queries_total{PODS,result="ok"}': "0+600x40",
  'database_query_duration_seconds_bucket{PODS,statement="list",le="0.1"}': "0+500x40",
  'database_query_duration_seconds_bucket{PODS,statement="list",le="+Inf"}': "0+600x40",
  'cache_commands_total{PODS,result="hit"}': "0+500x40",
  'cache_commands_total{PODS,result="miss"}': "0+100x40",
  'cache_command_duration_seconds_bucket{PODS,le="0.1"}': "0+600x40",
  'cache_command_duration_seconds_bucket{PODS,le="+Inf"}': "0+600x40",
};

const PODS = ["engine", "web"].map(
  (name) => `namespace="sparki-${name}",stack="prod",pod="${name}-1",track="fleet",release="r1"`,
);

const exported: Scenario["input_series"] = PODS.flatMap((pod) =>
  Object.entries(EXPORTED).map(([series, samples]) => ({ series: series.replace("PODS", pod), values: samples })),
);

describe.each(dashboards)("dashboard $title", (dashboard) => {
  it("reads the data source that its reader chooses", () => {
    expect(dashboard.templating.list).toEqual([
      expect.objectContaining({ name: "datasource", type: "datasource", query: "prometheus" }),
    ]);
    const sources = [...dashboard.panels, ...dashboard.annotations.list].map(({ datasource }) => datasource);
    for (const source of sources) expect(source).toEqual({ type: "prometheus", uid: "$datasource" });
  });

  it("has panels that say what they show, none over another and none over the edge", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ title, description, targets }) => !title || !description || targets.length === 0)).toEqual(
      [],
    );
    expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
    const overlapping = panels.filter((panel) => panels.some((other) => other.id < panel.id && overlap(panel, other)));
    expect(overlapping).toEqual([]);
  });

  it("names the queries of a panel apart", () => {
    for (const { targets } of dashboard.panels)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  });

  it("shows data in every panel, once pods are scraped", () => {
    const played: Scenario = {
      name: dashboard.uid,
      interval: "1m",
      input_series: exported,
      promql_expr_test: dashboard.panels
        .flatMap(({ targets }) => targets)
        .map(({ expr }) => ({
          expr: `count(${expr}) > bool 0`,
          eval_time: "30m",
          exp_samples: [{ labels: "{}", value: 1 }],
        })),
    };
    expect(testRules([{ groups: values.groups, scenarios: [played] }], "1m")).toBe("");
  });

  it("marks a deployment where a release appears, and only there", () => {
    const running = (release: string, samples: string) => ({
      series: `up{namespace="sparki-engine",stack="prod",track="fleet",release="${release}"}`,
      values: samples,
    });
    const [marker = ""] = dashboard.annotations.list.map(({ expr }) => expr);
    const marked = (minute: number, releases: readonly string[]) => ({
      expr: marker,
      eval_time: `${minute}m`,
      exp_samples: releases.map((release) => ({
        labels: `{namespace="sparki-engine",track="fleet",release="${release}"}`,
        value: 1,
      })),
    });
    const played: Scenario = {
      name: "a new release at minute 10",
      interval: "1m",
      input_series: [running("r1", "1x12 stale"), running("r2", "_x10 1x30")],
      promql_expr_test: [marked(5, []), marked(11, ["r2"]), marked(20, [])],
    };
    expect(testRules([{ groups: [], scenarios: [played] }], "1m")).toBe("");
  });
});

describe("all queries of the dashboards", () => {
  it.each(STACKS)("are understood by Prometheus, in %s", (stack) => {
    const queries = parseDashboards(monitoringValues(monitoringArgs(stack)).dashboards).flatMap(queriesOf);
    expect(queries.length).toBeGreaterThan(30);
    const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr, labels: {} }));
    expect(checkRules([{ name: "dashboards", interval: "1m", rules }])).toBe("");
  });

  it("are refused by the same check when one is not PromQL", () => {
    const rules = [{ record: "query:0", expr: "sum by (rate(http_requests_total[5m]))", labels: {} }];
    expect(checkRules([{ name: "dashboards", interval: "1m", rules }])).toContain("could not parse expression");
  });
});

describe("dashboard Reliability SLO", () => {
  const reliability = dashboards.find(({ title }) => title.startsWith("Reliability SLO"));

  it("has the panels that the runbook looks at", () => {
    const titles = reliability?.panels.map(({ title }) => title);
    expect(titles).toEqual(
      expect.arrayContaining([
        "Error budget left, 30 days",
        "Burn rate, 30 min",
        "Burn rate, 24 h",
        "Error rate",
        "Latency: P50, P95, P99",
        ...monitoringArgs("prod").objectives.map(({ name }) => `SLO Compliance: ${name}`),
      ]),
    );
  });

  it.each(monitoringArgs("prod").objectives)("draws the limit of the objective $name", ({ name, maxRatio }) => {
    const steps = panelOf(reliability, `SLO Compliance: ${name}`).fieldConfig.defaults.thresholds.steps;
    expect(steps).toEqual([
      { color: "green", value: null },
      { color: "red", value: maxRatio },
    ]);
  });

  it("turns red where less budget is left than the runbook wants", () => {
    expect(panelOf(reliability, "Error budget left, 30 days").fieldConfig.defaults.thresholds.steps).toEqual([
      { color: "red", value: null },
      { color: "green", value: 0.95 },
    ]);
  });
});

function panelOf(dashboard: Dashboard | undefined, title: string): DashboardPanel {
  const panel = dashboard?.panels.find((candidate) => candidate.title === title);
  if (panel === undefined) throw new Error(`no panel ${title}`);
  return panel;
}

function overlap({ gridPos: a }: DashboardPanel, { gridPos: b }: DashboardPanel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
