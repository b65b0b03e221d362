import { refreshedOutputs, releaseOutputs, releasePreview } from "../../../rehearsal/kubernetes/helm.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

const MANIFEST = `---
# Source: engine/templates/a.yaml
apiVersion: v1
kind: Secret
metadata: {name: a}
data: {token: c2VjcmV0}
---
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b, namespace: other}
`;
const STATE = {
  name: "engine-fleet",
  namespace: "shop",
  revision: 3,
  status: "deployed",
  chart: "engine",
  version: "0.1.0",
  appVersion: "9",
  manifest: MANIFEST,
  config: { replicas: 2 },
};

describe("releaseOutputs", () => {
  it("tells revision, status and the objects by kind", () => {
    const outputs = releaseOutputs({ name: "engine-fleet" }, STATE);
    expect(outputs).toMatchObject({
      name: "engine-fleet",
      status: {
        revision: 3,
        status: "deployed",
        chart: "engine",
        version: "0.1.0",
        appVersion: "9",
        namespace: "shop",
      },
      resourceNames: { "Secret/v1": ["a"], "Deployment.apps/apps/v1": ["other/b"] },
    });
  });

  it("never holds what a rendered Secret holds", () => {
    expect(JSON.stringify(releaseOutputs({}, STATE))).not.toContain("c2VjcmV0");
  });

  it("keeps what was asked for apart, and takes the values that Helm has once it is read again", () => {
    const asked = { name: "engine-fleet", values: { replicas: 1, kept: { a: 1 } } };
    const before = releaseOutputs(asked, STATE);
    expect(before).toMatchObject({ ...asked, __inputs: asked });
    const now = refreshedOutputs(before, { ...STATE, revision: 4, config: { replicas: 2, kept: { b: 2 } } });
    expect(now).toMatchObject({
      values: { replicas: 2, kept: { a: 1, b: 2 } },
      status: { revision: 4 },
      __inputs: asked,
    });
  });
});

describe("releasePreview", () => {
  it("knows the inputs and nothing that helm will say", () => {
    expect(releasePreview({ name: "x" })).toMatchObject({ name: "x", status: UNKNOWN });
  });
});
