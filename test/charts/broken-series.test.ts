import { CLOUDWATCH, CONNECTION_LIMIT, cloudWatchSeries } from "../../apps/monitoring/data-alerts.ts";
import { monitoringValues } from "../../apps/monitoring-values.ts";
import { monitoringArgs } from "../support/monitoring.ts";
import { type AlertCase, playAlert } from "../support/promtool.ts";

const { groups } = monitoringValues(monitoringArgs("prod"));
const alerts = groups.filter(({ name }) => name === "sparki-alerts");
const aws = (metric: keyof typeof CLOUDWATCH, name = "a") =>
  cloudWatchSeries("prod", CLOUDWATCH[metric]).replace("}", `,name="${name}"}`);
const ENGINE = 'namespace="sparki-engine"';

/** A value of every minute for three hours, in the place of each fourth what comes of a broken scrape. */
const broken = (value: string | number, instead: string) =>
  Array.from({ length: 180 }, (_, minute) => (minute % 4 === 3 ? instead : `${value}`)).join(" ");

/** What makes each alert fire that reads a value as it is now. */
const GAUGES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  DatabaseStorageLow: { [aws("databaseFreeBytes")]: 9e9 },
  DatabaseStorageFull: { [aws("databaseFreeBytes")]: 1e9 },
  DatabaseCpuHigh: { [aws("databaseCpuPercent")]: 95 },
  DatabaseConnectionsHigh: { [aws("databaseConnections")]: 900, [`${CONNECTION_LIMIT}{stack="prod"}`]: 1000 },
  DatabaseConnectionsExhausted: {
    [`database_connections{${ENGINE},stack="prod",state="active",pod="a"}`]: 4,
    [`database_connections_max{${ENGINE},stack="prod",pod="a"}`]: 4,
  },
  CacheMemoryHigh: { [aws("cacheMemoryPercent")]: 90 },
  CacheEvicting: { [aws("cacheEvictions")]: 5 },
  CacheReplicaLag: { [aws("cacheLagSeconds")]: 11 },
  LoadBalancerFailing: { [aws("balancerRequests")]: 100, [aws("balancerErrors")]: 100 },
  LoadBalancerRejecting: { [aws("balancerRejected")]: 1 },
  NatPortsExhausted: { [aws("natPortErrors")]: 1 },
  CertificateExpiring: { [aws("certificateDays")]: 20 },
  CertificateEnding: { [aws("certificateDays")]: 3 },
  NodeNotReady: { 'kube_node_status_condition{condition="Ready",status="true",node="a"}': 0 },
  PodsPending: { [`kube_pod_status_phase{phase="Pending",${ENGINE},pod="a"}`]: 1 },
  PodMetricsMissing: {
    [`kube_pod_status_phase{phase="Running",${ENGINE},pod="engine-fleet-a"}`]: 1,
    [`up{${ENGINE},stack="prod",pod="engine-fleet-b"}`]: 1,
  },
  FleetUnavailable: {
    [`kube_deployment_status_replicas_available{${ENGINE},deployment="engine-fleet"}`]: 1,
    [`kube_deployment_spec_replicas{${ENGINE},deployment="engine-fleet"}`]: 4,
  },
};

// https://github.com/prometheus/prometheus/issues/14085
describe("an alert that waits", () => {
  const played = (alert: string, instead: string) =>
    playAlert(alerts, {
      alert,
      series: Object.fromEntries(
        Object.entries(GAUGES[alert] ?? {}).map(([series, value]) => [
          series,
          // What a rule records is not scraped.
          series.startsWith("sparki:") ? `${value}x180` : broken(value, instead),
        ]),
      ),
      silentAt: [0],
      firingAt: [100, 103, 151, 175],
    });

  it.each(Object.keys(GAUGES))("%s fires where every fourth scrape fails", (alert) => {
    expect(played(alert, "stale")).toBe("");
  });

  // https://github.com/prometheus-community/yet-another-cloudwatch-exporter/pull/285
  it.each(Object.keys(GAUGES).filter((alert) => JSON.stringify(GAUGES[alert]).includes("aws_")))(
    "%s fires where the exporter says every fourth time that it has no number",
    (alert) => {
      expect(played(alert, "NaN")).toBe("");
    },
  );
});

const days = aws("certificateDays");
const restarts = (pod: string, values: string) => ({
  [`kube_pod_container_status_restarts_total{${ENGINE},pod="${pod}",container="engine"}`]: values,
});
const everyFifthMinute = Array.from({ length: 180 }, (_, minute) => `${Math.floor(minute / 6)}`).join(" ");
const node = (name: string, values: string) => ({
  [`kube_node_status_condition{condition="Ready",status="true",node="${name}"}`]: values,
});

