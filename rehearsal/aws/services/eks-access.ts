import type { Properties } from "../../provider/properties.ts";
import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { TIMINGS } from "../latency.ts";
import type { Draft, Identified, ResourceModel } from "../model.ts";
import { roleReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, text } from "../values.ts";
import type { World } from "../world.ts";
import { trusts } from "./policy-document.ts";

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

const CLUSTER_POLICY = /^arn:aws:eks::aws:cluster-access-policy\/Amazon(EKS|SageMaker|Aiops|ARC)\w*Policy$/;

const accessPolicyAssociation: ResourceModel = {
  type: TYPES.accessPolicyAssociation,
  title: "EKS Access Policy Association",
  required: ["accessScope", "clusterName", "policyArn", "principalArn"],
  immutable: ["*"],
  tagged: false,
  id: ({ inputs }) => ["clusterName", "principalArn", "policyArn"].map((key) => text(inputs, key)).join("#"),
  references: [clusterReference],
  validate: ({ inputs }, world) => {
    const policyArn = text(inputs, "policyArn") ?? "";
    if (!CLUSTER_POLICY.test(policyArn))
      throw new AwsError(INVALID, `The policyArn parameter format is not valid: ${policyArn}`);
    if (world.get(TYPES.accessEntry, inCluster(inputs, "principalArn")) !== undefined) return;
    const words = `The specified principalArn could not be found: ${text(inputs, "principalArn")}. You can view your available access entries with 'list-access-entries'.`;
    throw new AwsError("ResourceNotFoundException", words);
  },
  outputs: { associatedAt: () => "2026-01-01T00:00:00Z" },
};

const ADDONS = [
  ..."coredns kube-proxy vpc-cni eks-pod-identity-agent metrics-server aws-ebs-csi-driver aws-efs-csi-driver".split(
    " ",
  ),
  ..."aws-secrets-store-csi-driver-provider amazon-cloudwatch-observability snapshot-controller cert-manager".split(
    " ",
  ),
  ..."external-dns prometheus-node-exporter kube-state-metrics aws-mountpoint-s3-csi-driver adot".split(" "),
];

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
  validate: ({ inputs }) => {
    const name = text(inputs, "addonName") ?? "";
    if (!ADDONS.includes(name)) throw new AwsError(INVALID, `Addon specified is not supported: ${name}`);
  },
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
  validate: ({ inputs }, world) => {
    const roleArn = text(inputs, "roleArn") ?? "";
    const trust = text(world.find([TYPES.role], roleArn)?.inputs ?? {}, "assumeRolePolicy");
    if (!trusts(trust, "pods.eks.amazonaws.com"))
      throw new AwsError(INVALID, `Trust policy of role ${roleArn} does not let pods.eks.amazonaws.com assume it`);
  },
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
