import {
  BOUNDARY,
  CLUSTER_ROLE,
  type Grant,
  MARKED,
  NODE_ROLE,
  on,
  pass,
  STACK_ROLES,
  see,
  serviceLinked,
  stackRole,
  when,
} from "./grants.ts";

const BOUNDED = { StringEquals: { "iam:PermissionsBoundary": BOUNDARY } };
const eks = (kind: string) => `arn:aws:eks:{region}:{account}:${kind}`;
const CLUSTER = [eks("cluster/sparki-{stack}")];
const TAGS = ["eks:TagResource", "eks:UntagResource", "eks:ListTagsForResource"] as const;

/** AWS's own policies that roles of the stack may bear. */
const MANAGED = [
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEC2ContainerRegistryPullOnly",
  "service-role/AmazonRDSEnhancedMonitoringRole",
].map((name) => `arn:aws:iam::aws:policy/${name}`);

const attaching = {
  StringEquals: { ...BOUNDED.StringEquals },
  ArnEquals: { "iam:PolicyARN": MANAGED },
};

/** What each resource type of the cluster, and of who works by which role, needs. */
export const CLUSTER_AND_ROLES: Readonly<Record<string, readonly Grant[]>> = {
  "aws:iam/role:Role": [
    when(BOUNDED, on(STACK_ROLES, "iam:CreateRole", "iam:PutRolePermissionsBoundary")),
    on(
      STACK_ROLES,
      "iam:GetRole",
      "iam:ListRolePolicies",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
      "iam:UpdateAssumeRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:ListRoleTags",
      "iam:DeleteRole",
    ),
  ],
  "aws:iam/rolePolicy:RolePolicy": [
    on(STACK_ROLES, "iam:GetRolePolicy", "iam:DeleteRolePolicy"),
    when(BOUNDED, on(STACK_ROLES, "iam:PutRolePolicy")),
  ],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": [
    on(STACK_ROLES, "iam:ListAttachedRolePolicies", "iam:DetachRolePolicy"),
    when(attaching, on(STACK_ROLES, "iam:AttachRolePolicy")),
  ],
  "aws:eks/cluster:Cluster": [
    // Before there is a cluster AWS knows no resource to ask for.
    when(MARKED, { actions: ["eks:CreateCluster"], resources: ["*"] }),
    on(
      CLUSTER,
      "eks:DescribeCluster",
      "eks:UpdateClusterConfig",
      "eks:UpdateClusterVersion",
      "eks:DescribeUpdate",
      "eks:DeleteCluster",
      ...TAGS,
    ),
    see("eks:DescribeClusterVersions"),
    pass(CLUSTER_ROLE, "eks.amazonaws.com"),
    pass(NODE_ROLE, "eks.amazonaws.com", "ec2.amazonaws.com"),
    serviceLinked("eks.amazonaws.com"),
  ],
  "aws:eks/accessEntry:AccessEntry": [
    on(CLUSTER, "eks:CreateAccessEntry"),
    on(
      [eks("access-entry/sparki-{stack}/*")],
      "eks:DescribeAccessEntry",
      "eks:UpdateAccessEntry",
      "eks:DeleteAccessEntry",
      ...TAGS,
    ),
  ],
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": [
    on(
      [eks("access-entry/sparki-{stack}/*")],
      "eks:AssociateAccessPolicy",
      "eks:DisassociateAccessPolicy",
      "eks:ListAssociatedAccessPolicies",
    ),
  ],
  "aws:eks/addon:Addon": [
    on(CLUSTER, "eks:CreateAddon"),
    on(
      [eks("addon/sparki-{stack}/*")],
      "eks:DescribeAddon",
      "eks:UpdateAddon",
      "eks:DeleteAddon",
      "eks:DescribeUpdate",
      ...TAGS,
    ),
    see("eks:DescribeAddonVersions", "eks:DescribeAddonConfiguration"),
  ],
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": [
    on(CLUSTER, "eks:CreatePodIdentityAssociation", "eks:ListPodIdentityAssociations"),
    on(
      [eks("podidentityassociation/sparki-{stack}/*")],
      "eks:DescribePodIdentityAssociation",
      "eks:UpdatePodIdentityAssociation",
      "eks:DeletePodIdentityAssociation",
      ...TAGS,
    ),
    ...["engine", "migrations", "database-users"].map((name) => pass(stackRole(name), "pods.eks.amazonaws.com")),
  ],
};
