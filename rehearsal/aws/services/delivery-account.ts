import { allows } from "../../../aws/policy-document.ts";
import {
  AwsError,
  arnOf,
  checkPolicy,
  type Draft,
  globalArn,
  kmsKeyReference,
  type Reference,
  type ResourceModel,
  roleReference,
  securityGroupReference,
  subnetReference,
  uuidOf,
  vpcReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, text } from "../values.ts";
import type { World } from "../world.ts";

const budget: ResourceModel = {
  type: TYPES.budget,
  title: "Budgets Budget",
  required: ["budgetType", "timeUnit"],
  immutable: ["name", "namePrefix"],
  nameProperty: "name",
  global: true,
  id: ({ inputs, accountId }) => `${accountId}:${text(inputs, "name")}`,
  arn: (subject) => globalArn(subject, "budgets", `budget/${text(subject.inputs, "name")}`),
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) => new AwsError("DuplicateRecordException", `the budget already exists: ${text(inputs, "name")}`),
    },
  ],
};

const detector: ResourceModel = {
  type: TYPES.detector,
  title: "GuardDuty Detector",
  defaults: { enable: true },
  id: (draft) => draft.hex("detector", 32),
  arn: (subject) => arnOf(subject, "guardduty", `detector/${subject.id}`),
  quotas: [
    {
      limit: 1,
      exceeded: () =>
        new AwsError(
          "BadRequestException",
          "The request is rejected because a detector already exists for the current account.",
        ),
    },
  ],
  outputs: { accountId: ({ accountId }) => accountId },
};

const bucketReference = (code: string): Reference => ({
  path: "s3BucketName",
  to: [TYPES.bucket],
  missing: (name) => new AwsError(code, `S3 bucket ${name} does not exist!`),
  holds: false,
});

/** Whether a bucket's own policy lets a service write below the path, for the resource that it says it acts for. */
function letsWrite(draft: Draft, world: World, { service, source, path }: Readonly<Record<string, string>>): boolean {
  const bucket = text(draft.inputs, "s3BucketName") ?? "";
  const policy = text(world.get(TYPES.bucketPolicy, bucket)?.inputs ?? {}, "policy") ?? "";
  const context = {
    "aws:securetransport": "true",
    "aws:sourceaccount": draft.accountId,
    "aws:sourcearn": source ?? "",
    "s3:x-amz-acl": "bucket-owner-full-control",
  };
  const asked = { principal: service ?? "", context };
  return (
    allows(policy, { ...asked, action: "s3:GetBucketAcl", resource: `arn:aws:s3:::${bucket}` }) &&
    allows(policy, { ...asked, action: "s3:PutObject", resource: `arn:aws:s3:::${bucket}/${path}/x` })
  );
}

const prefixOf = (draft: Draft) =>
  text(draft.inputs, "s3KeyPrefix") === undefined ? "" : `${text(draft.inputs, "s3KeyPrefix")}/`;

const trailArn = (draft: Pick<Draft, "region" | "accountId" | "inputs">) =>
  arnOf(draft, "cloudtrail", `trail/${text(draft.inputs, "name")}`);

const trail: ResourceModel = {
  type: TYPES.trail,
  title: "CloudTrail Trail",
  required: ["s3BucketName"],
  immutable: ["name"],
  defaults: {
    enableLogFileValidation: false,
    enableLogging: true,
    includeGlobalServiceEvents: true,
    isMultiRegionTrail: false,
    isOrganizationTrail: false,
  },
  nameProperty: "name",
  id: trailArn,
  arn: ({ id }) => id,
  references: [
    bucketReference("S3BucketDoesNotExistException"),
    kmsKeyReference("kmsKeyId", "KmsKeyNotFoundException"),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) =>
        new AwsError("TrailAlreadyExistsException", `Trail ${text(inputs, "name")} already exists for customer`),
    },
  ],
  quotas: [
    {
      limit: 5,
      exceeded: (limit) =>
        new AwsError("MaximumNumberOfTrailsExceededException", `User already has ${limit} trails in this region`),
    },
  ],
  validate: (draft, world) => {
    const source = trailArn(draft);
    const path = `${prefixOf(draft)}AWSLogs/${draft.accountId}`;
    if (!letsWrite(draft, world, { service: "cloudtrail.amazonaws.com", source, path }))
      throw new AwsError(
        "InsufficientS3BucketPolicyException",
        `Incorrect S3 bucket policy is detected for bucket: ${text(draft.inputs, "s3BucketName")}`,
      );
    const key = world.find([TYPES.kmsKey], text(draft.inputs, "kmsKeyId") ?? "");
    const context = {
      "aws:sourceaccount": draft.accountId,
      "aws:sourcearn": source,
      "kms:encryptioncontext:aws:cloudtrail:arn": source,
    };
    const request = { action: "kms:GenerateDataKey", principal: "cloudtrail.amazonaws.com", context };
    if (key !== undefined && !allows(text(key.inputs, "policy") ?? "", request))
      throw new AwsError(
        "InsufficientEncryptionPolicyException",
        `Insufficient permissions to access S3 bucket ${text(draft.inputs, "s3BucketName")} or KMS key ${key.arn}.`,
      );
  },
  outputs: { homeRegion: ({ region }) => region },
};

