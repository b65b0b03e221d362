import type { Identified, ResourceModel } from "../model.ts";
import { AwsError, arnOf } from "../model.ts";
import { kmsKeyReference, roleReference, securityGroupReference, subnetReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";

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
