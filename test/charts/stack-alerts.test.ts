import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { burnAlerts, dependencyAlerts, WATCHDOG } from "../../apps/monitoring/alerts.ts";
import { CLOUDWATCH, CONNECTION_LIMIT, cloudWatchSeries, exporterSettings } from "../../apps/monitoring/data-alerts.ts";
import { factRules, stackAlerts } from "../../apps/monitoring/stack-alerts.ts";
import { alertsOf, monitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { type AlertCase, playAlert } from "../support/promtool.ts";
import { stackConfig } from "../support/workload-values.ts";

/** The series' name with a label that tells it from another of the same resource kind. */
const series = (metric: keyof typeof CLOUDWATCH, name = "a", stack = "prod") =>
  cloudWatchSeries(stack, CLOUDWATCH[metric]).replace("}", `,name="${name}"}`);

/** Good until minute 30, bad until minute 90, then good again; another stack's is bad all the time. */
function crossing(
  alert: string,
  metric: keyof typeof CLOUDWATCH,
  values: readonly [number, number],
  afterMinutes: number,
): AlertCase {
  const [good, bad] = values;
  return {
    alert,
    series: {
      [series(metric)]: `${good}x29 ${bad}x59 ${good}x60`,
      [series(metric, "a", "staging")]: `${bad}x150`,
    },
    silentAt: [29, 29 + afterMinutes, 92],
    firingAt: [32 + afterMinutes, 89],
  };
}

/** A series of the cluster's, which only the namespaces of Sparki's services count in. */
function ofPods(
  alert: string,
  metric: string,
  values: string,
  minutes: Pick<AlertCase, "silentAt" | "firingAt">,
): AlertCase {
  const labels = (namespace: string) => `${metric},namespace="${namespace}",pod="a"}`;
  return { alert, series: { [labels("sparki-engine")]: values, [labels("kube-system")]: "9+9x150" }, ...minutes };
}

const pending = 'kube_pod_status_phase{phase="Pending"';
const running = 'kube_pod_status_phase{phase="Running"';
const up = (pod: string, stack = "prod") => `up{namespace="sparki-engine",pod="${pod}",stack="${stack}"}`;
const fleet = (metric: string, of: string) =>
  `kube_deployment_${metric}{namespace="sparki-engine",deployment="engine-${of}"}`;

const CASES: readonly AlertCase[] = [
  crossing("DatabaseStorageLow", "databaseFreeBytes", [50e9, 9e9], 14),
  crossing("DatabaseStorageFull", "databaseFreeBytes", [9e9, 1e9], 1),
  crossing("DatabaseCpuHigh", "databaseCpuPercent", [80, 95], 14),
  {
    alert: "DatabaseConnectionsHigh",
    series: {
      [`${CONNECTION_LIMIT}{stack="prod"}`]: "1000x150",
      [`${CONNECTION_LIMIT}{stack="staging"}`]: "10x150",
      [series("databaseConnections")]: "800x29 810x59 700x60",
      [series("databaseConnections", "a", "staging")]: "9000x150",
    },
    silentAt: [29, 33, 92],
    firingAt: [37, 89],
  },
  {
    alert: "DatabaseConnectionsHigh",
    // A class whose limit nobody knows.
    series: { [series("databaseConnections")]: "9000x150" },
    silentAt: [60, 120],
    firingAt: [],
  },
  crossing("CacheMemoryHigh", "cacheMemoryPercent", [80, 90], 9),
  crossing("CacheEvicting", "cacheEvictions", [0, 5], 9),
  crossing("CacheReplicaLag", "cacheLagSeconds", [1, 11], 4),
  crossing("LoadBalancerRejecting", "balancerRejected", [0, 1], 2),
  crossing("NatPortsExhausted", "natPortErrors", [0, 2], 4),
  {
    alert: "LoadBalancerFailing",
    series: {
      [series("balancerRequests")]: "1000x150",
      [series("balancerErrors")]: "40x29 60x59 40x60",
    },
    silentAt: [29, 32, 92],
    firingAt: [36, 89],
  },
  {
    alert: "LoadBalancerFailing",
    // With no target left AWS counts no request, and soon tells of none: load-balancer-cloudwatch-metrics.html, RequestCount.
    series: {
      [series("balancerRequests")]: "1000x29 0x29 stale _x29 1000x60",
      [series("balancerErrors")]: "0x29 900x59 0x60",
    },
    silentAt: [29, 32, 92],
    firingAt: [36, 58, 62, 89],
  },
  {
    alert: "LoadBalancerFailing",
    // Half of very few requests says nothing.
    series: { [series("balancerRequests")]: "5x150", [series("balancerErrors")]: "5x150" },
    silentAt: [60, 120],
    firingAt: [],
  },
  {
    alert: "CertificateExpiring",
    series: { [series("certificateDays")]: "31x29 29x120 395x60" },
    silentAt: [29, 89, 152],
    firingAt: [92, 149],
  },
  {
    alert: "CertificateEnding",
    series: { [series("certificateDays")]: "5x29 4x120 395x60" },
    silentAt: [29, 89, 152],
    firingAt: [92, 149],
  },
  {
    alert: "CloudWatchMetricsMissing",
    series: {
      [series("databaseFreeBytes")]: "50e9x9 stale _x59 50e9x60",
      [series("databaseFreeBytes", "a", "staging")]: "1x150",
    },
    silentAt: [9, 38, 72],
    firingAt: [46, 68],
  },
  {
    alert: "NodeNotReady",
    series: {
      'kube_node_status_condition{condition="Ready",status="true",node="a"}': "1x29 0x59 1x60",
      'kube_node_status_condition{condition="Ready",status="true",node="b"}': "1x150",
      'kube_node_status_condition{condition="Ready",status="false",node="b"}': "0x150",
    },
    silentAt: [29, 43, 92],
    firingAt: [47, 89],
  },
  ofPods("PodsPending", pending, "0x29 2x59 0x60", { silentAt: [29, 38, 92], firingAt: [42, 89] }),
  ofPods("PodsRestarting", 'kube_pod_container_status_restarts_total{container="engine"', "0x29 0+1x20 20x99", {
    silentAt: [29, 31, 115],
    firingAt: [40, 50, 90],
  }),
  {
    alert: "PodsRestarting",
    // Two of kube-state-metrics tell of the same three restarts: https://github.com/prometheus-community/helm-charts/issues/4095
    series: Object.fromEntries(
      ["one:8080", "two:8080"].map((instance) => [
        `kube_pod_container_status_restarts_total{namespace="sparki-engine",pod="a",container="engine",instance="${instance}"}`,
        "0x29 1 2 3 3x99",
      ]),
    ),
    silentAt: [33, 38, 60],
    firingAt: [],
  },
  {
    alert: "FleetUnavailable",
    series: {
      [fleet("status_replicas_available", "fleet")]: "4x29 1x59 2x60",
      [fleet("spec_replicas", "fleet")]: "4x150",
      [fleet("status_replicas_available", "one-box")]: "0x150",
      [fleet("spec_replicas", "one-box")]: "1x150",
    },
    silentAt: [29, 33, 92],
    firingAt: [37, 89],
  },
  {
    alert: "ClusterMetricsMissing",
    series: { 'kube_pod_status_phase{phase="Running",namespace="sparki-engine"}': "1x9 stale _x59 1x60" },
    silentAt: [9, 23, 72],
    firingAt: [31, 68],
  },
  {
    // One of two pods is never scraped, then not for an hour; a Job's, another namespace's and another stack's never are.
    alert: "PodMetricsMissing",
    series: {
      [`${running},namespace="sparki-engine",pod="engine-fleet-a"}`]: "1x150",
      [`${running},namespace="sparki-engine",pod="engine-fleet-b"}`]: "1x150",
      [`${running},namespace="sparki-engine",pod="migrate-run-c"}`]: "1x150",
      [`${running},namespace="kube-system",pod="coredns-fleet-d"}`]: "1x150",
      [up("engine-fleet-a")]: "1x150",
      [up("engine-fleet-b")]: "1x29 0x29 stale _x29 1x60",
      [up("engine-fleet-b", "staging")]: "1x150",
    },
    silentAt: [20, 46, 92],
    firingAt: [54, 61, 88],
  },
  {
    alert: "PodMetricsMissing",
    series: {
      [`${running},namespace="sparki-engine",pod="engine-fleet-a"}`]: "1x29 stale",
      [`${running},namespace="sparki-engine",pod="engine-one-box-b"}`]: "_x30 1x120",
      [up("engine-fleet-a")]: "1x29 stale",
      [up("engine-one-box-b")]: "_x32 0x60",
    },
    silentAt: [20, 60, 90],
    firingAt: [],
  },
  {
    alert: "AlertRulesFailing",
    // A query that was once too slow, and later one that is always.
    series: {
      'prometheus_rule_evaluation_failures_total{rule_group="/etc/rules/a.yaml;sparki-alerts"}':
        "0x29 1x60 1+2x60 121x60",
      'prometheus_rule_evaluation_failures_total{rule_group="/etc/rules/b.yaml;other"}': "0+2x210",
    },
    silentAt: [29, 40, 60, 89, 100, 190],
    firingAt: [115, 140],
  },
];

const { groups } = monitoringValues(monitoringArgs("prod"));
const alerts = groups.filter(({ name }) => name === "sparki-alerts");

describe("alerts about what the stack stands on", () => {
  it.each(CASES)("$alert stays silent, fires and resolves", (played) => expect(playAlert(alerts, played)).toBe(""));

  // promtool's time begins with 1970, so days are told from there.
  it.each([
    ["RestoreDrillOverdue", "restoredOn", 85],
    ["CacheRestoreDrillOverdue", "cacheRestoredOn", 85],
    ["PasswordsOld", "passwordsSince", 76],
  ] as const)("%s fires for a day of %s that is over %i days ago, and for no later one", (alert, key, limit) => {
    const days = limit * 1440;
    const rulesFor = (day: string) => {
      const later = { passwordsSince: "1971-01-01", restoredOn: "1971-01-01", cacheRestoredOn: "1971-01-01" };
      const named = { ...later, instanceClass: "unknown", [key]: day };
      const rules = alerts.flatMap((group) => group.rules.filter((rule) => "alert" in rule && rule.alert === alert));
      return [factRules("prod", named), { name: "one", interval: "12h", rules }].map((group) => ({
        ...group,
        interval: "12h",
      }));
    };
    const ended = { alert, series: {}, silentAt: [1440, days - 1440], firingAt: [days + 1440] };
    expect(playAlert(rulesFor("1970-01-01"), ended, "12h")).toBe("");
    expect(playAlert(rulesFor("1970-02-01"), { ...ended, silentAt: [days + 1440], firingAt: [] }, "12h")).toBe("");
  });

  it("have no drill's day to judge by before the first drill", () => {
    const none = { restoredOn: undefined, cacheRestoredOn: undefined };
    const { rules } = factRules("prod", { ...none, passwordsSince: "2026-11-01", instanceClass: "db.r7g.large" });
    expect(rules.map((rule) => "record" in rule && rule.record)).toEqual([
      "sparki:passwords:since_seconds",
      CONNECTION_LIMIT,
    ]);
  });
});

describe("every alert", () => {
  const all = alertsOf("prod", stackConfig("prod").objectives);

  it("has a severity that somebody hears, a page of the runbook, and is one of those that are tested", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/alerts.md"), "utf8");
    // Each of these lists is held by the test of its own file to have a case for every alert.
    const { objectives } = stackConfig("prod");
    const burning = objectives.flatMap((objective) => burnAlerts("prod", objective));
    const tested = [...burning, ...dependencyAlerts("prod"), ...stackAlerts("prod"), WATCHDOG].map(({ name }) => name);
    for (const { name, severity } of all) {
      expect(["page", "ticket", "heartbeat"]).toContain(severity);
      expect(page).toContain(`\n## ${name}\n`);
      expect(tested).toContain(name);
    }
  });

  it("about the stack has a case here", () => {
    const dated = ["RestoreDrillOverdue", "CacheRestoreDrillOverdue", "PasswordsOld"];
    expect(new Set([...CASES.map(({ alert }) => alert), ...dated])).toEqual(
      new Set(stackAlerts("prod").map(({ name }) => name)),
    );
  });

  it("has a name of its own", () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  it("says of itself that a deployment causes it exactly where it does", () => {
    const rules = groups.flatMap((group) => group.rules).filter((rule) => rule.labels.caused_by === "deployment");
    expect(rules.map((rule) => ("alert" in rule ? rule.alert : rule.record)).sort()).toEqual([
      "DatabaseCpuHigh",
      "PodsPending",
      "PodsRestarting",
    ]);
  });
});

describe("the CloudWatch exporter", () => {
  it("names series as YACE does", () => {
    const names = Object.values(CLOUDWATCH).map((metric) => cloudWatchSeries("prod", metric).replace(/\{.*/, ""));
    expect(names).toEqual([
      "aws_rds_free_storage_space_minimum",
      "aws_rds_cpuutilization_average",
      "aws_rds_database_connections_maximum",
      "aws_elasticache_database_memory_usage_percentage_maximum",
      "aws_elasticache_evictions_sum",
      "aws_elasticache_replication_lag_maximum",
      "aws_applicationelb_request_count_sum",
      "aws_applicationelb_httpcode_elb_5_xx_count_sum",
      "aws_applicationelb_rejected_connection_count_sum",
      "aws_natgateway_error_port_allocation_sum",
      "aws_certificatemanager_days_to_expiry_minimum",
    ]);
  });

  it("is set in docs/cloudwatch-exporter.yaml to export every one of them, and nothing else", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/cloudwatch-exporter.yaml"), "utf8");
    expect(parse(text)).toEqual(exporterSettings("prod", stackConfig("prod").region));
    const { jobs } = exporterSettings("prod", "us-east-1").discovery;
    expect(jobs.flatMap(({ metrics }) => metrics)).toHaveLength(Object.keys(CLOUDWATCH).length);
  });
});
