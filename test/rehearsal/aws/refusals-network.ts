import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import type { Account } from "./account.ts";
import type { Landscape } from "./landscape.ts";
import type { Refusal } from "./refusal.ts";

const inLand = (rest: Properties) => (_account: Account, land: Landscape) => ({ vpcId: land.vpc, ...rest });

/** What EC2 refuses. */
export const NETWORK: readonly Refusal[] = [
  {
    what: "a VPC larger than /16",
    type: TYPES.vpc,
    inputs: { cidrBlock: "10.0.0.0/8" },
    code: "InvalidVpc.Range",
    words: "10.0.0.0/8",
  },
  {
    what: "a VPC whose CIDR is no CIDR",
    type: TYPES.vpc,
    inputs: { cidrBlock: "10.0.0.300/16" },
    code: "InvalidParameterValue",
    words: "not a valid CIDR",
  },
  {
    what: "a subnet of a VPC that does not exist",
    type: TYPES.subnet,
    inputs: { vpcId: "vpc-0123", cidrBlock: "10.40.32.0/20" },
    code: "InvalidVpcID.NotFound",
    words: "The vpc ID 'vpc-0123' does not exist",
  },
  {
    what: "a subnet that overlaps another",
    type: TYPES.subnet,
    inputs: inLand({ cidrBlock: "10.40.8.0/24" }),
    code: "InvalidSubnet.Conflict",
    words: "The CIDR '10.40.8.0/24' conflicts with another subnet",
  },
  {
    what: "a subnet outside its VPC",
    type: TYPES.subnet,
    inputs: inLand({ cidrBlock: "10.41.0.0/24" }),
    code: "InvalidSubnet.Range",
    words: "10.41.0.0/24",
  },
  {
    what: "a subnet in a zone of another region",
    type: TYPES.subnet,
    inputs: inLand({ cidrBlock: "10.40.32.0/20", availabilityZone: "eu-west-1a" }),
    code: "InvalidParameterValue",
    words: "us-east-1a, us-east-1b",
  },
  {
    what: "a second internet gateway of a VPC",
    type: TYPES.internetGateway,
    inputs: inLand({}),
    code: "Resource.AlreadyAssociated",
    words: "already attached",
  },
  {
    what: "a NAT gateway with an address that does not exist",
    type: TYPES.natGateway,
    inputs: (_account, land) => ({ subnetId: land.subnets[0] ?? "", allocationId: "eipalloc-0123" }),
    code: "InvalidAllocationID.NotFound",
    words: "eipalloc-0123",
  },
  {
    what: "a route to a gateway that does not exist",
    type: TYPES.route,
    inputs: async (account, land) => ({
      routeTableId: (await account.create({ type: TYPES.routeTable, name: "t", inputs: { vpcId: land.vpc } })).id,
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: "igw-0123",
    }),
    code: "InvalidGatewayID.NotFound",
    words: "igw-0123",
  },
  {
    what: "a security group of the same name in the same VPC",
    type: TYPES.securityGroup,
    first: inLand({ name: "web" }),
    inputs: inLand({ name: "web" }),
    code: "InvalidGroup.Duplicate",
    words: "The security group 'web' already exists",
  },
  {
    what: "the same rule twice",
    type: TYPES.ingressRule,
    first: (_account, land) => rule(land),
    inputs: (_account, land) => rule(land),
    code: "InvalidPermission.Duplicate",
    words: 'peer: 10.40.0.0/16, TCP, from port: 443, to port: 443, ALLOW" already exists',
  },
  {
    what: "a rule of a group that does not exist",
    type: TYPES.egressRule,
    inputs: (_account, land) => ({ ...rule(land), securityGroupId: "sg-0123" }),
    code: "InvalidGroup.NotFound",
    words: "The security group 'sg-0123' does not exist",
  },
  {
    what: "a second private endpoint of the same service",
    type: TYPES.vpcEndpoint,
    first: inLand({
      serviceName: "com.amazonaws.us-east-1.kms",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
    }),
    inputs: inLand({
      serviceName: "com.amazonaws.us-east-1.kms",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
    }),
    code: "InvalidParameter",
    words: "conflicting DNS domain",
  },
];

function rule(land: Landscape): Properties {
  return {
    securityGroupId: land.securityGroup,
    cidrIpv4: "10.40.0.0/16",
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
  };
}
