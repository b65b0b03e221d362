import { type Condition, type Grant, NODE_ROLE, on, when } from "./grants.ts";

const HERE: Condition = { StringEquals: { "aws:RequestedRegion": ["{region}", "{global}"] } };
const here = (...actions: readonly string[]): Grant => when(HERE, { actions, resources: ["*"] });

/**
 * The most that a role of the stack can do, whatever its own policies say: what pods, flow logs, the database's
 * monitoring, EKS and its nodes do. No identity is changed by it but the nodes' instance profiles, no key is deleted, and
 * nothing is done outside of the stack's regions.
 */
export const BOUNDARY_ALLOWS: readonly Grant[] = [
  on(
    [
      "arn:aws:secretsmanager:{region}:{account}:secret:sparki/{stack}/*",
      "arn:aws:secretsmanager:{region}:{account}:secret:rds!db-*",
    ],
    "secretsmanager:GetSecretValue",
    "secretsmanager:DescribeSecret",
  ),
  on(["arn:aws:kms:{region}:{account}:key/*"], "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
  on(
    [
      "arn:aws:logs:{region}:{account}:log-group:/sparki/{stack}/*",
      "arn:aws:logs:{region}:{account}:log-group:/aws/eks/sparki-{stack}/*",
      "arn:aws:logs:{region}:{account}:log-group:RDS*",
    ],
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
  ),
  // EKS in Auto Mode makes nodes, their disks, templates and interfaces; AWS's own policies of its role say which.
  here(
    "ec2:Describe*",
    "ec2:CreateFleet",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:ModifyInstance*",
    "ec2:RebootInstances",
    "ec2:CreateLaunchTemplate*",
    "ec2:DeleteLaunchTemplate*",
    "ec2:GetInstanceTypesFromInstanceRequirements",
    "ec2:GetSecurityGroupsForVpc",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:CreateVolume",
    "ec2:DeleteVolume",
    "ec2:AttachVolume",
    "ec2:DetachVolume",
    "ec2:ModifyVolume",
    "ec2:EnableFastSnapshotRestores",
    "ec2:CreateSnapshot",
    "ec2:DeleteSnapshot",
    "ec2:CreateNetworkInterface*",
    "ec2:DeleteNetworkInterface*",
    "ec2:AttachNetworkInterface",
    "ec2:DetachNetworkInterface",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:AssignIpv6Addresses",
    "ec2:UnassignIpv6Addresses",
    "ec2:CreateSecurityGroup",
    "ec2:DeleteSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupIngress",
    "elasticloadbalancing:Describe*",
    "elasticloadbalancing:RegisterTargets",
    "elasticloadbalancing:DeregisterTargets",
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchImportUpstreamImage",
    "eks-auth:AssumeRoleForPodIdentity",
  ),
  on(
    ["arn:aws:iam::{account}:instance-profile/eks*"],
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:GetInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:AddRoleToInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
  ),
  when({ StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } }, on([NODE_ROLE], "iam:PassRole")),
  when(
    { StringEquals: { "iam:AWSServiceName": ["spot.amazonaws.com", "elasticloadbalancing.amazonaws.com"] } },
    on(["arn:aws:iam::{account}:role/aws-service-role/*"], "iam:CreateServiceLinkedRole"),
  ),
];

/** Stands against every other policy that a role may get. */
export const BOUNDARY_DENIES: readonly Grant[] = [
  {
    actions: [
      "organizations:*",
      "account:*",
      "kms:ScheduleKeyDeletion",
      "kms:DisableKey",
      "kms:PutKeyPolicy",
      "ec2:CreateVpcPeeringConnection",
      "ec2:AcceptVpcPeeringConnection",
      "ec2:ModifySnapshotAttribute",
      "ec2:ModifyImageAttribute",
    ],
    resources: ["*"],
  },
];
