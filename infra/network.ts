import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { StackOutputs } from "../stacks/outputs.ts";
import type { Keys } from "./keys.ts";
import { createLogGroup } from "./log-group.ts";
import { createServiceRole, onBehalfOf } from "./roles.ts";

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
function createEndpoints(parent: pulumi.Resource, name: string, args: EndpointsArgs): void {
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

export interface NetworkArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly cidr: string;
  readonly zones: readonly string[];
  /** "one" saves money where a zone's loss may stop outgoing traffic. */
  readonly natGateways: "one" | "per-zone";
  readonly keys: Keys;
}

/** A network over all zones: the internet reaches only the public tier, and the database tier reaches nothing outside. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  /** Known once they are routed to the internet: AWS refuses a public load balancer before that. */
  readonly publicSubnetIds: pulumi.Output<string>[];
  readonly privateSubnetIds: pulumi.Output<string>[];
  readonly databaseSubnetIds: pulumi.Output<string>[];
  readonly databaseCidrs: string[];
  readonly publicCidrs: string[];
  /** Of what deploys from inside the network: it may ask the cluster's API, and nothing may ask it. */
  readonly runnerGroupId: pulumi.Output<string>;
  /** Where that stands; known once everything there has its way out. */
  readonly inside: pulumi.Output<StackOutputs["network"]>;

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Network", name, {}, options);
    const plan = planSubnets(args.cidr, args.zones);
    const vpc = createVpc(this, name, args);
    const gateway = new aws.ec2.InternetGateway(
      `${name}-internet`,
      { vpcId: vpc.id, tags: { Name: `sparki-${args.stack}` } },
      { parent: this },
    );
    const publicTier = createPublicTier(this, name, { args, plan, vpc, gateway });
    const privateTier = createPrivateTier(this, name, { args, plan, vpc, gateway, publicSubnets: publicTier.subnets });
    const databaseTier = createDatabaseTier(this, name, { args, plan, vpc });
    createFlowLog(this, name, { ...args, vpcId: vpc.id, logKeyArn: args.keys.logs.arn });
    createEndpoints(this, name, {
      stack: args.stack,
      region: args.region,
      vpc,
      subnetIds: privateTier.subnets.map((subnet) => subnet.id),
      routeTableIds: [...privateTier.routeTables, databaseTier.routeTable].map((table) => table.id),
    });

    const runner = createRunnerGroup(this, name, { stack: args.stack, vpcId: vpc.id });
    this.vpcId = vpc.id;
    this.publicSubnetIds = publicTier.routedSubnetIds;
    this.privateSubnetIds = privateTier.subnets.map((subnet) => subnet.id);
    this.databaseSubnetIds = databaseTier.subnets.map((subnet) => subnet.id);
    this.databaseCidrs = plan.map((subnets) => subnets.database);
    this.publicCidrs = plan.map((subnets) => subnets.public);
    this.runnerGroupId = runner.id;
    this.inside = pulumi
      .all([vpc.id, privateTier.routedSubnetIds, runner.id, runner.open])
      .apply(([vpcId, subnetIds, securityGroupId]) => ({ vpcId, subnetIds, securityGroupId }));
    this.registerOutputs();
  }
}

function createRunnerGroup(
  parent: pulumi.Resource,
  name: string,
  { stack, vpcId }: { readonly stack: string; readonly vpcId: pulumi.Input<string> },
) {
  return createSecurityGroup(parent, `${name}-runner`, {
    name: `sparki-${stack}-runner`,
    description: "Jobs that deploy from inside the VPC",
    vpcId,
    ingress: {},
    egress: { https: { description: "AWS, GitHub, registries and the cluster", port: 443, cidr: "0.0.0.0/0" } },
  });
}

interface TierArgs {
  readonly args: NetworkArgs;
  readonly plan: readonly SubnetPlan[];
  readonly vpc: aws.ec2.Vpc;
}

