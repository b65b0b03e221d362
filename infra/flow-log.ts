import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createLogGroup } from "./log-group.ts";
import { createServiceRole, onBehalfOf } from "./service-role.ts";

interface FlowLogArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly vpcId: pulumi.Input<string>;
  readonly logKeyArn: pulumi.Input<string>;
}

/** Records all traffic of the VPC, accepted and refused. */
export function createFlowLog(parent: pulumi.Resource, name: string, args: FlowLogArgs): aws.ec2.FlowLog {
  const logGroup = createLogGroup(parent, `${name}-flow-logs`, {
    name: `/sparki/${args.stack}/vpc-flow-logs`,
    logKeyArn: args.logKeyArn,
  });
  const role = createServiceRole(parent, `${name}-flow-logs`, {
    name: `sparki-${args.stack}-flow-logs`,
    service: "vpc-flow-logs.amazonaws.com",
    only: onBehalfOf(args, "ec2", "vpc-flow-log/*"),
    permissions: [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        resources: [pulumi.interpolate`${logGroup.arn}:*`],
      },
    ],
  });
  return new aws.ec2.FlowLog(
    `${name}-flow-log`,
    { vpcId: args.vpcId, trafficType: "ALL", logDestination: logGroup.arn, iamRoleArn: role.arn },
    { parent },
  );
}
