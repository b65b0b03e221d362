import type { RuleGroup } from "../../apps/monitoring/rules.ts";
import { at, type Json, lint, type Manifest, only, template } from "../support/chart.ts";
import { monitoringChartValues, onCallArgs, renderMonitoring } from "../support/monitoring.ts";
import { checkRules } from "../support/promtool.ts";
import { renderWorkload, STACKS, TRACKS, WORKLOADS } from "../support/workload-values.ts";
import { inRounds, isReported, type WrongValue, withValue } from "../support/wrong-values.ts";

describe.each(STACKS)("the monitoring chart in %s", (stack) => {
  const objects = renderMonitoring(stack);

  it("passes helm lint --strict", () => {
    expect(lint("monitoring", monitoringChartValues(stack))).toMatchObject({ status: 0 });
  });

  it("renders rules that Prometheus takes, none twice", () => {
    const groups: RuleGroup[] = JSON.parse(JSON.stringify(at(only(objects, "PrometheusRule"), "spec.groups")));
    expect(groups.length).toBeGreaterThan(3);
    expect(checkRules(groups)).toBe("");
  });

  it("keeps the templates of Prometheus and Alertmanager for them to fill in", () => {
    const alerts = JSON.stringify(only(objects, "PrometheusRule"));
    expect(alerts).toContain("{{ $labels.namespace }}");
    const [receiver] = [at(only(objects, "AlertmanagerConfig"), "spec.receivers.0.slackConfigs.0")];
    expect(at(receiver, "title")).toBe(
      "[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }}: {{ .CommonLabels.service }} ({{ .CommonLabels.stack }})",
    );
    const told = (which: string) => `{{ range .Alerts.${which} }}{{ .Annotations.summary }} {{ end }}`;
    expect(at(receiver, "text")).toBe(
      `{{ if eq .Status "firing" }}@alexarno {{ end }}${told("Firing")}{{ if eq .Status "resolved" }}${told("Resolved")}{{ end }}`,
    );
  });

  it("has the dashboards where Grafana's sidecar finds them, as valid JSON", () => {
    const dashboards = objects.filter(({ kind }) => kind === "ConfigMap");
    expect(dashboards.map(({ metadata }) => metadata.name).sort()).toEqual([
      "monitoring-dashboard-cache",
      "monitoring-dashboard-database",
      "monitoring-dashboard-reliability",
    ]);
    for (const { metadata, data } of dashboards) {
      expect(metadata.labels).toMatchObject({ grafana_dashboard: "1" });
      for (const text of Object.values(Object(data))) expect(JSON.parse(String(text))).toHaveProperty("panels");
    }
  });

  it("knows of Slack's address only the name of its Secret", () => {
    const configs = slackConfigsOf(objects);
    expect(configs.map(({ apiURL }) => apiURL)).toEqual(Array(4).fill({ name: "slack", key: "address" }));
    for (const config of configs) expect(config).not.toHaveProperty("httpConfig");
    expect(objects.map(({ kind }) => kind)).not.toContain("Secret");
    expect(JSON.stringify(objects)).not.toContain("slack.com");
  });

  it("gives a bot's token, by name too, to the address that asks for it", () => {
    const slack = { secretName: "slack", addressKey: "address", tokenKey: "token" };
    const authorization = { credentials: { name: "slack", key: "token" } };
    const configs = slackConfigsOf(renderMonitoring(stack, { slack }));
    expect(configs.map(({ httpConfig }) => httpConfig)).toEqual(Array(4).fill({ authorization }));
  });

  it("wakes whom each severity names, by the names of their keys alone, and asks the heartbeat first of all", () => {
    const onCall = { ...onCallArgs({ page: ["pagerduty", "opsgenie"], ticket: ["opsgenie"] }) };
    const config = only(renderMonitoring(stack, JSON.parse(JSON.stringify({ onCall }))), "AlertmanagerConfig");
    expect(at(config, "spec.route.routes.0")).toMatchObject({ receiver: "heartbeat", continue: false });
    const receivers: Record<string, Json>[] = Object(at(config, "spec.receivers"));
    const kinds = receivers.map(({ name, ...rest }) => [name, Object.keys(rest).sort()]);
    expect(Object.fromEntries(kinds)).toEqual({
      heartbeat: ["webhookConfigs"],
      platform: ["opsgenieConfigs", "slackConfigs"],
      incidents: ["opsgenieConfigs", "pagerdutyConfigs", "slackConfigs"],
      database: ["slackConfigs"],
      infrastructure: ["slackConfigs"],
    });
    expect(at(config, "spec.receivers.2.pagerdutyConfigs.0")).toMatchObject({
      routingKey: { name: "on-call", key: "pagerduty" },
      url: "https://events.pagerduty.com/v2/enqueue",
      severity: "critical",
    });
  });

  it("wakes people where the stack has no Slack too", () => {
    const onCall = JSON.parse(JSON.stringify(onCallArgs({ page: ["pagerduty"], ticket: [] })));
    const config = only(renderMonitoring(stack, { slack: null, onCall }), "AlertmanagerConfig");
    const receivers: Record<string, Json>[] = Object(at(config, "spec.receivers"));
    expect(receivers.flatMap((receiver) => Object.keys(receiver)).filter((key) => key.endsWith("Configs"))).toEqual([
      "webhookConfigs",
      "pagerdutyConfigs",
    ]);
  });

  it("routes nothing when the stack has no Slack, and is otherwise the same", () => {
    const kinds = (rendered: readonly Manifest[]) => rendered.map(({ kind }) => kind);
    expect(kinds(renderMonitoring(stack, { slack: null }))).toEqual(
      kinds(objects).filter((kind) => kind !== "AlertmanagerConfig"),
    );
  });
});

