import { allows } from "../../../aws/policy-document.ts";
import type { Properties } from "../../provider/properties.ts";
import {
  AwsError,
  arnOf,
  checkPolicy,
  type Draft,
  type Identified,
  kmsKeyReference,
  type ResourceModel,
  roleReference,
  securityGroupReference,
  subnetReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { number, text } from "../values.ts";
import type { World } from "../world.ts";

const RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const logGroup: ResourceModel = {
  type: TYPES.logGroup,
  title: "CloudWatch Logs Log Group",
  immutable: ["name", "namePrefix", "logGroupClass"],
  defaults: { retentionInDays: 0, skipDestroy: false, logGroupClass: "STANDARD", deletionProtectionEnabled: false },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "logs", `log-group:${subject.id}`),
  references: [kmsKeyReference("kmsKeyId", "InvalidParameterException")],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: () => new AwsError("ResourceAlreadyExistsException", "The specified log group already exists"),
    },
  ],
  validate: (draft, world) => {
    const days = number(draft.inputs, "retentionInDays") ?? 0;
    if (!RETENTION_DAYS.includes(days)) {
      const words = `1 validation error detected: Value '${days}' at 'retentionInDays' failed to satisfy constraint: Member must be one of ${RETENTION_DAYS.slice(1).join(", ")}`;
      throw new AwsError("InvalidParameterException", words);
    }
    checkKeyPolicy(draft, world);
  },
  afterDelete: (resource, { world }) => {
    const { id } = resource;
    // Its last lines come minutes after a cluster is gone, and EKS makes the group for them as if it had never been.
    if (!world.profile.hasLateClusterLogs || !/^\/aws\/eks\/[^/]+\/cluster$/.test(id)) return;
    world.put({ ...resource, inputs: { name: id }, outputs: {}, tags: {}, status: "available", owner: "eks" });
  },
};

/** CloudWatch Logs encrypts by itself, so the key's own policy must let it. */
function checkKeyPolicy({ inputs, region, accountId }: Draft, world: World): void {
  const keyId = text(inputs, "kmsKeyId");
  const key = keyId === undefined ? undefined : world.find([TYPES.kmsKey], keyId);
  if (key === undefined) return;
  const policy = text(key.inputs, "policy");
  const group = `arn:aws:logs:${region}:${accountId}:log-group:${text(inputs, "name")}`;
  const services = [`logs.${region}.amazonaws.com`, "logs.amazonaws.com"];
  if (services.some((service) => letsEncrypt(policy, { service, group, accountId }))) return;
  throw new AwsError(
    "AccessDeniedException",
    `The specified KMS key does not exist or is not allowed to be used with Arn '${key.arn}'`,
  );
}

const logResourcePolicy: ResourceModel = {
  type: TYPES.logResourcePolicy,
  title: "CloudWatch Logs Resource Policy",
  required: ["policyDocument"],
  immutable: ["policyName", "resourceArn"],
  nameProperty: "policyName",
  tagged: false,
  id: ({ inputs }) => text(inputs, "policyName") ?? "",
  quotas: [{ limit: 10, exceeded: () => new AwsError("LimitExceededException", "Resource limit exceeded.") }],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policyDocument"), "InvalidParameterException"),
  outputs: { policyScope: () => "ACCOUNT" },
};

/** Whether a key's policy lets CloudWatch Logs encrypt a log group under it. */
function letsEncrypt(
  document: string | undefined,
  { service, group, accountId }: { readonly service: string; readonly group: string; readonly accountId: string },
): boolean {
  const context = {
    "aws:sourceaccount": accountId,
    "aws:sourcearn": group,
    "kms:encryptioncontext:aws:logs:arn": group,
  };
  const wanted = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"];
  return wanted.every((action) => allows(document ?? "", { action, principal: service, context }));
}

const BUS = "default";
const busOf = (inputs: Properties) => text(inputs, "eventBusName") ?? BUS;
const onBus = (inputs: Properties, name: string) => (busOf(inputs) === BUS ? name : `${busOf(inputs)}/${name}`);

