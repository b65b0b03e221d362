import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createLogGroup } from "../infra/log-group.ts";
import { createServiceRole, onBehalfOf } from "../infra/roles.ts";
import { type Account, createKey } from "./locked-bucket.ts";

export interface RunnerArgs extends Account {
  readonly stack: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  readonly connectionArn: string;
  /** As GitHub names it: `owner/name`. */
  readonly repository: string;
}

/**
 * Runs GitHub's jobs that ask for the label `codebuild-sparki-<stack>-<run>-<attempt>` in the stack's private subnets and in
 * the group that the stack has for it, one machine a job and none in between. It has no rights in the account: a job takes
 * its role from GitHub's token.
 */
export class Runner extends pulumi.ComponentResource {
  constructor(name: string, args: RunnerArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:Runner", name, {}, options);
    const { accountId, region, stack, vpcId } = args;
    const inside = { parent: this };
    const project = `sparki-${stack}`;
    const logs = createLogs(this, `${name}-logs`, args, `/aws/codebuild/${project}`);
    const interfaces = [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ];
    const role = createServiceRole(this, `${name}-role`, {
      name: `runs-sparki-${stack}`,
      service: "codebuild.amazonaws.com",
      only: onBehalfOf(args, "codebuild", `project/${project}`),
      permissions: [
        // Not to create the group: one that CodeBuild makes keeps its lines for ever, under no key of the account's.
        { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [logs.arn, `${logs.arn}:*`] },
        // AWS lets nobody narrow these: https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html
        { actions: interfaces, resources: ["*"] },
        {
          actions: ["ec2:CreateNetworkInterfacePermission"],
          resources: [`arn:aws:ec2:${region}:${accountId}:network-interface/*`],
        },
        {
          actions: [
            "codeconnections:GetConnection",
            "codeconnections:GetConnectionToken",
            "codeconnections:UseConnection",
          ],
          resources: [args.connectionArn],
        },
      ],
    });
    const made = new aws.codebuild.Project(
      `${name}-project`,
      {
        region,
        name: project,
        description: `Runs GitHub's jobs for Sparki's stack ${stack}`,
        serviceRole: role.arn,
        artifacts: { type: "NO_ARTIFACTS" },
        environment: {
          type: "LINUX_CONTAINER",
          computeType: "BUILD_GENERAL1_MEDIUM",
          image: "aws/codebuild/standard:7.0",
        },
        source: {
          type: "GITHUB",
          location: `https://github.com/${args.repository}.git`,
          auth: { type: "CODECONNECTIONS", resource: args.connectionArn },
        },
        logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.group.name } },
        vpcConfig: { vpcId, subnets: [...args.subnetIds], securityGroupIds: [args.securityGroupId] },
        // A deployment's whole session.
        buildTimeout: 240,
      },
      inside,
    );
    new aws.codebuild.Webhook(
      `${name}-jobs`,
      {
        region,
        projectName: made.name,
        buildType: "BUILD",
        filterGroups: [{ filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] }],
      },
      inside,
    );
    this.registerOutputs();
  }
}

/** What jobs write, for a year under a key that encrypts nothing else. */
function createLogs(parent: Runner, name: string, args: RunnerArgs, group: string) {
  const { accountId, region, stack } = args;
  const arn = `arn:aws:logs:${region}:${accountId}:log-group:${group}`;
  const encrypts = {
    Sid: "LogsOfTheRunner",
    Effect: "Allow",
    Principal: { Service: `logs.${region}.amazonaws.com` },
    Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
    Resource: "*",
    Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": arn } },
  };
  const [alias, description] = [`runs-sparki-${stack}`, "Sparki's delivery: what GitHub's jobs write"];
  const key = createKey(parent, `${name}-key`, { ...args, alias, description, statements: [encrypts] });
  return { arn, group: createLogGroup(parent, name, { name: group, logKeyArn: key.arn, region }) };
}
