import type { Properties } from "../../provider/properties.ts";
import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { TIMINGS } from "../latency.ts";
import type { Draft, Identified, ResourceModel } from "../model.ts";
import { roleReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, text } from "../values.ts";
import type { World } from "../world.ts";

const INVALID = "InvalidParameterException";
const createdAt = { createdAt: () => "2026-01-01T00:00:00Z" };

/** How EKS refuses a role that it cannot assume. */
export const roleWords = (arn: string) =>
  `Role with arn: ${arn}, could not be assumed because it does not exist or the trusted entity is not correct`;

const clusterReference = {
  path: "clusterName",
  to: [TYPES.cluster],
  missing: (name: string) => new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`),
  holds: false,
} as const;

const inCluster = (inputs: Properties, ...keys: readonly string[]) =>
  ["clusterName", ...keys].map((key) => text(inputs, key)).join(":");

/** The role under which a rehearsal deploys: see getCallerIdentity. */
export const DEPLOYING_ROLE = "platform-engineering";

/** EKS has made the entry of who made the cluster already, unless it was told not to. */
function checkCreator({ inputs }: Draft, world: World): void {
  const cluster = world.find([TYPES.cluster], text(inputs, "clusterName") ?? "");
  const isCreator = text(inputs, "principalArn")?.endsWith(`:role/${DEPLOYING_ROLE}`);
  if (isCreator && flag(cluster?.inputs ?? {}, "accessConfig.bootstrapClusterCreatorAdminPermissions"))
    throw entryInUse();
}

const entryInUse = () =>
  new AwsError("ResourceInUseException", "The specified access entry resource is already in use on this cluster.");

const accessEntry: ResourceModel = {
  type: TYPES.accessEntry,
  title: "EKS Access Entry",
  required: ["clusterName", "principalArn"],
  immutable: ["clusterName", "principalArn", "type"],
  defaults: { type: "STANDARD" },
  id: ({ inputs }) => inCluster(inputs, "principalArn"),
  references: [clusterReference],
  unique: [
    {
      key: (inputs) => inCluster(inputs, "principalArn"),
      taken: entryInUse,
    },
  ],
  validate: checkCreator,
  outputs: {
    ...createdAt,
    accessEntryArn: (subject) =>
      arnOf(subject, "eks", `access-entry/${inCluster(subject.inputs).replace(":", "/")}/${subject.hex("entry", 32)}`),
    userName: ({ inputs }) => text(inputs, "userName") ?? text(inputs, "principalArn") ?? "",
  },
};

const accessPolicyAssociation: ResourceModel = {
  type: TYPES.accessPolicyAssociation,
  title: "EKS Access Policy Association",
  required: ["accessScope", "clusterName", "policyArn", "principalArn"],
  immutable: ["*"],
  tagged: false,
  id: ({ inputs }) => ["clusterName", "principalArn", "policyArn"].map((key) => text(inputs, key)).join("#"),
  references: [clusterReference],
  validate: ({ inputs }, world) => {
    if (world.get(TYPES.accessEntry, inCluster(inputs, "principalArn")) !== undefined) return;
    const words = `The specified principalArn could not be found: ${text(inputs, "principalArn")}. You can view your available access entries with 'list-access-entries'.`;
    throw new AwsError("ResourceNotFoundException", words);
  },
  outputs: { associatedAt: () => "2026-01-01T00:00:00Z" },
};

const addon: ResourceModel = {
  type: TYPES.addon,
  title: "EKS Add-On",
  required: ["addonName", "clusterName"],
  immutable: ["addonName", "clusterName"],
  id: ({ inputs }) => inCluster(inputs, "addonName"),
  arn: (subject: Identified) =>
    arnOf(subject, "eks", `addon/${subject.id.replace(":", "/")}/${subject.hex("addon", 32)}`),
  references: [clusterReference, roleReference("serviceAccountRoleArn", INVALID, roleWords)],
  unique: [
    {
      key: (inputs) => inCluster(inputs, "addonName"),
      taken: () => new AwsError("ResourceInUseException", "Addon already exists."),
    },
  ],
  outputs: { ...createdAt, addonVersion: ({ inputs }) => text(inputs, "addonVersion") ?? "v1.0.0-eksbuild.1" },
  latency: { create: TIMINGS.addon },
};

const podIdentityAssociation: ResourceModel = {
  type: TYPES.podIdentityAssociation,
  title: "EKS Pod Identity Association",
  required: ["clusterName", "namespace", "roleArn", "serviceAccount"],
  immutable: ["clusterName", "namespace", "serviceAccount"],
  id: (draft) => `a-${draft.hex("association", 17)}`,
  references: [clusterReference, roleReference("roleArn", INVALID, roleWords)],
  unique: [
    {
      key: (inputs) => inCluster(inputs, "namespace", "serviceAccount"),
      taken: (_inputs, other) => new AwsError("ResourceInUseException", `Association already exists: ${other.id}`),
    },
  ],
  outputs: {
    associationId: ({ id }) => id,
    associationArn: (subject) =>
      arnOf(subject, "eks", `podidentityassociation/${text(subject.inputs, "clusterName")}/${subject.id}`),
  },
};

export const eksAccessModels: readonly ResourceModel[] = [
  accessEntry,
  accessPolicyAssociation,
  addon,
  podIdentityAssociation,
];