const rule: ResourceModel = {
  type: TYPES.eventRule,
  title: "EventBridge Rule",
  immutable: ["name", "namePrefix", "eventBusName"],
  defaults: { eventBusName: BUS, forceDestroy: false, state: "ENABLED" },
  nameProperty: "name",
  id: ({ inputs }) => onBus(inputs, text(inputs, "name") ?? ""),
  arn: (subject) => arnOf(subject, "events", `rule/${subject.id}`),
  unique: [
    {
      key: (inputs) => onBus(inputs, text(inputs, "name") ?? ""),
      taken: (inputs) => new AwsError("ResourceAlreadyExistsException", `Rule ${text(inputs, "name")} already exists.`),
    },
  ],
  quotas: [
    {
      limit: 300,
      exceeded: () =>
        new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed."),
    },
  ],
  inUse: () => new AwsError("ValidationException", "Rule can't be deleted since it has targets."),
};

const target: ResourceModel = {
  type: TYPES.eventTarget,
  title: "EventBridge Target",
  required: ["arn", "rule"],
  immutable: ["rule", "eventBusName", "targetId"],
  defaults: { eventBusName: BUS, forceDestroy: false },
  nameProperty: "targetId",
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "rule")}-${text(inputs, "targetId")}`,
  arn: ({ inputs }) => text(inputs, "arn") ?? "",
  references: [
    {
      path: "rule",
      to: [TYPES.eventRule],
      missing: (name) => new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${BUS}.`),
    },
  ],
  quotas: [
    {
      limit: 5,
      within: (inputs) => text(inputs, "rule"),
      exceeded: () =>
        new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed."),
    },
  ],
};

export const cloudwatchModels: readonly ResourceModel[] = [logGroup, logResourcePolicy, rule, target];

const CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda.";
const arn = (subject: Identified) => arnOf(subject, "lambda", `function:${subject.id}`);

const lambdaFunction: ResourceModel = {
  type: TYPES.lambdaFunction,
  title: "Lambda Function",
  required: ["role"],
  immutable: ["name", "packageType"],
  defaults: { memorySize: 128, timeout: 3, packageType: "Zip", publish: false, skipDestroy: false },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn,
  references: [
    roleReference("role", "InvalidParameterValueException", () => CANNOT_ASSUME),
    kmsKeyReference("kmsKeyArn", "InvalidParameterValueException"),
    subnetReference("vpcConfig.subnetIds", "InvalidParameterValueException"),
    securityGroupReference("vpcConfig.securityGroupIds", "InvalidParameterValueException"),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (inputs) => new AwsError("ResourceConflictException", `Function already exist: ${text(inputs, "name")}`),
    },
  ],
  outputs: {
    invokeArn: (subject) =>
      `arn:aws:apigateway:${subject.region}:lambda:path/2015-03-31/functions/${arn(subject)}/invocations`,
    qualifiedArn: (subject) => `${arn(subject)}:$LATEST`,
    version: () => "$LATEST",
    lastModified: () => "2026-01-01T00:00:00.000+0000",
  },
};

const permission: ResourceModel = {
  type: TYPES.lambdaPermission,
  title: "Lambda Permission",
  required: ["action", "function", "principal"],
  immutable: ["*"],
  nameProperty: "statementId",
  tagged: false,
  id: ({ inputs }) => text(inputs, "statementId") ?? "",
  references: [
    {
      path: "function",
      to: [TYPES.lambdaFunction],
      missing: (name) => new AwsError("ResourceNotFoundException", `Function not found: ${name}`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => `${text(inputs, "function")} ${text(inputs, "statementId")}`,
      taken: (inputs) =>
        new AwsError(
          "ResourceConflictException",
          `The statement id (${text(inputs, "statementId")}) provided already exists.`,
        ),
    },
  ],
};

export const lambdaModels: readonly ResourceModel[] = [lambdaFunction, permission];
