import { releaseOutputs, releasePreview } from "../../../rehearsal/kubernetes/release-outputs.ts";
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

  it("has another checksum when the manifest is another", () => {
    const changed = { ...STATE, manifest: MANIFEST.replace("other", "shop") };
    expect(releaseOutputs({}, changed).checksum).not.toBe(releaseOutputs({}, STATE).checksum);
  });
});

describe("releasePreview", () => {
  it("knows the inputs and nothing that helm will say", () => {
    expect(releasePreview({ name: "x" })).toMatchObject({ name: "x", status: UNKNOWN, checksum: UNKNOWN });
  });
});
