import type { ResourceModel } from "../model.ts";
import { AwsError, arnOf, checkPolicy, uuidOf } from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, number, text } from "../values.ts";

const key: ResourceModel = {
  type: TYPES.kmsKey,
  title: "KMS Key",
  immutable: ["customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"],
  defaults: {
    bypassPolicyLockoutSafetyCheck: false,
    customerMasterKeySpec: "SYMMETRIC_DEFAULT",
    enableKeyRotation: false,
    isEnabled: true,
    keyUsage: "ENCRYPT_DECRYPT",
    multiRegion: false,
  },
  id: (draft) => uuidOf(draft, "key"),
  arn: (subject) => arnOf(subject, "kms", `key/${subject.id}`),
  validate: ({ inputs }) => {
    checkPolicy(text(inputs, "policy"), "MalformedPolicyDocumentException");
    const days = number(inputs, "deletionWindowInDays") ?? 30;
    if (days < 7 || days > 30)
      throw new AwsError("ValidationException", `PendingWindowInDays ${days} must be between 7 and 30`);
    const spec = text(inputs, "customerMasterKeySpec") ?? "SYMMETRIC_DEFAULT";
    if (flag(inputs, "enableKeyRotation") && spec !== "SYMMETRIC_DEFAULT")
      throw new AwsError(
        "UnsupportedOperationException",
        `Automatic rotation is not supported for a key of spec ${spec}`,
      );
  },
  outputs: {
    keyId: ({ id }) => id,
    rotationPeriodInDays: ({ inputs }) =>
      flag(inputs, "enableKeyRotation") ? (number(inputs, "rotationPeriodInDays") ?? 365) : 0,
    policy: ({ inputs, accountId }) => text(inputs, "policy") ?? defaultPolicy(accountId),
  },
};

function defaultPolicy(accountId: string): string {
  const principal = { AWS: `arn:aws:iam::${accountId}:root` };
  const statement = {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: principal,
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: [statement] });
}

const alias: ResourceModel = {
  type: TYPES.kmsAlias,
  title: "KMS Alias",
  required: ["targetKeyId"],
  immutable: ["name", "namePrefix"],
  nameProperty: "name",
  tagged: false,
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "kms", subject.id),
  references: [
    {
      path: "targetKeyId",
      to: [TYPES.kmsKey],
      missing: (id) => new AwsError("NotFoundException", `Key '${id}' does not exist`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: (_inputs, other) =>
        new AwsError("AlreadyExistsException", `An alias with the name ${other.arn} already exists`),
    },
  ],
  validate: ({ inputs }) => {
    const name = text(inputs, "name") ?? "";
    if (!/^alias\/[\w/-]+$/.test(name) || name.startsWith("alias/aws/"))
      throw new AwsError(
        "ValidationException",
        `Alias '${name}' must start with the prefix "alias/", and may not start with alias/aws/`,
      );
  },
  outputs: {
    targetKeyArn: ({ inputs }, world) => world.find([TYPES.kmsKey], text(inputs, "targetKeyId") ?? "")?.arn ?? "",
  },
};

export const kmsModels: readonly ResourceModel[] = [key, alias];
