import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

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

export interface SecurityGroup {
  readonly id: pulumi.Output<string>;
  /** Known once every flow is open; what it guards is usable only then, but need not wait for it to be made. */
  readonly open: pulumi.Output<string[]>;
}

/** A security group that allows exactly the named TCP flows; each is its own resource, so that a change is one line of a plan. */
export function createSecurityGroup(parent: pulumi.Resource, name: string, args: SecurityGroupArgs): SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    name,
    { name: args.name, description: args.description, vpcId: args.vpcId, tags: { Name: args.name } },
    { parent },
  );
  const ingress = Object.entries(args.ingress).map(
    ([key, flow]) => new aws.vpc.SecurityGroupIngressRule(`${name}-from-${key}`, ruleOf(group, flow), { parent }),
  );
  const egress = Object.entries(args.egress ?? {}).map(
    ([key, flow]) => new aws.vpc.SecurityGroupEgressRule(`${name}-to-${key}`, ruleOf(group, flow), { parent }),
  );
  return { id: group.id, open: pulumi.all([...ingress, ...egress].map((rule) => rule.id)) };
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