function slackConfigsOf(objects: readonly Manifest[]): { apiURL: Json; httpConfig?: Json }[] {
  const receivers: { slackConfigs: { apiURL: Json; httpConfig?: Json }[] }[] = Object(
    at(only(objects, "AlertmanagerConfig"), "spec.receivers"),
  );
  return receivers.flatMap(({ slackConfigs }) => slackConfigs);
}

describe("scraping", () => {
  const monitors = renderMonitoring("prod").filter(({ kind }) => kind === "PodMonitor");

  it.each(WORKLOADS.flatMap((workload) => TRACKS.map((track) => [workload, track] as const)))(
    "finds the pods of %s %s by their labels and the name of their port",
    (workload, track) => {
      const deployment = only(renderWorkload("prod", workload, track), "Deployment");
      const [monitor] = monitors.filter((candidate) => isFor(candidate, deployment));
      expect(at(monitor, "spec.podMetricsEndpoints.0")).toMatchObject({
        port: at(deployment, "spec.template.spec.containers.0.ports.0.name"),
        path: "/metrics",
        interval: "15s",
      });
    },
  );

  it("tells stack, track and release apart", () => {
    for (const monitor of monitors) {
      const relabelings = at(monitor, "spec.podMetricsEndpoints.0.relabelings");
      expect(relabelings).toEqual([
        expect.objectContaining({
          targetLabel: "track",
          sourceLabels: ["__meta_kubernetes_pod_label_sparki_tools_track"],
        }),
        expect.objectContaining({
          targetLabel: "release",
          sourceLabels: ["__meta_kubernetes_pod_label_sparki_tools_release"],
        }),
        expect.objectContaining({ targetLabel: "stack", replacement: "prod" }),
      ]);
    }
  });
});

function isFor(monitor: Manifest, deployment: Manifest): boolean {
  const wanted = Object.entries(Object(at(monitor, "spec.selector.matchLabels")));
  const labels: Record<string, string> = Object(at(deployment, "spec.template.metadata.labels"));
  const namespaces: string[] = Object(at(monitor, "spec.namespaceSelector.matchNames"));
  return (
    namespaces.includes(deployment.metadata.namespace ?? "") && wanted.every(([key, value]) => labels[key] === value)
  );
}

const WRONG: readonly WrongValue[] = [
  { path: "stack", value: "Prod!" },
  { path: "scrape", value: { namespaces: [], intervalSeconds: 15 }, reportedAt: "/scrape/namespaces" },
  { path: "scrape", value: { namespaces: ["sparki-web"], intervalSeconds: 1 }, reportedAt: "/scrape/intervalSeconds" },
  { path: "groups", value: [] },
  { path: "groups", value: [group({ alert: "X", expr: "1", labels: {} })], reportedAt: "/groups/0/rules/0" },
  { path: "groups", value: [group({ expr: "1", labels: {} })], reportedAt: "/groups/0/rules/0" },
  { path: "groups", value: [group({ record: "a b", expr: "1", labels: {} })], reportedAt: "/groups/0/rules/0/record" },
  { path: "groups", value: [group({ record: "a", expr: "", labels: {} })], reportedAt: "/groups/0/rules/0/expr" },
  { path: "routing", value: { receivers: [], routes: [] }, reportedAt: "/routing/receivers" },
  { path: "slack", value: "https://hooks.slack.com/services/T/B/x" },
  {
    path: "slack",
    value: { secretName: "slack", addressKey: "address", address: "https://hooks.slack.com" },
    reportedAt: "/slack",
  },
  { path: "slack", value: { secretName: "slack", addressKey: "a b" }, reportedAt: "/slack/addressKey" },
  { path: "dashboards", value: {} },
  { path: "dashboards", value: { reliability: "not JSON" }, reportedAt: "/dashboards/reliability" },
  { path: "chartHash", value: undefined },
  { path: "surprise", value: 1, reportedAt: "" },
];

function group(rule: Readonly<Record<string, Json>>): Json {
  return { name: "g", interval: "30s", rules: [rule] };
}

describe("values.schema.json of monitoring", () => {
  it("refuses every wrong value, each with its path", () => {
    for (const round of inRounds(WRONG)) {
      const values = round.reduce(
        (changed, { path, value }) => withValue(changed, path, value),
        monitoringChartValues("prod"),
      );
      const said = template({ chart: "monitoring", name: "monitoring", namespace: "default", values }).stderr;
      const silent = round.filter((wrongValue) => !isReported(said, wrongValue));
      expect({ silent, said }).toEqual({ silent: [], said });
    }
  });
});