const here = (world: World, type: string, { region }: Draft) =>
  world.ofType(type).find((each) => each.region === region);
const one = (code: string, words: string) => ({ limit: 1, exceeded: () => new AwsError(code, words) });

const recorder: ResourceModel = {
  type: TYPES.configRecorder,
  title: "ConfigService Configuration Recorder",
  required: ["roleArn"],
  immutable: ["name"],
  defaults: { name: "default" },
  tagged: false,
  id: ({ inputs }) => text(inputs, "name") ?? "default",
  references: [roleReference("roleArn", "InvalidRoleException", (arn) => `The role ${arn} is not valid`)],
  quotas: [
    one(
      "MaxNumberOfConfigurationRecordersExceededException",
      "Failed to put configuration recorder: one already exists",
    ),
  ],
};

const deliveryChannel: ResourceModel = {
  type: TYPES.configDeliveryChannel,
  title: "ConfigService Delivery Channel",
  required: ["s3BucketName"],
  immutable: ["name"],
  defaults: { name: "default" },
  tagged: false,
  id: ({ inputs }) => text(inputs, "name") ?? "default",
  references: [bucketReference("NoSuchBucketException"), kmsKeyReference("s3KmsKeyArn", "InvalidS3KmsKeyArnException")],
  quotas: [one("MaxNumberOfDeliveryChannelsExceededException", "Failed to put delivery channel: one already exists")],
  validate: (draft, world) => {
    if (here(world, TYPES.configRecorder, draft) === undefined)
      throw new AwsError("NoAvailableConfigurationRecorderException", "Configuration recorder is not available");
    const path = `${prefixOf(draft)}AWSLogs/${draft.accountId}/Config`;
    if (letsWrite(draft, world, { service: "config.amazonaws.com", path })) return;
    const words = `Insufficient delivery policy to s3 bucket: ${text(draft.inputs, "s3BucketName")}, unable to write to bucket`;
    throw new AwsError("InsufficientDeliveryPolicyException", words);
  },
  mayDelete: ({ region }, world) => {
    const running = world
      .ofType(TYPES.configRecorderStatus)
      .some((each) => each.region === region && each.status !== "deleting" && flag(each.inputs, "isEnabled"));
    if (!running) return;
    const words =
      "Failed to delete last specified delivery channel, because there is a running configuration recorder.";
    throw new AwsError("LastDeliveryChannelDeleteFailedException", words);
  },
};

const recorderStatus: ResourceModel = {
  type: TYPES.configRecorderStatus,
  title: "ConfigService Configuration Recorder Status",
  required: ["isEnabled"],
  immutable: ["name"],
  defaults: { name: "default" },
  tagged: false,
  id: ({ inputs }) => text(inputs, "name") ?? "default",
  references: [
    {
      path: "name",
      to: [TYPES.configRecorder],
      missing: (name) =>
        new AwsError("NoSuchConfigurationRecorderException", `Cannot find configuration recorder with name '${name}'.`),
      holds: false,
    },
  ],
  validate: (draft, world) => {
    if (!flag(draft.inputs, "isEnabled") || here(world, TYPES.configDeliveryChannel, draft) !== undefined) return;
    throw new AwsError(
      "NoAvailableDeliveryChannelException",
      "Delivery channel is not available to start configuration recorder.",
    );
  },
};

const topicReference = (path: string) => ({
  path,
  to: [TYPES.topic],
  missing: () => new AwsError("NotFound", "Topic does not exist"),
  holds: false,
});

