import { join } from "node:path";
import { type CommandRunner, commandRunner } from "../../../io/child-command.ts";
import { apiFinding, kubernetesApis } from "../../../runbook/preflight/kubernetes-apis.ts";
import { configWith, fakeCluster, fakeContext, look, realFiles } from "../../support/preflight.ts";
import { toolPath } from "../../support/tool.ts";

const projectDirectory = join(import.meta.dirname, "..", "..", "..");
const real = commandRunner(toolPath("helm"), process.env);
const cluster = (version: string) => configWith({ cluster: { ...configWith({}).cluster, version } });

const object = (apiVersion: string, kind: string) => ({ apiVersion, kind, metadata: { name: "x", namespace: "y" } });
const manifest = (apiVersion: string, kind: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\n`;

const withHelm = (helm: CommandRunner, parts: Parameters<typeof fakeContext>[0] = {}) =>
  fakeContext({ projectDirectory, files: realFiles, commands: { aws: helm, helm, git: helm }, ...parts });
/** Helm that renders one object. */
const rendering = (apiVersion: string, kind: string): CommandRunner => {
  return async () => ({ code: 0, stdout: manifest(apiVersion, kind), stderr: "" });
};
const installed = (apiVersion: string, kind: string) => {
  const stored = { name: "engine-fleet", namespace: "sparki-engine", revision: 3, status: "deployed", values: {} };
  const chart = { metadata: {}, values: {}, files: {} };
  return fakeCluster({ installed: async () => [{ ...stored, chart, manifest: manifest(apiVersion, kind) }] });
};

describe("the API of an object", () => {
  it.each([
    ["v1", "Service"],
    ["apps/v1", "Deployment"],
    ["policy/v1", "PodDisruptionBudget"],
    ["autoscaling/v2", "HorizontalPodAutoscaler"],
    ["networking.k8s.io/v1", "NetworkPolicy"],
    ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
  ])("is served where it is stable: %s %s", (apiVersion, kind) => {
    expect(apiFinding(object(apiVersion, kind), "1.35")).toEqual({ object: `${kind} y/x`, status: "served" });
  });

  it.each([
    ["policy/v1beta1", "PodDisruptionBudget", "1.25", "was removed in Kubernetes 1.25; policy/v1 PodDisruptionBudget"],
    ["batch/v1beta1", "CronJob", "1.35", "was removed in Kubernetes 1.25; batch/v1 CronJob replaces it"],
    ["extensions/v1beta1", "Ingress", "1.22", "was removed in Kubernetes 1.22; networking.k8s.io/v1 Ingress"],
    ["autoscaling/v2", "HorizontalPodAutoscaler", "1.22", "is served from Kubernetes 1.23 on"],
    ["apps/v1", "Deploiment", "1.35", "is no API of Kubernetes"],
    ["apps/v2", "Deployment", "1.35", "is no API of Kubernetes"],
    ["autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.35", "is no API of Kubernetes"],
    ["rbac.k8s.io/v1", "Role", "1.35", "is no API of Kubernetes"],
    ["undefined", "undefined", "1.35", "is no API of Kubernetes"],
  ])("is refused with what to use instead: %s %s on %s", (apiVersion, kind, version, reason) => {
    const finding = apiFinding(object(apiVersion, kind), version);
    expect(finding).toMatchObject({ status: "refused", reason: expect.stringContaining(reason) });
  });

  it("is served, and told, while it is deprecated", () => {
    expect(apiFinding(object("policy/v1beta1", "PodDisruptionBudget"), "1.24")).toMatchObject({
      status: "leaving",
      reason: expect.stringContaining("is removed in Kubernetes 1.25"),
    });
    expect(apiFinding(object("policy/v1beta1", "PodDisruptionBudget"), "1.20").status).toBe("served");
  });

  it.each([
    ["monitoring.coreos.com/v1", "PrometheusRule"],
    ["secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"],
  ])("is an add-on's: %s %s", (apiVersion, kind) => {
    expect(apiFinding(object(apiVersion, kind), "1.35").status).toBe("custom");
  });
});

describe("kubernetes-apis", () => {
  it("passes for the project's own charts with prod's config, by the real helm", async () => {
    const finding = await look(kubernetesApis, withHelm(real));
    expect(finding).toMatchObject({ status: "pass" });
    expect(finding.reason).toMatch(
      /^Kubernetes 1\.\d+ serves all \d\d objects of the charts and 0 installed ones; \d+ more/,
    );
  });

  it("fails for a chart that the new version would not take, with the object and the version that removed it", async () => {
    const helm = rendering("policy/v1beta1", "PodDisruptionBudget");
    const finding = await look(kubernetesApis, withHelm(helm, { config: cluster("1.35") }));
    expect(finding).toMatchObject({ status: "fail", fix: expect.stringContaining("apps/charts") });
    expect(finding.reason).toContain("PodDisruptionBudget sparki-engine/x (apps/charts): policy/v1beta1");
    expect(finding.reason).toContain("was removed in Kubernetes 1.25; policy/v1 PodDisruptionBudget replaces it");
  });

  it("fails for what is installed, which Helm could not upgrade", async () => {
    const parts = { cluster: installed("batch/v1beta1", "CronJob") };
    const finding = await look(kubernetesApis, withHelm(rendering("v1", "Service"), parts));
    expect(finding.status).toBe("fail");
    expect(finding.reason).toContain("CronJob sparki-engine/x (installed): batch/v1beta1 CronJob was removed");
  });

  it("warns of what the next versions will not serve", async () => {
    const helm = rendering("policy/v1beta1", "PodDisruptionBudget");
    expect(await look(kubernetesApis, withHelm(helm, { config: cluster("1.24") }))).toMatchObject({ status: "warn" });
  });

  it.each([
    ["1.34", true],
    ["1.35", false],
    ["1.36", false],
  ])(
    "names the command that asks a real API server where the cluster's version is older: %s",
    async (version, isNamed) => {
      const looks = { "eks/getCluster": { version } };
      const parts = { config: cluster("1.35"), looks };
      const finding = await look(kubernetesApis, withHelm(rendering("v1", "Service"), parts));
      expect(finding.status).toBe("pass");
      expect(finding.reason.includes("npx sparki upgrades --kubernetes 1.35 --stack prod")).toBe(isNamed);
    },
  );

  it("says that it does not know a version that is newer than its table", async () => {
    const finding = await look(kubernetesApis, withHelm(real, { config: cluster("1.99") }));
    expect(finding).toMatchObject({ status: "warn", fix: expect.stringContaining("npm run kubernetes-apis") });
    expect(finding.reason).toContain("were not compared");
  });

  it("leaves a chart that does not render to the check that says why", async () => {
    const helm: CommandRunner = async () => ({ code: 1, stdout: "", stderr: "Error: no" });
    expect(await look(kubernetesApis, withHelm(helm))).toMatchObject({ status: "skipped" });
  });
});
