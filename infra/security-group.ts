import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** One allowed flow; its description says who needs it. */
export interface Flow {
  readonly description: string;
  readonly port: number;
  readonly cidr?: pulumi.Input<string>;
  readonly securityGroupId?: pulumi.Input<string>;
}

export interface SecurityGroupArgs {
  readonly name: string;
  readonly description: string;
  readonly vpcId: pulumi.Input<string>;
  readonly ingress: Readonly<Record<string, Flow>>;
  readonly egress?: Readonly<Record<string, Flow>>;
}

/** A security group that allows exactly the named TCP flows; each flow is its own resource, so that one change is one line of a plan. */
export function createSecurityGroup(
  parent: pulumi.Resource,
  name: string,
  args: SecurityGroupArgs,
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    name,
    { name: args.name, description: args.description, vpcId: args.vpcId, tags: { Name: args.name } },
    { parent },
  );
  for (const [key, flow] of Object.entries(args.ingress)) {
    new aws.vpc.SecurityGroupIngressRule(`${name}-from-${key}`, ruleOf(group, flow), { parent });
  }
  for (const [key, flow] of Object.entries(args.egress ?? {})) {
    new aws.vpc.SecurityGroupEgressRule(`${name}-to-${key}`, ruleOf(group, flow), { parent });
  }
  return group;
}

function ruleOf(group: aws.ec2.SecurityGroup, flow: Flow) {
  return {
    securityGroupId: group.id,
    description: flow.description,
    ipProtocol: "tcp",
    fromPort: flow.port,
    toPort: flow.port,
    ...(flow.cidr === undefined ? {} : { cidrIpv4: flow.cidr }),
    ...(flow.securityGroupId === undefined ? {} : { referencedSecurityGroupId: flow.securityGroupId }),
  };
}
