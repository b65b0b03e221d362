import { deliveryRoles, mails, stateBucket, stateKeys } from "../../../../runbook/preflight/phases/account.ts";
import { phaseContext, see } from "../../../support/phases.ts";
import { RehearsedAccount } from "../../../support/rehearsed-account.ts";

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

  it("knows nothing without the AWS command line, and in a rehearsal", async () => {
    await expect(see(mails, phaseContext())).rejects.toMatchObject({ message: "there is no aws on PATH" });
    await expect(see(mails, phaseContext({ isRehearsal: true }))).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});
