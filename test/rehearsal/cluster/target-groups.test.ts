import type { EndpointSlice, Pod, PodCondition, Service } from "../../../rehearsal/cluster/objects.ts";
import {
  type BoundServices,
  closedGates,
  gateOf,
  gatesFor,
  keyOf,
  type TargetGroupBinding,
  targetsByGroup,
} from "../../../rehearsal/cluster/target-groups.ts";

const service: Service = {
  metadata: { name: "engine", namespace: "shop" },
  spec: { selector: { app: "engine", track: "fleet" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
};

function binding(port: string | number, name = "engine"): TargetGroupBinding {
  const metadata = { name: "binding", namespace: "shop" };
  const spec = { targetGroupARN: "arn:a", serviceRef: { name, port } };
  return { apiVersion: "eks.amazonaws.com/v1", kind: "TargetGroupBinding", metadata, spec };
}

interface Readiness {
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

function slice(address: string, conditions: Readiness, namespace = "shop"): EndpointSlice {
  return {
    addressType: "IPv4",
    metadata: { name: address, namespace, labels: { "kubernetes.io/service-name": "engine" } },
    ports: [{ name: "http", port: 8080 }],
    endpoints: [{ addresses: [address], conditions, targetRef: { kind: "Pod", name: "p" } }],
  };
}

function gated(...conditions: PodCondition[]): Pod {
  return {
    metadata: { name: "p", namespace: "shop" },
    spec: { containers: [], readinessGates: [{ conditionType: gateOf("binding") }] },
    status: { conditions },
  };
}

const CONTAINERS_READY: PodCondition = { type: "ContainersReady", status: "True" };
const OPEN: PodCondition = { type: gateOf("binding"), status: "True" };

function bound(bindings: TargetGroupBinding[], slices: EndpointSlice[] = [], pods: Pod[] = []): BoundServices {
  const byKey = <T extends { metadata?: { namespace?: string; name?: string } }>(objects: T[]) =>
    new Map(objects.map((object) => [keyOf(object), object]));
  return { bindings: byKey(bindings), slices: byKey(slices), pods: byKey(pods), services: byKey([service]) };
}

describe("targetsByGroup", () => {
  it.each([["http"], [80]])("finds the ready endpoints of port %s at their loopback addresses", (port) => {
    const slices = [
      slice("10.40.16.2", { ready: true }),
      slice("10.40.16.1", {}),
      slice("10.40.16.3", { ready: false }),
    ];
    expect(targetsByGroup(bound([binding(port)], slices), 30).get("arn:a")).toEqual([
      { address: "127.30.16.1", port: 8080 },
      { address: "127.30.16.2", port: 8080 },
    ]);
  });

  it.each([
    { what: "an unknown port", of: bound([binding("grpc")], [slice("10.40.16.1", { ready: true })]) },
    { what: "an unknown Service", of: bound([binding("http", "web")], [slice("10.40.16.1", { ready: true })]) },
    { what: "another namespace", of: bound([binding("http")], [slice("10.40.16.1", { ready: true }, "other")]) },
  ])("finds none for $what", ({ of }) => {
    expect(targetsByGroup(of, 30).get("arn:a")).toEqual([]);
  });

  it.each([
    {
      what: "takes a pod that only waits for its gate",
      conditions: { ready: false },
      pod: gated(CONTAINERS_READY),
      count: 1,
    },
    { what: "leaves a pod whose containers are not ready", conditions: { ready: false }, pod: gated(), count: 0 },
    {
      what: "leaves a pod that is going",
      conditions: { ready: false, terminating: true },
      pod: gated(CONTAINERS_READY),
      count: 0,
    },
  ])("$what", ({ conditions, pod, count }) => {
    const of = bound([binding("http")], [slice("10.40.16.1", conditions)], [pod]);
    expect(targetsByGroup(of, 30).get("arn:a")).toHaveLength(count);
  });

  it("forgets the group of a binding that is being deleted", () => {
    const leaving = { ...binding("http"), metadata: { namespace: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(targetsByGroup(bound([leaving], [slice("10.40.16.1", { ready: true })]), 30).size).toBe(0);
  });
});

describe("gatesFor", () => {
  it.each([
    {
      what: "a pod that the Service selects",
      namespace: "shop",
      labels: { app: "engine", track: "fleet", x: "y" },
      gates: [gateOf("binding")],
    },
    { what: "a pod of another track", namespace: "shop", labels: { app: "engine", track: "one-box" }, gates: [] },
    { what: "a pod of another namespace", namespace: "other", labels: { app: "engine", track: "fleet" }, gates: [] },
  ])("gives $what $gates", ({ namespace, labels, gates }) => {
    expect(gatesFor(namespace, labels, bound([binding("http")]))).toEqual(gates);
  });
});

describe("closedGates", () => {
  it.each([
    { what: "the gate of a pod whose containers are ready", pod: gated(CONTAINERS_READY), count: 1 },
    { what: "no gate of a pod that still starts", pod: gated(), count: 0 },
    { what: "no gate that is open", pod: gated(CONTAINERS_READY, OPEN), count: 0 },
  ])("finds $what", ({ pod, count }) => {
    expect(closedGates(bound([binding("http")], [], [pod]))).toHaveLength(count);
  });

  it("finds no gate whose binding is gone", () => {
    expect(closedGates(bound([], [], [gated(CONTAINERS_READY)]))).toEqual([]);
  });
});