const CASES: readonly (readonly [string, AlertCase])[] = [
  [
    "what the exporter has no number for, which absent() takes for there",
    {
      alert: "CloudWatchMetricsMissing",
      series: { [aws("databaseFreeBytes")]: `50e9x9 ${"NaN ".repeat(60)}50e9x60` },
      silentAt: [9, 38, 76],
      firingAt: [50, 68],
    },
  ],
  ...(["cacheMemoryPercent", "balancerRequests", "natPortErrors", "certificateDays"] as const).map(
    (metric) =>
      [
        `${metric}, which were there, while the database's are there`,
        {
          alert: "CloudWatchMetricsMissing",
          series: { [aws("databaseFreeBytes")]: "50e9x150", [aws(metric)]: "50x9 stale _x59 50x60" },
          silentAt: [9, 38, 76],
          firingAt: [50, 68],
        },
      ] as const,
  ),
  [
    "nothing of what a stack never had",
    {
      alert: "CloudWatchMetricsMissing",
      series: { [aws("databaseFreeBytes")]: "50e9x150" },
      silentAt: [40, 140],
      firingAt: [],
    },
  ],
  ...["stale _x1500", "NaN ".repeat(1500).trim()].map(
    (gone) =>
      [
        `a certificate that has ended, of which ACM tells nothing more (${gone.slice(0, 5).trim()})`,
        { alert: "CertificateEnding", series: { [days]: `1x180 ${gone}` }, silentAt: [30], firingAt: [170, 300, 1600] },
      ] as const,
  ),
  [
    "a certificate that another has replaced no more",
    {
      alert: "CertificateEnding",
      series: { [days]: "1x180 stale", [aws("certificateDays", "b")]: "_x181 395x120" },
      silentAt: [30, 195, 290],
      firingAt: [170],
    },
  ],
  [
    // https://github.com/kubernetes-sigs/kubernetes-mixin/pull/674
    "a container that dies every six minutes, as one does that the kubelet backs off from",
    { alert: "PodsRestarting", series: restarts("a", everyFifthMinute), silentAt: [10], firingAt: [60, 100, 175] },
  ],
  [
    "no restarts of a pod that is gone, with the release that was taken back",
    {
      alert: "PodsRestarting",
      series: { ...restarts("a", "0 1 2 3 4 5 6 6 6 6 stale"), ...restarts("b", "0x60") },
      silentAt: [17, 25, 59],
      firingAt: [8],
    },
  ],
  [
    "no fleet of somebody else's",
    {
      alert: "FleetUnavailable",
      series: {
        'kube_deployment_status_replicas_available{namespace="elastic",deployment="agent-fleet"}': "0x60",
        'kube_deployment_spec_replicas{namespace="elastic",deployment="agent-fleet"}': "2x60",
      },
      silentAt: [30, 59],
      firingAt: [],
    },
  ],
  [
    "no node of several that are replaced one after the other",
    {
      alert: "NodeNotReady",
      series: {
        ...node("a", "1x9 0x10 stale"),
        ...node("b", "1x19 0x10 stale"),
        ...node("c", "1x29 0x10 stale"),
        ...node("d", "1x60"),
      },
      silentAt: [26, 35, 45, 59],
      firingAt: [],
    },
  ],
  [
    "no requests as stopped that are the first of their pod",
    {
      alert: "RequestsStopped",
      series: {
        [`http_requests_total{${ENGINE},stack="prod",synthetic="false",pod="a",route="/a"}`]: "0+600x60 36000x40",
        [`up{${ENGINE},stack="prod",pod="a"}`]: "1x110",
        ...Object.fromEntries(
          Array.from({ length: 30 }, (_, index) => [
            `http_requests_total{${ENGINE},stack="prod",synthetic="false",pod="a",route="/new${index}"}`,
            `_x${62 + index} 1x60`,
          ]),
        ),
      },
      silentAt: [70, 74, 80, 90],
      firingAt: [],
    },
  ],
  [
    "a service whose pods stop answering and then are gone, from when they did",
    {
      alert: "EngineMetricsMissing",
      series: { [`up{${ENGINE},stack="prod",pod="a"}`]: "1x9 0x2 stale" },
      silentAt: [14],
      firingAt: [16, 30],
    },
  ],
];

describe("alerts on series that are not whole", () => {
  it.each(CASES)("tell of %s", (_, played) => expect(playAlert(alerts, played)).toBe(""));
});
