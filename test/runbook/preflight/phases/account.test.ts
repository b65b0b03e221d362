import { join } from "node:path";
import {
  administrator,
  deliveryConfig,
  documents,
  programs,
  rolesOf,
} from "../../../../runbook/preflight/phases/account.ts";
import { DeployError } from "../../../../shared/deploy-error.ts";
import { ACCOUNT, deliveryWith, phaseContext, see } from "../../../support/phases.ts";
import { configWith, realFiles } from "../../../support/preflight.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const { cluster } = configWith({});
const { deploys, plans } = rolesOf("prod", ACCOUNT);
const config = configWith({ cluster: { ...cluster, administrators: [deploys, plans], readers: [] } });
const READS = { ...cluster, administrators: [deploys], readers: [plans] };
const PULUMI_CLOUD = { organization: "sparki", image: `ghcr.io/alexarno/deployments@sha256:${"a".repeat(64)}` };
const caller = (accountId: string, arn: string) =>
  phaseContext({ looks: { "index/getCallerIdentity": { accountId, arn } } });

describe("administrator", () => {
  it.each([
    ["another account's role", "444455556666", "arn:aws:iam::444455556666:role/admin", "of account 444455556666"],
    ["the root user", ACCOUNT, `arn:aws:iam::${ACCOUNT}:root`, "root user"],
  ])("refuses %s", async (_, accountId, arn, reason) => {
    const found = await see(administrator, caller(accountId, arn));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("passes a role of the config's account", async () => {
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/admin/ada`;
    expect(await see(administrator, caller(ACCOUNT, arn))).toMatchObject({ status: "pass" });
  });
});

describe("programs", () => {
  it.each([
    ["an old Node", { nodeVersion: "20.19.0" }, "Node is 20.19.0"],
    ["no pulumi", { shellPulumi: () => Promise.reject(new Error("ENOENT")) }, "no pulumi on PATH"],
    [
      "an old pulumi",
      { shellPulumi: async () => ({ code: 0, stdout: "v3.1.0\n", stderr: "" }) },
      "pulumi is 3.1.0; expected",
    ],
  ])("fails with %s", async (_, changes, reason) => {
    const found = await see(programs, phaseContext(changes));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("passes what runs this program", async () => {
    expect(await see(programs, phaseContext())).toMatchObject({ status: "pass" });
  });
});

describe("deliveryConfig", () => {
  const delivered = (changes: object) => () => ({ stack: "prod", config: { ...deliveryWith(), ...changes } });

  it("passes two configs that agree, the planning role an administrator of the cluster or a reader", async () => {
    for (const agreed of [config, configWith({ cluster: READS }), configWith({})])
      expect(await see(deliveryConfig, phaseContext({ config: agreed }))).toMatchObject({ status: "pass" });
  });

  it.each([
    ["another region", { delivered: delivered({ region: "eu-west-1" }) }, "delivery is in eu-west-1"],
    [
      "another account",
      { delivered: delivered({ accountId: "444455556666" }) },
      "delivery is for account 444455556666",
    ],
    ["another stack", { delivered: delivered({ stacks: ["staging"] }) }, "expected prod among them"],
    [
      "a cluster without the roles of GitHub's jobs",
      { config: { ...config, cluster: { ...cluster, administrators: [], readers: [] } } },
      `is without ${deploys} and ${plans}`,
    ],
    [
      "a deploying role that may only read",
      { config: { ...config, cluster: { ...cluster, administrators: [plans], readers: [deploys] } } },
      `is without ${deploys}:`,
    ],
    [
      "a planning role that may only read, and has to verify after what Pulumi Cloud deploys",
      { config: { ...config, cluster: READS }, delivered: delivered({ pulumiCloud: PULUMI_CLOUD }) },
      `is without ${plans}:`,
    ],
    [
      "another stack's boundary",
      { config: { ...config, permissionsBoundary: `arn:aws:iam::${ACCOUNT}:policy/other` } },
      "sparki:permissionsBoundary is",
    ],
  ])("fails for %s", async (_, changes, reason) => {
    const found = await see(deliveryConfig, phaseContext({ config, ...changes }));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("fails with the problems of a delivery's config that cannot be read", async () => {
    const broken = () => {
      throw new DeployError("SPARKI_CONFIG", "2 problems", { hint: "edit it" });
    };
    const found = await see(deliveryConfig, phaseContext({ config, delivered: broken }));
    expect(found).toEqual({ status: "fail", reason: "2 problems", fix: "edit it" });
  });
});

describe("documents", () => {
  it("passes those of the checkout, and fails where one is missing", async () => {
    const current = phaseContext({ projectDirectory: ROOT, files: realFiles });
    expect(await see(documents, current)).toMatchObject({ status: "pass" });
    const found = await see(documents, phaseContext({ projectDirectory: "/elsewhere" }));
    expect(found).toMatchObject({ status: "fail", fix: "npm run deploying-role, then commit" });
  });
});
