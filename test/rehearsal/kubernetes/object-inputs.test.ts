import { checkedObject } from "../../../rehearsal/kubernetes/provider.ts";
import type { CheckRequest } from "../../../rehearsal/provider/model.ts";
import type { Path, Properties } from "../../../rehearsal/provider/properties.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

function checked(news: Properties, secrets: readonly Path[] = []) {
  const { signal } = new AbortController();
  const type = "kubernetes:core/v1:Secret";
  const request: CheckRequest = {
    ...{ urn: `urn:pulumi:prod::sparki::${type}::x`, type, name: "x", news, olds: {}, secrets },
    ...{ randomSeed: new Uint8Array([1, 2, 3, 4]), session: { config: {}, signal }, signal, log: () => undefined },
  };
  return checkedObject(request);
}

const SECRET = { apiVersion: "v1", kind: "Secret", metadata: { name: "slack", namespace: "shop" } };

describe("checkedObject", () => {
  it("names an object that has no name, and marks it", () => {
    const annotations = { "pulumi.com/autonamed": "true" };
    const { metadata } = checked({ apiVersion: "v1", kind: "ConfigMap" }).inputs;
    expect(metadata).toMatchObject({ name: "x-01020304", annotations });
    expect(checked(SECRET).inputs.metadata).toEqual(SECRET.metadata);
  });

  it("puts an object into the default namespace that names none, and no other", () => {
    const namespaceOf = (apiVersion: string, kind: string) =>
      Object(checked({ apiVersion, kind, metadata: { name: "a" } }).inputs.metadata).namespace;
    expect(namespaceOf("v1", "ConfigMap")).toBe("default");
    expect(namespaceOf("networking.k8s.io/v1", "NetworkPolicy")).toBe("default");
    expect(namespaceOf("v1", "Namespace")).toBeUndefined();
    expect(namespaceOf("rbac.authorization.k8s.io/v1", "ClusterRole")).toBeUndefined();
    expect(namespaceOf("eks.amazonaws.com/v1", "NodeClass")).toBeUndefined();
  });

  it("puts a Secret's texts into its data before policies see it, as secret as they were", () => {
    const news = { ...SECRET, data: { a: "MQ==" }, stringData: { token: "hunter2" } };
    expect(checked(news, [["stringData", "token"]])).toEqual({
      inputs: { ...SECRET, data: { a: "MQ==", token: "aHVudGVyMg==" } },
      secrets: [["data", "token"]],
    });
    expect(checked(news, [["stringData"]]).secrets).toEqual([["data"]]);
  });

  it("leaves texts that are not known yet, and those of other kinds, as they are", () => {
    const unknown = { ...SECRET, stringData: { token: UNKNOWN } };
    expect(checked(unknown).inputs).toEqual(unknown);
    const other = { ...SECRET, kind: "ConfigMap", stringData: { token: "x" } };
    expect(checked(other).inputs).toEqual(other);
  });
});
