import { DeliveredAccount } from "../support/delivered-account.ts";
import { RUNNER_TOKEN } from "../support/pulumi-service.ts";

jest.setTimeout(3_600_000);

const AGREES = { orphans: 0, duplicates: 0, drift: 0, findings: [] };

describe("an account's delivery on the real engine", () => {
  let account: DeliveredAccount;

  beforeAll(async () => {
    account = await DeliveredAccount.open();
    expect(await account.run("stack", "init")).toMatchObject({ code: 0 });
  });
  afterAll(() => account.close());

  it("refuses a config that names what there is not, with every problem at once, and makes nothing", async () => {
    account.configure({ budgets: { monthlyUsd: 1 }, stacks: ["Prod"], watch: { cloudTrail: "yes" } });
    const { code, stdout } = await account.change("preview");
    expect(code).not.toBe(0);
    expect(stdout).toContain("5 problems in the config of stack prod");
    expect(stdout).toContain("budgets is not a known key; did you mean budget?");
    expect(stdout).toContain("Edit delivery/Pulumi.prod.yaml: sparki-delivery:watch.cloudTrail");
    expect(account.there()).toEqual({});
    account.configure({
      budgets: undefined,
      stacks: ["prod"],
      watch: { cloudTrail: true, guardDuty: true, config: true },
    });
  });

  it("comes up in an empty account, judged by its policies, which then agrees with the state", async () => {
    expect(await account.done("up")).toMatch(/^ +✅ sparki-delivery@v1\.0\.0 \(local: /m);
    expect(await account.comparison()).toMatchObject(AGREES);
    expect(account.there()).toMatchObject({
      ...{ Bucket: 3, BucketReplicationConfig: 1, Key: 6, OpenIdConnectProvider: 1, Role: 6, Policy: 9 },
      ...{ Topic: 2, EventRule: 3, EventTarget: 3, Budget: 1, Detector: 1, Trail: 1, RecorderStatus: 1 },
    });
  });

  it("changes nothing when it is run again", async () => {
    await account.done("up");
    expect(Object.keys(await account.lastChanges())).toEqual(["same"]);
  });

  it("refuses a program that opens the bucket of the states, and changes nothing", async () => {
    const before = account.there();
    account.tamper(`
      pulumi.runtime.registerStackTransformation(({ name, props, opts }) =>
        name === "state-bucket-private"
          ? { props: { ...props, blockPublicPolicy: false }, opts }
          : undefined,
      );`);
    const { code, stdout } = await account.change("up");
    account.tamper(undefined);
    expect(code).not.toBe(0);
    expect(stdout).toContain('BucketPublicAccessBlock "state-bucket-private", blockPublicPolicy (declared: true)');
    expect(account.there()).toEqual(before);
    expect(await account.comparison()).toMatchObject(AGREES);
  });

  it("deploys by Pulumi Cloud where that is asked for, and keeps its runners' token encrypted", async () => {
    const image = `ghcr.io/alexarno/deployments@sha256:${"a1".repeat(32)}`;
    account.configure({ pulumiCloud: { organization: "sparki", image } });
    await account.done("up");
    const kinds = [...account.pulumiCloud.made.values()].sort();
    const settings = ["DeploymentSettings", "DeploymentSettings", "DeploymentSettings", "DriftSchedule"];
    expect(kinds).toEqual(["AgentPool", "DeploymentSchedule", ...settings, "Environment", "Stack", "Stack", "Webhook"]);
    expect(account.there()).toMatchObject({ OpenIdConnectProvider: 2, Role: 6 });
    const told = await account.run("stack", "export");
    expect(told.stdout).toContain("deploymentRunnerToken");
    expect(told.stdout).not.toContain(RUNNER_TOKEN);
    const shown = await account.run("stack", "output", "deploymentRunnerToken", "--show-secrets");
    expect(shown.stdout.trim()).toBe(RUNNER_TOKEN);
    await account.done("up");
    expect(Object.keys(await account.lastChanges())).toEqual(["same"]);
    account.configure({ pulumiCloud: undefined });
    await account.done("up");
    expect(account.pulumiCloud.made.size).toBe(0);
    expect(account.there()).toMatchObject({ OpenIdConnectProvider: 1, Role: 6 });
  });

  it("keeps the states and their keys from being deleted", async () => {
    const { code, stdout, stderr } = await account.change("destroy");
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/protected/);
    expect(account.there()).toMatchObject({ Bucket: 3, Key: 6 });
    const kept = await account.kept();
    expect(new Set(kept)).toEqual(new Set(["aws:s3/bucket:Bucket", "aws:kms/key:Key"]));
    expect(kept).toHaveLength(9);
  });

  it("takes away what is switched off, and that alone", async () => {
    account.configure({ watch: { cloudTrail: true, guardDuty: false, config: false }, protection: false });
    await account.done("up");
    const there = account.there();
    expect(there).toMatchObject({ Bucket: 3, Trail: 1, EventRule: 2, Budget: 1 });
    for (const gone of ["Detector", "Recorder", "DeliveryChannel", "RecorderStatus"])
      expect(there[gone]).toBeUndefined();
    expect(await account.comparison()).toMatchObject(AGREES);
    expect(await account.kept()).toEqual([]);
  });

  it("goes in an order that AWS takes, and leaves an empty account", async () => {
    await account.done("destroy");
    expect(account.there()).toEqual({});
  });
});
