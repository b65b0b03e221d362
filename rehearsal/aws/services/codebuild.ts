import type { ResourceModel } from "../model.ts";
import { AwsError, arnOf } from "../model.ts";
import { roleReference, securityGroupReference, subnetReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";

const INVALID = "InvalidInputException";

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
    roleReference("serviceRole", INVALID, (arn) => `CodeBuild is not authorized to perform: sts:AssumeRole on ${arn}`),
    vpcReference("vpcConfig.vpcId"),
    subnetReference("vpcConfig.subnets", INVALID),
    securityGroupReference("vpcConfig.securityGroupIds", INVALID),
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

export const buildModels: readonly ResourceModel[] = [project, webhook];