interface PrivateTierArgs extends TierArgs {
  readonly gateway: aws.ec2.InternetGateway;
  readonly publicSubnets: readonly aws.ec2.Subnet[];
}

function createVpc(parent: Network, name: string, args: NetworkArgs): aws.ec2.Vpc {
  const vpc = new aws.ec2.Vpc(
    `${name}-vpc`,
    {
      cidrBlock: args.cidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: `sparki-${args.stack}` },
    },
    { parent },
  );
  // Without rules, whatever forgets to name its security group can talk to nobody.
  new aws.ec2.DefaultSecurityGroup(`${name}-default`, { vpcId: vpc.id, ingress: [], egress: [] }, { parent });
  createSubnetFilter(parent, name, vpc);
  return vpc;
}

/**
 * Security groups decide who talks to whom; this only makes sure that no mistake in them opens SSH. It cannot do so for
 * RDP: a network ACL is stateless, and what the internet answers to a NAT gateway comes back to any port from 1024 on,
 * 3389 among them.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
 */
function createSubnetFilter(parent: Network, name: string, vpc: aws.ec2.Vpc): void {
  const world = { cidrBlock: "0.0.0.0/0" };
  const noLogin = { ...world, ruleNo: 10, action: "deny", protocol: "tcp", fromPort: 22, toPort: 22 };
  const allowAll = { ...world, ruleNo: 100, action: "allow", protocol: "-1", fromPort: 0, toPort: 0 };
  const settings = { defaultNetworkAclId: vpc.defaultNetworkAclId };
  new aws.ec2.DefaultNetworkAcl(
    `${name}-subnet-filter`,
    { ...settings, ingress: [noLogin, allowAll], egress: [allowAll] },
    // Every subnet that names no other list joins this one by itself.
    { parent, ignoreChanges: ["subnetIds"] },
  );
}

function createSubnets(parent: Network, name: string, tier: "public" | "private" | "database", args: TierArgs) {
  const roleTags: Record<string, string> = {
    public: "kubernetes.io/role/elb",
    private: "kubernetes.io/role/internal-elb",
  };
  const roleTag = roleTags[tier];
  return args.plan.map(
    (subnets) =>
      new aws.ec2.Subnet(
        `${name}-${tier}-${subnets.zone}`,
        {
          vpcId: args.vpc.id,
          cidrBlock: subnets[tier],
          availabilityZone: subnets.zone,
          mapPublicIpOnLaunch: false,
          tags: { Name: `sparki-${args.args.stack}-${tier}-${subnets.zone}`, ...(roleTag ? { [roleTag]: "1" } : {}) },
        },
        { parent },
      ),
  );
}

function createPublicTier(parent: Network, name: string, tier: TierArgs & { gateway: aws.ec2.InternetGateway }) {
  const subnets = createSubnets(parent, name, "public", tier);
  const table = new aws.ec2.RouteTable(`${name}-public`, { vpcId: tier.vpc.id }, { parent });
  const route = new aws.ec2.Route(
    `${name}-public-internet`,
    { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: tier.gateway.id },
    { parent },
  );
  const associations = associate(parent, `${name}-public`, tier.plan, subnets, () => table);
  return { subnets, routedSubnetIds: onceRouted(subnets, [route, ...associations]) };
}

/** The subnets' ids, known once their ways out are made. */
function onceRouted(
  subnets: readonly aws.ec2.Subnet[],
  ways: readonly pulumi.CustomResource[],
): pulumi.Output<string>[] {
  const routed = pulumi.all(ways.map(({ id }) => id));
  return subnets.map(({ id }) => pulumi.all([id, routed]).apply(([subnetId]) => subnetId));
}

