import { reviewed } from "../../../rehearsal/cluster/target-groups.ts";

function review(spec: object) {
  const object = { metadata: { labels: { app: "engine" } }, spec };
  return { kind: "AdmissionReview", request: { uid: "u1", namespace: "shop", object } };
}

function patchOf(spec: object, gates: readonly string[]): unknown {
  const { response } = reviewed(review(spec), () => gates);
  expect(response).toMatchObject({ uid: "u1", allowed: true });
  return "patch" in response ? JSON.parse(Buffer.from(`${response.patch}`, "base64").toString()) : undefined;
}

describe("reviewed", () => {
  it("adds the gates that the pod lacks to those that it has", () => {
    const own = { conditionType: "own" };
    expect(patchOf({ readinessGates: [own] }, ["a", "own"])).toEqual([
      { op: "add", path: "/spec/readinessGates", value: [own, { conditionType: "a" }] },
    ]);
  });

  it("changes nothing of a pod that needs no gate", () => {
    expect(patchOf({}, [])).toBeUndefined();
  });

  it("asks for the gates of the pod's own namespace and labels", () => {
    const asked: unknown[] = [];
    reviewed(review({}), (...about) => {
      asked.push(about);
      return [];
    });
    expect(asked).toEqual([["shop", { app: "engine" }]]);
  });

  it("refuses what is no review of a pod", () => {
    expect(() => reviewed({ request: {} }, () => [])).toThrow();
  });
});
