import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import type { Account } from "./account.ts";
import { roleFor } from "./landscape.ts";
import type { Refusal } from "./refusal.ts";

async function bucket(account: Account, name: string): Promise<string> {
  return (await account.create({ type: TYPES.bucket, name, inputs: { bucket: name } })).id;
}

async function recorder(account: Account): Promise<Properties> {
  const roleArn = await roleFor(account, "config.amazonaws.com");
  const inputs = { name: "default", roleArn };
  await account.create({ type: TYPES.configRecorder, name: "recorder", inputs });
  return inputs;
}

/** What S3's copies, EventBridge, SNS, Budgets, GuardDuty, CloudTrail, Config and CodeBuild refuse. */
export const DELIVERY: readonly Refusal[] = [
  {
    what: "copies of a bucket that keeps no versions",
    type: TYPES.bucketReplication,
    inputs: async (account) => {
      const [from, to] = [await bucket(account, "state"), await bucket(account, "state-copy")];
      const destination = { bucket: `arn:aws:s3:::${to}` };
      const rule = {
        id: "all",
        status: "Enabled",
        filter: {},
        deleteMarkerReplication: { status: "Enabled" },
        destination,
      };
      return { bucket: from, role: await roleFor(account, "s3.amazonaws.com"), rules: [rule] };
    },
    code: "InvalidRequest",
    words: "Versioning must be 'Enabled' on the bucket state",
  },
  {
    what: "a second rule of that name",
    type: TYPES.eventRule,
    first: { name: "told", eventPattern: '{"source":["aws.sts"]}' },
    inputs: { name: "told", eventPattern: '{"source":["aws.sts"]}' },
    code: "ResourceAlreadyExistsException",
    words: "Rule told already exists",
  },
  {
    what: "a target of no rule",
    type: TYPES.eventTarget,
    inputs: { rule: "nothing", arn: "arn:aws:sns:us-east-1:111122223333:alarms" },
    code: "ResourceNotFoundException",
    words: "Rule nothing does not exist",
  },
  {
    what: "a subscription to no topic",
    type: TYPES.topicSubscription,
    inputs: { topic: "arn:aws:sns:us-east-1:111122223333:alarms", protocol: "email", endpoint: "a@sparki.tools" },
    code: "NotFound",
    words: "Topic does not exist",
  },
  {
    what: "a second budget of that name",
    type: TYPES.budget,
    first: { name: "sparki", budgetType: "COST", timeUnit: "MONTHLY", limitAmount: "1", limitUnit: "USD" },
    inputs: { name: "sparki", budgetType: "COST", timeUnit: "MONTHLY", limitAmount: "1", limitUnit: "USD" },
    code: "DuplicateRecordException",
    words: "the budget already exists: sparki",
  },
  {
    what: "a second detector in the region",
    type: TYPES.detector,
    first: { enable: true },
    inputs: { enable: true },
    code: "BadRequestException",
    words: "a detector already exists for the current account",
  },
  {
    what: "a trail into a bucket that does not let it write",
    type: TYPES.trail,
    inputs: async (account) => ({ name: "sparki", s3BucketName: await bucket(account, "closed") }),
    code: "InsufficientS3BucketPolicyException",
    words: "Incorrect S3 bucket policy is detected for bucket: closed",
  },
  {
    what: "a trail into no bucket",
    type: TYPES.trail,
    inputs: { name: "sparki", s3BucketName: "nothing" },
    code: "S3BucketDoesNotExistException",
    words: "S3 bucket nothing does not exist",
  },
  {
    what: "a channel before there is a recorder",
    type: TYPES.configDeliveryChannel,
    inputs: async (account) => ({ s3BucketName: await bucket(account, "audit") }),
    code: "NoAvailableConfigurationRecorderException",
    words: "Configuration recorder is not available",
  },
  {
    what: "a channel into a bucket that does not let Config write",
    type: TYPES.configDeliveryChannel,
    inputs: async (account) => {
      await recorder(account);
      return { s3BucketName: await bucket(account, "closed") };
    },
    code: "InsufficientDeliveryPolicyException",
    words: "Insufficient delivery policy to s3 bucket: closed",
  },
  {
    what: "a recorder that is started without a channel",
    type: TYPES.configRecorderStatus,
    inputs: async (account) => {
      await recorder(account);
      return { name: "default", isEnabled: true };
    },
    code: "NoAvailableDeliveryChannelException",
    words: "Delivery channel is not available",
  },
  {
    what: "a recorder whose role is another service's",
    type: TYPES.configRecorder,
    inputs: async (account) => ({ name: "default", roleArn: await roleFor(account, "s3.amazonaws.com") }),
    code: "InvalidRoleException",
    words: "config.amazonaws.com may not call sts:AssumeRole",
  },
  {
    what: "a project whose role is another service's",
    type: TYPES.buildProject,
    inputs: async (account) => ({
      name: "sparki-prod",
      serviceRole: await roleFor(account, "s3.amazonaws.com"),
      artifacts: { type: "NO_ARTIFACTS" },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_MEDIUM",
        image: "aws/codebuild/standard:7.0",
      },
      source: { type: "GITHUB", location: "https://github.com/alexarno/sparki-deploy.git" },
    }),
    code: "InvalidInputException",
    words: "codebuild.amazonaws.com may not call sts:AssumeRole",
  },
  {
    what: "a webhook of no project",
    type: TYPES.buildWebhook,
    inputs: { projectName: "nothing" },
    code: "ResourceNotFoundException",
    words: "Project cannot be found: nothing",
  },
];
