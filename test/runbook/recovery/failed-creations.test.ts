import { failedCreations } from "../../../runbook/recovery/state-edit.ts";

const CLUSTER = "urn:pulumi:prod::sparki::aws:eks/cluster:Cluster::cluster";
const WAITED = "waiting for EKS Cluster (sparki-prod) create: unexpected state 'FAILED', wanted target 'ACTIVE'";
const FAILED = `creating ${CLUSTER}: 1 error occurred:\n\t* ${WAITED}`;

const cluster = (initErrors: string[], rest = {}) => {
  return { urn: CLUSTER, type: "aws:eks/cluster:Cluster", custom: true, id: "sparki-prod", initErrors, ...rest };
};
const found = (...resources: object[]) => failedCreations({ version: 3, deployment: { resources } });
const addon = (rest: object) => {
  return { urn: "urn:pulumi:prod::sparki::aws:eks/addon:Addon::a", type: "aws:eks/addon:Addon", custom: true, ...rest };
};

describe("failedCreations", () => {
  it("finds what AWS gave up", () => {
    expect(found(cluster([FAILED]))).toEqual([{ urn: CLUSTER, name: "cluster" }]);
  });

  it.each<[string, object[]]>([
    ["an empty state", []],
    ["what was made", [cluster([])]],
    ["what AWS is still creating", [cluster(["creating x: timeout while waiting for state to become 'ACTIVE'"])]],
    ["what an update failed on", [cluster([`updating x: ${WAITED.replace(" create", " update")}`])]],
    ["what another resource names", [cluster([FAILED]), addon({ dependencies: [CLUSTER] })]],
    [
      "what another's input comes from",
      [cluster([FAILED]), addon({ propertyDependencies: { clusterName: [CLUSTER] } })],
    ],
  ])("leaves %s alone", (_, resources) => {
    expect(found(...resources)).toEqual([]);
  });

  it("finds nothing in a stack that was never deployed to", () => {
    expect(failedCreations({ version: 3, deployment: {} })).toEqual([]);
  });
});
