import { TYPES } from "../types.ts";
import { type About, type Ask, type CallTable, only, type TypeCalls } from "./about.ts";

const EC2_TAGS = ["ec2:CreateTags", "ec2:DeleteTags"] as const;
const tagged = (it: About) => it.tagging(...EC2_TAGS);

const GROUPS = [TYPES.securityGroup, TYPES.defaultSecurityGroup];

/** A rule of a security group is a resource of its own, and so is the group that it stands in. */
function ruleCalls(direction: "Ingress" | "Egress"): TypeCalls {
  const group = (it: About, action: string) => it.to(GROUPS, "securityGroupId", action);
  const authorize = `ec2:AuthorizeSecurityGroup${direction}`;
  const revoke = `ec2:RevokeSecurityGroup${direction}`;
  return {
    create: (it) => [...group(it, authorize), ...it.making(authorize, "security-group-rule")],
    read: (it) => it.see("ec2:DescribeSecurityGroupRules"),
    update: (it) => [
      ...only(
        it.changes("cidrIpv4", "description", "fromPort", "ipProtocol", "referencedSecurityGroupId", "toPort"),
        () => [...group(it, "ec2:ModifySecurityGroupRules"), ...it.self("ec2:ModifySecurityGroupRules")],
      ),
      ...tagged(it),
    ],
    delete: (it) => [...group(it, revoke), ...it.self(revoke)],
  };
}

/** What AWS has made with the VPC, and the program takes over: it bears no tags then. */
const adopting =
  (kind: "security-group" | "network-acl", actions: readonly string[]): Ask =>
  (it) => {
    const arn = it.arn("ec2", `${kind}/*`);
    return [...it.ask(arn, actions), ...it.ask(arn, ["ec2:CreateTags"], it.requested)];
  };

const ENDPOINT_PARTS = [
  [TYPES.subnet, "subnetIds"],
  [TYPES.securityGroup, "securityGroupIds"],
  [TYPES.routeTable, "routeTableIds"],
] as const;