const topic: ResourceModel = {
  type: TYPES.topic,
  title: "SNS Topic",
  immutable: ["name", "namePrefix", "fifoTopic"],
  defaults: { fifoTopic: false, contentBasedDeduplication: false },
  nameProperty: "name",
  id: (draft) => arnOf(draft, "sns", text(draft.inputs, "name") ?? ""),
  arn: ({ id }) => id,
  references: [kmsKeyReference("kmsMasterKeyId", "KMSNotFound")],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: () => new AwsError("InvalidParameter", "Topic already exists with different attributes or tags"),
    },
  ],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), "InvalidParameter"),
  outputs: { owner: ({ accountId }) => accountId },
};

const topicPolicy: ResourceModel = {
  type: TYPES.topicPolicy,
  title: "SNS Topic Policy",
  required: ["arn", "policy"],
  immutable: ["arn"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "arn") ?? "",
  arn: ({ id }) => id,
  references: [topicReference("arn")],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), "InvalidParameter"),
  outputs: { owner: ({ accountId }) => accountId },
};

/** Whom it is for must agree by a link in a mail; until then it delivers nothing. */
const byMail = (protocol: string | undefined) => protocol === "email" || protocol === "email-json";

const subscription: ResourceModel = {
  type: TYPES.topicSubscription,
  title: "SNS Topic Subscription",
  required: ["endpoint", "protocol", "topic"],
  immutable: ["endpoint", "protocol", "topic"],
  defaults: { confirmationTimeoutInMinutes: 1, endpointAutoConfirms: false, rawMessageDelivery: false },
  tagged: false,
  id: (draft) => `${text(draft.inputs, "topic")}:${uuidOf(draft, "subscription")}`,
  arn: ({ id }) => id,
  references: [topicReference("topic")],
  outputs: {
    ownerId: ({ accountId }) => accountId,
    pendingConfirmation: ({ inputs }) => byMail(text(inputs, "protocol")),
    confirmationWasAuthenticated: ({ inputs }) => !byMail(text(inputs, "protocol")),
  },
};

const INVALID_BUILD = "InvalidInputException";

const project: ResourceModel = {
  type: TYPES.buildProject,
  title: "CodeBuild Project",
  required: ["artifacts", "environment", "serviceRole", "source"],
  immutable: ["name"],
  defaults: { badgeEnabled: false, buildTimeout: 60, queuedTimeout: 480, projectVisibility: "PRIVATE" },
  nameProperty: "name",
  id: (draft) => arnOf(draft, "codebuild", `project/${text(draft.inputs, "name")}`),
  arn: ({ id }) => id,
  references: [
    roleReference(
      "serviceRole",
      INVALID_BUILD,
      (arn) => `CodeBuild is not authorized to perform: sts:AssumeRole on ${arn}`,
    ),
    vpcReference("vpcConfig.vpcId"),
    subnetReference("vpcConfig.subnets", INVALID_BUILD),
    securityGroupReference("vpcConfig.securityGroupIds", INVALID_BUILD),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (_inputs, other) => new AwsError("ResourceAlreadyExistsException", `Project already exists: ${other.arn}`),
    },
  ],
  outputs: { badgeUrl: () => "", publicProjectAlias: () => "" },
};

const webhook: ResourceModel = {
  type: TYPES.buildWebhook,
  title: "CodeBuild Webhook",
  required: ["projectName"],
  immutable: ["projectName", "manualCreation"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "projectName") ?? "",
  references: [
    {
      path: "projectName",
      to: [TYPES.buildProject],
      missing: (name) => new AwsError("ResourceNotFoundException", `Project cannot be found: ${name}`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "projectName"),
      taken: () => new AwsError("ResourceAlreadyExistsException", "Webhook already exists for this project"),
    },
  ],
  outputs: {
    payloadUrl: ({ region }) => `https://codebuild.${region}.amazonaws.com/webhooks`,
    url: () => "https://api.github.com/hooks",
  },
};

/** What an account has for its delivery alone: budget, watch, mail to people, and the runner. */
export const deliveryAccountModels: readonly ResourceModel[] = [
  budget,
  detector,
  trail,
  recorder,
  deliveryChannel,
  recorderStatus,
  topic,
  topicPolicy,
  subscription,
  project,
  webhook,
];
