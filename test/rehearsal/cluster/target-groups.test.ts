import type { EndpointSlice, Service } from "../../../rehearsal/cluster/objects.ts";
import { type TargetGroupBinding, targetsByGroup } from "../../../rehearsal/cluster/target-groups.ts";

const service: Service = {
  metadata: { name: "engine", namespace: "shop" },
  spec: { ports: [{ name: "http", port: 80, targetPort: "http" }] },
};
const services = new Map([["shop/engine", service]]);

function binding(port: string | number, arn = "arn:a", name = "engine"): TargetGroupBinding {
  const metadata = { name: "binding", namespace: "shop" };
  const spec = { targetGroupARN: arn, serviceRef: { name, port } };
  return { apiVersion: "eks.amazonaws.com/v1", kind: "TargetGroupBinding", metadata, spec };
}

function slice(address: string, ready: boolean | undefined, namespace = "shop"): EndpointSlice {
  return {
    addressType: "IPv4",
    metadata: { namespace, labels: { "kubernetes.io/service-name": "engine" } },
    ports: [{ name: "http", port: 8080 }],
    endpoints: [{ addresses: [address], conditions: ready === undefined ? {} : { ready } }],
  };
}

describe("targetsByGroup", () => {
  it.each([["http"], [80]])("finds the ready endpoints of port %s at their loopback addresses", (port) => {
    const slices = [slice("10.40.16.2", true), slice("10.40.16.1", undefined), slice("10.40.16.3", false)];
    expect(targetsByGroup([binding(port)], services, slices, 30).get("arn:a")).toEqual([
      { address: "127.30.16.1", port: 8080 },
      { address: "127.30.16.2", port: 8080 },
    ]);
  });

  it.each([
    { what: "an unknown port", bound: binding("grpc"), slices: [slice("10.40.16.1", true)] },
    { what: "an unknown Service", bound: binding("http", "arn:a", "web"), slices: [slice("10.40.16.1", true)] },
    { what: "another namespace", bound: binding("http"), slices: [slice("10.40.16.1", true, "other")] },
  ])("finds none for $what", ({ bound, slices }) => {
    expect(targetsByGroup([bound], services, slices, 30).get("arn:a")).toEqual([]);
  });

  it("forgets the group of a binding that is being deleted", () => {
    const bound = { ...binding("http"), metadata: { namespace: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(targetsByGroup([bound], services, [slice("10.40.16.1", true)], 30).size).toBe(0);
  });
});
