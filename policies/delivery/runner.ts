import type { DeliveryConfig } from "../../delivery/config.ts";
import { type Declaration, known, optional, ref } from "../declared/shape.ts";
import { keyOf, serviceRoleOf } from "./keys-and-buckets.ts";
import { allow, iam, one } from "./shapes.ts";

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

/** A runner of GitHub's jobs that nothing reaches, on a machine without privileges, with no right in the account. */
export function runnerOf({ accountId, region, runner, places }: DeliveryConfig): Declaration[] {
  const place = places.find(({ stack }) => stack === runner?.stack);
  if (runner === undefined || place === undefined) return [];
  const { stack, vpcId, subnetIds, securityGroupId, connectionArn } = runner;
  const [project, role] = [`sparki-${stack}`, `runs-sparki-${stack}`];
  const group = `/aws/codebuild/${project}`;
  const logs = `arn:aws:logs:${region}:${accountId}:log-group:${group}`;
  const image = "aws/codebuild/standard:7.0";
  return [
    ...keyOf(accountId, {
      name: "runner-logs-key",
      region,
      alias: role,
      description: "Sparki's delivery: what GitHub's jobs write",
      services: [
        {
          Sid: "LogsOfTheRunner",
          Effect: "Allow",
          Principal: { Service: `logs.${region}.amazonaws.com` },
          Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
          Resource: "*",
          Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": logs } },
        },
      ],
    }),
    // One that CodeBuild makes by itself keeps its lines for ever, under no key of the account's.
    ...one("aws:cloudwatch/logGroup:LogGroup", "runner-logs", {
      region,
      name: group,
      kmsKeyId: ref("runner-logs-key"),
      retentionInDays: 365,
      logGroupClass: optional("STANDARD"),
      skipDestroy: optional(false),
      deletionProtectionEnabled: optional(false),
    }),
    ...serviceRoleOf({
      name: "runner-role",
      role,
      service: "codebuild.amazonaws.com",
      only: {
        StringEquals: { "aws:SourceAccount": accountId },
        ArnLike: { "aws:SourceArn": `arn:aws:codebuild:${region}:${accountId}:project/${project}` },
      },
    }),
    ...one(ROLE_POLICY, "runner-role-policy", {
      name: role,
      role: known(role, "runner-role"),
      policy: iam(
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs, `${logs}:*`]),
        allow(INTERFACES, ["*"]),
        allow(["ec2:CreateNetworkInterfacePermission"], [`arn:aws:ec2:${region}:${accountId}:network-interface/*`]),
        allow(
          ["codeconnections:GetConnection", "codeconnections:GetConnectionToken", "codeconnections:UseConnection"],
          [connectionArn],
        ),
      ),
    }),
    ...one("aws:codebuild/project:Project", "runner-project", {
      region,
      name: project,
      description: `Runs GitHub's jobs for Sparki's stack ${stack}`,
      serviceRole: known(`arn:aws:iam::${accountId}:role/${role}`, "runner-role"),
      artifacts: {
        type: "NO_ARTIFACTS",
        encryptionDisabled: optional(false),
        overrideArtifactName: optional(false),
      },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_MEDIUM",
        image,
        imagePullCredentialsType: optional("CODEBUILD"),
        privilegedMode: optional(false),
      },
      source: {
        type: "GITHUB",
        location: `https://github.com/${place.repository}.git`,
        auth: { type: "CODECONNECTIONS", resource: connectionArn },
      },
      logsConfig: known({ cloudwatchLogs: { status: "ENABLED", groupName: group } }, "runner-logs"),
      vpcConfig: { vpcId, subnets: [...subnetIds], securityGroupIds: [securityGroupId] },
      buildTimeout: 240,
      queuedTimeout: optional(480),
      badgeEnabled: optional(false),
      projectVisibility: optional("PRIVATE"),
    }),
    ...one("aws:codebuild/webhook:Webhook", "runner-jobs", {
      region,
      projectName: known(project, "runner-project"),
      buildType: "BUILD",
      filterGroups: [
        {
          filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED", excludeMatchedPattern: optional(false) }],
        },
      ],
    }),
  ];
}

/** AWS lets nobody narrow these: CodeBuild makes its interfaces in the stack's subnets by them. */
const INTERFACES = [
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeDhcpOptions",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcs",
];