/** What the AWS provider asks EC2 for; the resources of an action are those of the Service Authorization Reference. */
export const NETWORK_CALLS: CallTable = {
  [TYPES.vpc]: {
    create: (it) => [
      ...it.making("ec2:CreateVpc", "vpc"),
      ...only(it.has("enableDnsHostnames") || it.has("enableDnsSupport"), () => it.self("ec2:ModifyVpcAttribute")),
    ],
    read: (it) =>
      it.see(
        ...["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables"],
        "ec2:DescribeSecurityGroups",
      ),
    update: (it) => [
      ...only(it.changes("enableDnsHostnames", "enableDnsSupport"), () => it.self("ec2:ModifyVpcAttribute")),
      ...tagged(it),
    ],
    delete: (it) => it.self("ec2:DeleteVpc"),
  },
  [TYPES.defaultSecurityGroup]: {
    create: adopting("security-group", ["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"]),
    read: (it) => it.see("ec2:DescribeSecurityGroups"),
    update: (it) => [
      ...only(it.changes("ingress"), () =>
        it.self("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
      ),
      ...only(it.changes("egress"), () => it.self("ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress")),
      ...tagged(it),
    ],
    delete: () => [],
  },
  [TYPES.defaultNetworkAcl]: {
    create: adopting("network-acl", ["ec2:DeleteNetworkAclEntry", "ec2:CreateNetworkAclEntry"]),
    read: (it) => it.see("ec2:DescribeNetworkAcls"),
    update: (it) => [
      ...only(it.changes("ingress", "egress"), () => it.self("ec2:DeleteNetworkAclEntry", "ec2:CreateNetworkAclEntry")),
      ...only(it.changes("subnetIds"), () => [
        ...it.self("ec2:ReplaceNetworkAclAssociation"),
        ...it.to([TYPES.subnet], "subnetIds", "ec2:ReplaceNetworkAclAssociation"),
      ]),
      ...tagged(it),
    ],
    delete: () => [],
  },
  [TYPES.subnet]: {
    create: (it) => [
      ...it.making("ec2:CreateSubnet", "subnet"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:CreateSubnet"),
      ...only(it.is("mapPublicIpOnLaunch"), () => it.self("ec2:ModifySubnetAttribute")),
    ],
    read: (it) => it.see("ec2:DescribeSubnets"),
    update: (it) => [
      ...only(it.changes("mapPublicIpOnLaunch"), () => it.self("ec2:ModifySubnetAttribute")),
      ...tagged(it),
    ],
    // The provider looks first for interfaces that load balancers and functions have left.
    delete: (it) => [...it.see("ec2:DescribeNetworkInterfaces"), ...it.self("ec2:DeleteSubnet")],
  },
  [TYPES.internetGateway]: {
    create: (it) => [
      ...it.making("ec2:CreateInternetGateway", "internet-gateway"),
      ...it.self("ec2:AttachInternetGateway"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:AttachInternetGateway"),
    ],
    read: (it) => it.see("ec2:DescribeInternetGateways"),
    update: tagged,
    delete: (it) => [
      ...it.self("ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:DetachInternetGateway"),
    ],
  },
  [TYPES.eip]: {
    create: (it) => it.making("ec2:AllocateAddress", "elastic-ip"),
    read: (it) => it.see("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute"),
    update: tagged,
    delete: (it) => it.self("ec2:ReleaseAddress"),
  },
  [TYPES.natGateway]: {
    create: (it) => [
      ...it.making("ec2:CreateNatGateway", "natgateway"),
      ...it.to([TYPES.subnet], "subnetId", "ec2:CreateNatGateway"),
      ...it.to([TYPES.eip], "allocationId", "ec2:CreateNatGateway"),
    ],
    read: (it) => it.see("ec2:DescribeNatGateways"),
    update: tagged,
    delete: (it) => it.self("ec2:DeleteNatGateway"),
  },
  [TYPES.routeTable]: {
    create: (it) => [
      ...it.making("ec2:CreateRouteTable", "route-table"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:CreateRouteTable"),
    ],
    read: (it) => it.see("ec2:DescribeRouteTables"),
    update: tagged,
    delete: (it) => it.self("ec2:DeleteRouteTable"),
  },
  [TYPES.route]: {
    create: (it) => it.to([TYPES.routeTable], "routeTableId", "ec2:CreateRoute"),
    read: (it) => it.see("ec2:DescribeRouteTables"),
    update: (it) => it.to([TYPES.routeTable], "routeTableId", "ec2:ReplaceRoute"),
    delete: (it) => it.to([TYPES.routeTable], "routeTableId", "ec2:DeleteRoute"),
  },
  [TYPES.routeTableAssociation]: {
    create: (it) => associated(it, "ec2:AssociateRouteTable"),
    read: (it) => it.see("ec2:DescribeRouteTables"),
    update: (it) => associated(it, "ec2:ReplaceRouteTableAssociation"),
    delete: (it) => associated(it, "ec2:DisassociateRouteTable"),
  },
  [TYPES.securityGroup]: {
    create: (it) => [
      ...it.making("ec2:CreateSecurityGroup", "security-group"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:CreateSecurityGroup"),
      // AWS gives each new group a rule that lets everything out, and the provider takes it away.
      ...it.self("ec2:RevokeSecurityGroupEgress"),
    ],
    read: (it) => it.see("ec2:DescribeSecurityGroups"),
    update: tagged,
    delete: (it) => [...it.see("ec2:DescribeNetworkInterfaces"), ...it.self("ec2:DeleteSecurityGroup")],
  },
  [TYPES.ingressRule]: ruleCalls("Ingress"),
  [TYPES.egressRule]: ruleCalls("Egress"),
  [TYPES.vpcEndpoint]: {
    create: (it) => [
      ...it.making("ec2:CreateVpcEndpoint", "vpc-endpoint"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:CreateVpcEndpoint"),
      ...ENDPOINT_PARTS.flatMap(([type, path]) => it.to([type], path, "ec2:CreateVpcEndpoint")),
      ...only(it.is("privateDnsEnabled"), () =>
        it.ask("arn:aws:route53:::hostedzone/*", ["route53:AssociateVPCWithHostedZone"]),
      ),
    ],
    // A gateway's routes are to the prefix list of its service.
    read: (it) => it.see("ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists"),
    update: (it) => [
      ...only(it.changes("policy", "privateDnsEnabled", ...ENDPOINT_PARTS.map(([, path]) => path)), () =>
        it.self("ec2:ModifyVpcEndpoint"),
      ),
      ...ENDPOINT_PARTS.flatMap(([type, path]) =>
        only(it.changes(path), () => it.to([type], path, "ec2:ModifyVpcEndpoint")),
      ),
      ...tagged(it),
    ],
    delete: (it) => it.self("ec2:DeleteVpcEndpoints"),
  },
  [TYPES.flowLog]: {
    create: (it) => [
      ...it.making("ec2:CreateFlowLogs", "vpc-flow-log"),
      ...it.to([TYPES.vpc], "vpcId", "ec2:CreateFlowLogs"),
      ...it.see("logs:CreateLogDelivery"),
      ...it.passing("iamRoleArn", "vpc-flow-logs.amazonaws.com"),
    ],
    read: (it) => it.see("ec2:DescribeFlowLogs"),
    update: tagged,
    delete: (it) => [...it.self("ec2:DeleteFlowLogs"), ...it.see("logs:DeleteLogDelivery")],
  },
};

function associated(it: About, action: string) {
  return [...it.to([TYPES.routeTable], "routeTableId", action), ...it.to([TYPES.subnet], "subnetId", action)];
}

const cluster = (it: About) => it.arn("eks", `cluster/${it.text("clusterName")}`);
const entry = (it: About) =>
  it.other(TYPES.accessEntry, (inputs) => inputs.principalArn === it.inputs.principalArn) ||
  it.arn("eks", `access-entry/${it.text("clusterName")}/role/*`);
const taggedInEks = (it: About) => it.tagging("eks:TagResource", "eks:UntagResource");

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
      ...taggedInEks(it),
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
      ...taggedInEks(it),
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
      ...taggedInEks(it),
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
      ...taggedInEks(it),
    ],
    delete: (it) => it.self("eks:DeletePodIdentityAssociation"),
  },
};
