import type { HelmRelease } from "../../../io/cluster-lookups.ts";
import { helmReleases } from "../../../runbook/preflight/charts.ts";
import { fakeCluster, fakeContext, fakeState, look, resource } from "../../support/preflight.ts";

const state = fakeState([resource("aws:eks/cluster:Cluster", "eks")]);
const release = (status: string, revision = 3): HelmRelease => ({
  name: "engine-fleet",
  namespace: "sparki-engine",
  revision,
  status,
  since: 0,
});
const holding = (...found: HelmRelease[]) =>
  fakeContext({ state, cluster: fakeCluster({ helmReleases: async () => found }) });

describe("helmReleases", () => {
  it("passes when all are deployed", async () => {
    expect(await look(helmReleases, holding(release("deployed")))).toEqual({
      status: "pass",
      reason: "1 releases, all deployed",
    });
  });

  it.each([
    ["there is no cluster", fakeContext(), "there is no cluster yet"],
    ["AWS has not made the cluster of the state", fakeContext({ state }), "the cluster is not created yet"],
    ["nothing has been released", holding(), "nothing has been released to the cluster yet"],
  ])("is skipped while %s", async (_, context, reason) => {
    expect(await look(helmReleases, context)).toEqual({ status: "skipped", reason });
  });

  it.each([
    ["an upgrade", release("pending-upgrade"), "helm rollback engine-fleet --namespace sparki-engine"],
    ["a first install", release("pending-install", 1), "helm uninstall engine-fleet --namespace sparki-engine"],
  ])("fails for %s that never ended, and names the command that repairs it", async (_, stuck, fix) => {
    expect(await look(helmReleases, holding(stuck))).toEqual({
      status: "fail",
      reason: `engine-fleet in sparki-engine is ${stuck.status} at revision ${stuck.revision}`,
      fix,
    });
  });

  it.each([
    ["uninstalling", "helm uninstall engine-fleet --namespace sparki-engine"],
    ["uninstalled", "helm uninstall engine-fleet --namespace sparki-engine"],
    ["superseded", "helm status engine-fleet --namespace sparki-engine, then deploy once it says deployed"],
    ["unknown", "helm status engine-fleet --namespace sparki-engine, then deploy once it says deployed"],
    ["a-state-of-tomorrow", "helm status engine-fleet --namespace sparki-engine, then deploy once it says deployed"],
    ["", "helm status engine-fleet --namespace sparki-engine, then deploy once it says deployed"],
  ])("fails for one that is %s: only what is deployed passes (W16)", async (status, fix) => {
    expect(await look(helmReleases, holding(release("deployed"), release(status)))).toMatchObject({
      status: "fail",
      fix,
    });
  });

  it("warns of one that failed: the next upgrade goes over it", async () => {
    expect(await look(helmReleases, holding(release("failed")))).toMatchObject({ status: "warn" });
  });

  it("fails when the cluster no longer exists that something was released to", async () => {
    const used = fakeState([
      resource("aws:eks/cluster:Cluster", "eks"),
      resource("kubernetes:helm.sh/v3:Release", "engine-fleet"),
    ]);
    expect(await look(helmReleases, fakeContext({ state: used }))).toMatchObject({
      status: "fail",
      reason: "the cluster no longer exists",
    });
  });
});
