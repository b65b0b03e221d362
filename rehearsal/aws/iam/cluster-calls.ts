import { TYPES } from "../types.ts";
import type { About } from "./about.ts";
import { type CallTable, only } from "./calls.ts";

const cluster = (it: About) => it.arn("eks", `cluster/${it.text("clusterName")}`);
const entry = (it: About) =>
  it.other(TYPES.accessEntry, (inputs) => inputs.principalArn === it.inputs.principalArn) ||
  it.arn("eks", `access-entry/${it.text("clusterName")}/role/*`);
const tagged = (it: About) => it.tagging("eks:TagResource", "eks:UntagResource");

/** A role's policies can be changed only under the boundary that it has, where the policies say so. */
const onRole = (it: About, ...actions: readonly string[]) => it.onRole(it.text("role"), actions);

/** What the AWS provider asks IAM and EKS for. */
export const CLUSTER_CALLS: CallTable = {
  [TYPES.role]: {
    create: (it) => {
      const boundary = it.has("permissionsBoundary")
        ? { "iam:PermissionsBoundary": it.text("permissionsBoundary") }
        : {};
      return [
        ...it.ask(it.own, ["iam:CreateRole"], { ...it.requested, ...boundary }),
        ...it.ask(it.own, ["iam:TagRole"], it.requested),
      ];
    },
    read: (it) => it.self("iam:GetRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"),
    update: (it) => [
      ...only(it.changes("assumeRolePolicy"), () => it.self("iam:UpdateAssumeRolePolicy")),
      ...only(it.changes("description"), () => it.self("iam:UpdateRoleDescription")),
      ...only(it.changes("maxSessionDuration"), () => it.self("iam:UpdateRole")),
      ...only(it.changes("permissionsBoundary"), () =>
        it.has("permissionsBoundary")
          ? it.ask(it.own, ["iam:PutRolePermissionsBoundary"], {
              "iam:PermissionsBoundary": it.text("permissionsBoundary"),
            })
          : it.onRole(it.text("name"), ["iam:DeleteRolePermissionsBoundary"]),
      ),
      ...it.tagging("iam:TagRole", "iam:UntagRole"),
    ],
    delete: (it) => it.self("iam:ListInstanceProfilesForRole", "iam:DeleteRole"),
  },
  [TYPES.rolePolicy]: {
    create: (it) => onRole(it, "iam:PutRolePolicy"),
    read: (it) => onRole(it, "iam:GetRolePolicy"),
    update: (it) => onRole(it, "iam:PutRolePolicy"),
    delete: (it) => onRole(it, "iam:DeleteRolePolicy"),
  },
  [TYPES.rolePolicyAttachment]: {
    create: (it) => it.onRole(it.text("role"), ["iam:AttachRolePolicy"], { "iam:PolicyARN": it.text("policyArn") }),
    read: (it) => onRole(it, "iam:ListAttachedRolePolicies"),
    delete: (it) => it.onRole(it.text("role"), ["iam:DetachRolePolicy"], { "iam:PolicyARN": it.text("policyArn") }),
  },
  [TYPES.cluster]: {
    create: (it) => [
      ...it.ask("*", ["eks:CreateCluster"], it.requested),
      ...it.ask(it.own, ["eks:TagResource"], it.requested),
      ...it.passing("roleArn", "eks.amazonaws.com"),
      ...it.passing("computeConfig.nodeRoleArn", "eks.amazonaws.com"),
      ...it.using("encryptionConfig.provider.keyArn", "kms:DescribeKey", "kms:CreateGrant"),
      ...it.servedBy("eks.amazonaws.com"),
    ],
    read: (it) => it.self("eks:DescribeCluster"),
    update: (it) => [
      ...only(it.changes("version"), () => it.self("eks:UpdateClusterVersion", "eks:DescribeUpdate")),
      ...only(
        it.changes(
          ...["accessConfig", "computeConfig", "deletionProtection", "enabledClusterLogTypes"],
          ...["kubernetesNetworkConfig", "storageConfig", "upgradePolicy", "vpcConfig", "zonalShiftConfig"],
        ),
        () => it.self("eks:UpdateClusterConfig", "eks:DescribeUpdate"),
      ),
      ...only(it.changes("computeConfig"), () => it.passing("computeConfig.nodeRoleArn", "eks.amazonaws.com")),
      ...tagged(it),
    ],
    delete: (it) => it.self("eks:DeleteCluster"),
  },
  [TYPES.accessEntry]: {
    create: (it) => [
      ...it.ask(cluster(it), ["eks:CreateAccessEntry"], it.requested),
      ...it.ask(it.own, ["eks:TagResource"], it.requested),
    ],
    read: (it) => it.self("eks:DescribeAccessEntry"),
    update: (it) => [
      ...only(it.changes("kubernetesGroups", "userName"), () => it.self("eks:UpdateAccessEntry")),
      ...tagged(it),
    ],
    delete: (it) => it.self("eks:DeleteAccessEntry"),
  },
  [TYPES.accessPolicyAssociation]: {
    create: (it) => it.ask(entry(it), ["eks:AssociateAccessPolicy"]),
    read: (it) => it.ask(entry(it), ["eks:ListAssociatedAccessPolicies"]),
    delete: (it) => it.ask(entry(it), ["eks:DisassociateAccessPolicy"]),
  },
  [TYPES.addon]: {
    create: (it) => [
      ...it.ask(cluster(it), ["eks:CreateAddon"], it.requested),
      ...it.ask(it.own, ["eks:TagResource"], it.requested),
    ],
    read: (it) => it.self("eks:DescribeAddon"),
    update: (it) => [
      ...only(it.changes("addonVersion", "configurationValues", "resolveConflictsOnUpdate"), () =>
        it.self("eks:UpdateAddon", "eks:DescribeUpdate"),
      ),
      ...tagged(it),
    ],
    delete: (it) => it.self("eks:DeleteAddon"),
  },
  [TYPES.podIdentityAssociation]: {
    create: (it) => [
      ...it.ask(cluster(it), ["eks:CreatePodIdentityAssociation"], it.requested),
      ...it.ask(it.own, ["eks:TagResource"], it.requested),
      ...it.passing("roleArn", "pods.eks.amazonaws.com"),
      ...it.onRole(it.text("roleArn"), ["iam:GetRole"]),
    ],
    read: (it) => it.self("eks:DescribePodIdentityAssociation"),
    update: (it) => [
      ...only(it.changes("roleArn"), () => [
        ...it.self("eks:UpdatePodIdentityAssociation"),
        ...it.passing("roleArn", "pods.eks.amazonaws.com"),
        ...it.onRole(it.text("roleArn"), ["iam:GetRole"]),
      ]),
      ...tagged(it),
    ],
    delete: (it) => it.self("eks:DeletePodIdentityAssociation"),
  },
};
