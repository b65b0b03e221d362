import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { createSecurityGroup } from "./security-group.ts";

interface EndpointsArgs {
  readonly stack: string;
  readonly region: string;
  readonly vpc: aws.ec2.Vpc;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly routeTableIds: readonly pulumi.Input<string>[];
}

/** Services that nodes and pods call; by endpoint they are reached without leaving the VPC. */
const INTERFACE_SERVICES = ["ec2", "ecr.api", "ecr.dkr", "sts", "logs", "secretsmanager", "kms"] as const;

/** Endpoints for the AWS services that the cluster needs, so that their traffic never crosses the internet. */
export function createEndpoints(parent: pulumi.Resource, name: string, args: EndpointsArgs): void {
  const group = createSecurityGroup(parent, `${name}-endpoints`, {
    name: `sparki-${args.stack}-endpoints`,
    description: "AWS service endpoints",
    vpcId: args.vpc.id,
    ingress: { vpc: { description: "HTTPS from the VPC", port: 443, cidr: args.vpc.cidrBlock } },
  });
  const serviceName = (service: string) => `com.amazonaws.${args.region}.${service}`;
  for (const service of INTERFACE_SERVICES) {
    new aws.ec2.VpcEndpoint(
      `${name}-endpoint-${service.replace(".", "-")}`,
      {
        vpcId: args.vpc.id,
        serviceName: serviceName(service),
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: [...args.subnetIds],
        securityGroupIds: [group.id],
      },
      { parent },
    );
  }
  const gateway = { vpcId: args.vpc.id, serviceName: serviceName("s3"), routeTableIds: [...args.routeTableIds] };
  new aws.ec2.VpcEndpoint(`${name}-endpoint-s3`, { ...gateway, vpcEndpointType: "Gateway" }, { parent });
}