function createPrivateTier(parent: Network, name: string, tier: PrivateTierArgs) {
  const subnets = createSubnets(parent, name, "private", tier);
  const gatewaySubnets = tier.args.natGateways === "one" ? tier.publicSubnets.slice(0, 1) : tier.publicSubnets;
  const ways = gatewaySubnets.map((subnet, index) => {
    const zone = tier.plan[index]?.zone;
    const address = new aws.ec2.Eip(`${name}-nat-${zone}`, { domain: "vpc" }, { parent });
    const gateway = new aws.ec2.NatGateway(
      `${name}-nat-${zone}`,
      { subnetId: subnet.id, allocationId: address.id },
      // AWS refuses one in a VPC without an internet gateway: Gateway.NotAttached.
      { parent, dependsOn: [tier.gateway] },
    );
    const table = new aws.ec2.RouteTable(`${name}-private-${zone}`, { vpcId: tier.vpc.id }, { parent });
    const route = { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: gateway.id };
    return { table, route: new aws.ec2.Route(`${name}-private-${zone}-nat`, route, { parent }) };
  });
  const routeTables = ways.map(({ table }) => table);
  const tableOf = (index: number) => routeTables[index % routeTables.length];
  const associations = associate(parent, `${name}-private`, tier.plan, subnets, tableOf);
  const routedSubnetIds = onceRouted(subnets, [...ways.map(({ route }) => route), ...associations]);
  return { subnets, routedSubnetIds, routeTables };
}

function createDatabaseTier(parent: Network, name: string, tier: TierArgs) {
  const subnets = createSubnets(parent, name, "database", tier);
  const routeTable = new aws.ec2.RouteTable(`${name}-database`, { vpcId: tier.vpc.id }, { parent });
  associate(parent, `${name}-database`, tier.plan, subnets, () => routeTable);
  return { subnets, routeTable };
}

function associate(
  parent: Network,
  prefix: string,
  plan: readonly SubnetPlan[],
  subnets: readonly aws.ec2.Subnet[],
  tableOf: (index: number) => aws.ec2.RouteTable | undefined,
): aws.ec2.RouteTableAssociation[] {
  return subnets.flatMap((subnet, index) => {
    const table = tableOf(index);
    if (table === undefined) return [];
    const settings = { subnetId: subnet.id, routeTableId: table.id };
    return [new aws.ec2.RouteTableAssociation(`${prefix}-${plan[index]?.zone}`, settings, { parent })];
  });
}

interface FlowLogArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly vpcId: pulumi.Input<string>;
  readonly logKeyArn: pulumi.Input<string>;
}

/** Records all traffic of the VPC, accepted and refused. */
function createFlowLog(parent: pulumi.Resource, name: string, args: FlowLogArgs): aws.ec2.FlowLog {
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

/** CIDRs of the three tiers of subnets, one of each a zone. */
interface SubnetPlan {
  readonly zone: string;
  readonly public: string;
  readonly private: string;
  readonly database: string;
}

/**
 * Cuts a /16 into non-overlapping subnets: private /19 (8,187 pod addresses), public and database /24.
 * @throws when the CIDR is not a /16 or there are more than four zones.
 */
export function planSubnets(cidr: string, zones: readonly string[]): SubnetPlan[] {
  const [address = "", prefix] = cidr.split("/");
  if (prefix !== "16" || zones.length > 4) {
    throw new RangeError(`network.cidr is ${cidr} with ${zones.length} zones; expected a /16 and at most 4 zones`);
  }
  const [first, second] = address.split(".");
  const at = (third: number, bits: number) => `${first}.${second}.${third}.0/${bits}`;
  return zones.map((zone, index) => ({
    zone,
    // 0 to 127 hold the private tier; 128 and 144 start the two small ones.
    private: at(index * 32, 19),
    public: at(128 + index, 24),
    database: at(144 + index, 24),
  }));
}

/** One allowed flow; its description says who needs it. */
interface Flow {
  readonly description: string;
  readonly port: number;
  readonly cidr?: pulumi.Input<string>;
  readonly securityGroupId?: pulumi.Input<string>;
}

interface SecurityGroupArgs {
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
