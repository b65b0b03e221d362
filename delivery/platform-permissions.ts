import {
  BOUNDARY,
  CLUSTER_ROLE,
  ec2,
  type Grant,
  MARKED,
  NODE_ROLE,
  OWN,
  on,
  pass,
  STACK_ROLES,
  see,
  serviceLinked,
  stackRole,
  when,
} from "./grants.ts";

const TAGS = ["ec2:CreateTags", "ec2:DeleteTags"] as const;

/** Makes one of a kind with its tags, inside or by way of resources that are the stack's own. */
function making(action: string, kind: string, within: readonly string[] = []): readonly Grant[] {
  const tagging = { StringEquals: { "ec2:CreateAction": action.slice("ec2:".length) } };
  return [
    when(MARKED, on(ec2(kind), action)),
    when(tagging, on(ec2(kind), "ec2:CreateTags")),
    ...(within.length === 0 ? [] : [when(OWN, on(ec2(...within), action))]),
  ];
}

const owning = (kinds: readonly string[], ...actions: readonly string[]) => when(OWN, on(ec2(...kinds), ...actions));

/**
 * A rule of a group is a resource with tags. The cluster's own group is EKS's, and the default one AWS's: neither bears
 * the stack's tags when it is met first.
 */
const rules = (direction: "Ingress" | "Egress"): readonly Grant[] => [
  see("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
  on(
    ec2("security-group", "security-group-rule"),
    `ec2:AuthorizeSecurityGroup${direction}`,
    `ec2:RevokeSecurityGroup${direction}`,
    "ec2:ModifySecurityGroupRules",
  ),
  when(
    { StringEquals: { "ec2:CreateAction": `AuthorizeSecurityGroup${direction}` } },
    on(ec2("security-group-rule"), "ec2:CreateTags"),
  ),
  owning(["security-group-rule"], ...TAGS),
];

/** What each resource type of the network needs to be made, read, changed, tagged and deleted. */
export const NETWORK: Readonly<Record<string, readonly Grant[]>> = {
  "aws:ec2/vpc:Vpc": [
    see("ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables"),
    ...making("ec2:CreateVpc", "vpc"),
    owning(["vpc"], "ec2:ModifyVpcAttribute", "ec2:DeleteVpc", ...TAGS),
  ],
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": [
    ...rules("Ingress"),
    ...rules("Egress"),
    when(MARKED, on(ec2("security-group"), "ec2:CreateTags")),
    owning(["security-group"], ...TAGS),
  ],
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": [
    see("ec2:DescribeNetworkAcls"),
    on(ec2("network-acl"), "ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"),
    when(MARKED, on(ec2("network-acl"), "ec2:CreateTags")),
    owning(["network-acl"], ...TAGS),
  ],
  "aws:ec2/subnet:Subnet": [
    see("ec2:DescribeSubnets", "ec2:DescribeAvailabilityZones", "ec2:DescribeNetworkInterfaces"),
    ...making("ec2:CreateSubnet", "subnet", ["vpc"]),
    owning(["subnet"], "ec2:ModifySubnetAttribute", "ec2:DeleteSubnet", ...TAGS),
  ],
  "aws:ec2/internetGateway:InternetGateway": [
    see("ec2:DescribeInternetGateways"),
    ...making("ec2:CreateInternetGateway", "internet-gateway"),
    owning(["internet-gateway", "vpc"], "ec2:AttachInternetGateway", "ec2:DetachInternetGateway"),
    owning(["internet-gateway"], "ec2:DeleteInternetGateway", ...TAGS),
  ],
  "aws:ec2/eip:Eip": [
    see("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute"),
    ...making("ec2:AllocateAddress", "elastic-ip"),
    owning(["elastic-ip"], "ec2:ReleaseAddress", "ec2:DisassociateAddress", ...TAGS),
  ],
  "aws:ec2/natGateway:NatGateway": [
    see("ec2:DescribeNatGateways"),
    ...making("ec2:CreateNatGateway", "natgateway", ["subnet", "elastic-ip"]),
    owning(["natgateway"], "ec2:DeleteNatGateway", ...TAGS),
  ],
  "aws:ec2/routeTable:RouteTable": [
    see("ec2:DescribeRouteTables"),
    ...making("ec2:CreateRouteTable", "route-table", ["vpc"]),
    owning(["route-table"], "ec2:DeleteRouteTable", ...TAGS),
  ],
  "aws:ec2/route:Route": [
    see("ec2:DescribeRouteTables"),
    owning(["route-table"], "ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"),
  ],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": [
    see("ec2:DescribeRouteTables"),
    owning(
      ["route-table", "subnet"],
      "ec2:AssociateRouteTable",
      "ec2:ReplaceRouteTableAssociation",
      "ec2:DisassociateRouteTable",
    ),
  ],
  "aws:ec2/securityGroup:SecurityGroup": [
    see("ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"),
    // Its tags are put on as the default group's are.
    when(MARKED, on(ec2("security-group"), "ec2:CreateSecurityGroup", "ec2:CreateTags")),
    when(OWN, on(ec2("vpc"), "ec2:CreateSecurityGroup")),
    // AWS gives each new group a rule that lets everything out, and the provider takes it away.
    ...rules("Egress"),
    owning(["security-group"], "ec2:DeleteSecurityGroup", ...TAGS),
  ],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rules("Ingress"),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": rules("Egress"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": [
    see("ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists"),
    ...making("ec2:CreateVpcEndpoint", "vpc-endpoint", ["vpc", "subnet", "security-group", "route-table"]),
    owning(["vpc-endpoint"], "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints", ...TAGS),
    owning(["subnet", "security-group", "route-table"], "ec2:ModifyVpcEndpoint"),
    // For the names that lead to an endpoint inside the VPC.
    on(["arn:aws:route53:::hostedzone/*"], "route53:AssociateVPCWithHostedZone"),
  ],
  "aws:ec2/flowLog:FlowLog": [
    see("ec2:DescribeFlowLogs"),
    ...making("ec2:CreateFlowLogs", "vpc-flow-log", ["vpc"]),
    owning(["vpc-flow-log"], "ec2:DeleteFlowLogs", ...TAGS),
    see("logs:CreateLogDelivery", "logs:DeleteLogDelivery"),
    pass(stackRole("flow-logs"), "vpc-flow-logs.amazonaws.com"),
  ],
};

const BOUNDED = { StringEquals: { "iam:PermissionsBoundary": BOUNDARY } };

const eks = (kind: string) => `arn:aws:eks:{region}:{account}:${kind}`;

const CLUSTER = [eks("cluster/sparki-{stack}")];

const CLUSTER_TAGS = ["eks:TagResource", "eks:UntagResource", "eks:ListTagsForResource"] as const;

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
      ...CLUSTER_TAGS,
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
      ...CLUSTER_TAGS,
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
      ...CLUSTER_TAGS,
    ),
    see("eks:DescribeAddonVersions"),
  ],
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": [
    on(CLUSTER, "eks:CreatePodIdentityAssociation"),
    on(
      [eks("podidentityassociation/sparki-{stack}/*")],
      "eks:DescribePodIdentityAssociation",
      "eks:UpdatePodIdentityAssociation",
      "eks:DeletePodIdentityAssociation",
      ...CLUSTER_TAGS,
    ),
    ...["engine", "migrations", "database-users"].map((name) => pass(stackRole(name), "pods.eks.amazonaws.com")),
  ],
};
