import type { Manifest } from "../support/chart.ts";
import { renderMonitoring } from "../support/monitoring.ts";
import { type Endpoint, type Flow, isOpen, type NetworkPolicy } from "../support/network-policy.ts";
import { renderWorkload, TRACKS, WORKLOADS } from "../support/workload-values.ts";

/** What the program puts into every namespace before any chart. */
function denyAll(namespace: string): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "default-deny", namespace },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  };
}

function isPolicy(object: Manifest): object is NetworkPolicy {
  return object.kind === "NetworkPolicy";
}

const policies = [
  ...["sparki-engine", "sparki-web", "sparki-monitoring"].map(denyAll),
  ...WORKLOADS.flatMap((workload) => TRACKS.flatMap((track) => renderWorkload("prod", workload, track))).filter(
    isPolicy,
  ),
  ...renderMonitoring("prod").filter(isPolicy),
];

function pod(name: string, namespace: string, address: string, labels: Record<string, string>): Endpoint {
  return { name, namespace, address, labels, ports: { http: 8080 } };
}

function workloadPod(workload: string, track: string, address: string): Endpoint {
  return pod(`${workload}-${track}`, `sparki-${workload}`, address, {
    "app.kubernetes.io/name": `sparki-${workload}`,
    "app.kubernetes.io/instance": `${workload}-${track}`,
    "sparki.tools/track": track,
  });
}

const ENDPOINTS: readonly Endpoint[] = [
  workloadPod("engine", "one-box", "10.40.64.10"),
  workloadPod("engine", "fleet", "10.40.64.11"),
  workloadPod("web", "one-box", "10.40.64.12"),
  workloadPod("web", "fleet", "10.40.64.13"),
  pod("prometheus", "sparki-monitoring", "10.40.64.20", { "app.kubernetes.io/name": "prometheus" }),
  pod("grafana", "sparki-monitoring", "10.40.64.21", { "app.kubernetes.io/name": "grafana" }),
  pod("false prometheus", "sparki-test", "10.40.64.22", { "app.kubernetes.io/name": "prometheus" }),
  pod("stray pod in the engine's namespace", "sparki-engine", "10.40.64.23", {}),
  { name: "load balancer", address: "10.40.0.17" },
  { name: "cluster DNS", address: "172.20.0.10" },
  { name: "Kubernetes API", address: "172.20.0.1" },
  { name: "database", address: "10.40.96.5" },
  { name: "cache", address: "10.40.99.5" },
  { name: "instance metadata", address: "169.254.169.254" },
  { name: "internet", address: "203.0.113.7" },
];

const PORTS: readonly Pick<Flow, "protocol" | "port">[] = [
  { protocol: "TCP", port: 8080 },
  { protocol: "TCP", port: 5432 },
  { protocol: "TCP", port: 6379 },
  { protocol: "TCP", port: 53 },
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 443 },
  { protocol: "TCP", port: 80 },
  { protocol: "TCP", port: 22 },
];

const isGuarded = ({ namespace }: Endpoint) => /^sparki-(engine|web|monitoring)$/.test(namespace ?? "");

/** Every flow that starts or ends in one of the guarded namespaces. */
const flows: readonly Flow[] = ENDPOINTS.flatMap((from) =>
  ENDPOINTS.filter((to) => to !== from && (isGuarded(from) || isGuarded(to))).flatMap((to) =>
    PORTS.map((port) => ({ from, to, ...port })),
  ),
);

const NEEDED: readonly (readonly [from: string, to: string, port: string])[] = [
  ...["engine-one-box", "engine-fleet", "web-one-box", "web-fleet"].flatMap(
    (name) =>
      [
        ["load balancer", name, "TCP 8080"],
        ["prometheus", name, "TCP 8080"],
      ] as const,
  ),
  ...["engine-one-box", "engine-fleet"].flatMap(
    (name) =>
      [
        [name, "cluster DNS", "UDP 53"],
        [name, "cluster DNS", "TCP 53"],
        [name, "database", "TCP 5432"],
        [name, "cache", "TCP 6379"],
      ] as const,
  ),
];

describe("network policies of the charts", () => {
  it("leave open exactly the flows that are needed", () => {
    const open = flows
      .filter((flow) => isOpen(policies, flow))
      .map(({ from, to, protocol, port }) => `${from.name} → ${to.name} ${protocol} ${port}`);
    expect(flows.length).toBeGreaterThan(800);
    expect(open.sort()).toEqual(NEEDED.map(([from, to, port]) => `${from} → ${to} ${port}`).sort());
  });

  it("name every port by its number, which EKS never has to look up in a pod", () => {
    // https://github.com/aws/amazon-network-policy-controller-k8s/issues/81
    const ports = policies
      .flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      .flatMap((rule) => rule.ports ?? []);
    expect(ports.length).toBeGreaterThan(10);
    expect(ports.filter(({ port }) => typeof port !== "number")).toEqual([]);
  });

  it("open the whole VPC to the service port where the load balancer's subnets are not given", () => {
    const wide = renderWorkload("prod", "web", "fleet", { "network.loadBalancerCidrs": [] }).filter(isPolicy);
    const to = workloadPod("web", "fleet", "10.40.64.13");
    const isOpenFrom = (address: string) =>
      isOpen([denyAll("sparki-web"), ...wide], { from: { name: "", address }, to, protocol: "TCP", port: 8080 });
    expect([isOpenFrom("10.40.200.1"), isOpenFrom("10.41.0.1")]).toEqual([true, false]);
  });
});
