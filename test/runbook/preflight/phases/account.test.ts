import { join } from "node:path";
import {
  administrator,
  deliveryConfig,
  deliveryRoles,
  documents,
  mails,
  programs,
  rolesOf,
  stateBucket,
  stateKeys,
} from "../../../../runbook/preflight/phases/account.ts";
import { DeployError } from "../../../../shared/deploy-error.ts";
import { ACCOUNT, deliveryWith, phaseContext, see } from "../../../support/phases.ts";
import { configWith, realFiles } from "../../../support/preflight.ts";
import { RehearsedAccount } from "../../../support/rehearsed-account.ts";

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

const SAFE = {
  VersioningConfiguration: { Status: "Enabled" },
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } }],
  },
  PublicAccessBlockConfiguration: {
    ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
  },
};
const bucket = (settings: object) =>
  phaseContext({
    looks: {
      "s3/getBucket": { bucket: "sparki-state-111122223333" },
      "cloudcontrol/getResource": { properties: JSON.stringify(settings) },
    },
  });

describe("stateBucket", () => {
  it("passes one that keeps versions, is encrypted by KMS and private", async () => {
    expect(await see(stateBucket, bucket(SAFE))).toMatchObject({ status: "pass" });
  });

  it.each([
    ["keeps no versions", { ...SAFE, VersioningConfiguration: { Status: "Suspended" } }, "keeps no versions"],
    [
      "is encrypted by S3's own key",
      {
        ...SAFE,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
      },
      "is encrypted by AES256; expected KMS",
    ],
    [
      "is not private",
      { ...SAFE, PublicAccessBlockConfiguration: { ...SAFE.PublicAccessBlockConfiguration, BlockPublicAcls: false } },
      "does not block public access",
    ],
    ["says nothing of itself", {}, "keeps no versions, is encrypted by nothing; expected KMS, does not block"],
  ])("fails for one that %s", async (_, settings, reason) => {
    const found = await see(stateBucket, bucket(settings));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("does not know a bucket whose settings AWS does not tell", async () => {
    const context = phaseContext({ looks: { "s3/getBucket": { bucket: "b" } } });
    await expect(see(stateBucket, context)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});

describe("an account before delivery", () => {
  let account: RehearsedAccount;
  beforeEach(() => {
    account = new RehearsedAccount({ hasDelivery: false });
  });
  afterEach(() => account.close());

  it.each([
    [stateBucket, "there is no bucket sparki-state-111122223333"],
    [stateKeys, "alias/pulumi-state-sparki, alias/pulumi-secrets-sparki-prod, alias/pulumi-secrets-sparki-delivery"],
    [deliveryRoles, "deploys-sparki-prod, plans-sparki-prod, break-glass-sparki"],
  ])("has none of what $id looks for", async (check, reason) => {
    const found = await see(check, phaseContext({ aws: account }));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });
});

describe("mails", () => {
  const answered = (arns: Readonly<Record<string, string>>) => {
    const Subscriptions = Object.entries(arns).map(([Endpoint, SubscriptionArn]) => ({ Endpoint, SubscriptionArn }));
    const none = async () => ({ code: 1, stdout: "", stderr: "" });
    const aws = async () => ({ code: 0, stdout: JSON.stringify({ Subscriptions }), stderr: "" });
    return phaseContext({ commands: { aws, helm: none, git: none } });
  };
  const arn = "arn:aws:sns:us-east-1:111122223333:alarms-sparki:1";

  it("fails while anyone has not confirmed, or has no subscription", async () => {
    const found = await see(mails, answered({ "ada@example.org": "PendingConfirmation" }));
    expect(found).toMatchObject({ reason: "not confirmed by ada@example.org, bob@example.org", status: "fail" });
  });

  it("fails while anyone has confirmed alarms alone, and not the caches' events", async () => {
    const none = async () => ({ code: 1, stdout: "", stderr: "" });
    const aws = async (args: readonly string[]) => {
      const isOfCaches = args.includes("arn:aws:sns:us-east-1:111122223333:cache-events-sparki");
      const Subscriptions = ["ada@example.org", ...(isOfCaches ? [] : ["bob@example.org"])].map((Endpoint) => ({
        Endpoint,
        SubscriptionArn: arn,
      }));
      return { code: 0, stdout: JSON.stringify({ Subscriptions }), stderr: "" };
    };
    const found = await see(mails, phaseContext({ commands: { aws, helm: none, git: none } }));
    expect(found).toMatchObject({ reason: "not confirmed by bob@example.org", status: "fail" });
  });

  it("passes once everyone has", async () => {
    const context = answered({ "ada@example.org": arn, "bob@example.org": arn });
    expect(await see(mails, context)).toMatchObject({ status: "pass" });
  });

  it.each(["", "Welcome back"])("knows nothing where the AWS command line answers %j", async (stdout) => {
    const none = async () => ({ code: 0, stdout, stderr: "" });
    await expect(see(mails, phaseContext({ commands: { aws: none, helm: none, git: none } }))).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "aws sns list-subscriptions-by-topic: answered no JSON",
    });
  });

  it("knows nothing without the AWS command line, and in a rehearsal", async () => {
    await expect(see(mails, phaseContext())).rejects.toMatchObject({ message: "there is no aws on PATH" });
    await expect(see(mails, phaseContext({ isRehearsal: true }))).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});
