import {
  config,
  type Declaration,
  declare,
  known,
  matching,
  optional,
  ref,
  refs,
  refsOf,
  type Shape,
} from "./shape.ts";

const PRIVATE_SUBNETS = refs("network-private-{zone}");
const vpcId = ref("network-vpc");
/** Which third octet each tier of subnets starts at, and how long its prefix is (infra/network.ts). */
const tier = (from: number, step: number, bits: number) =>
  config("network", ({ network }, { bound }) => {
    const [first, second] = network.cidr.split(".");
    return `${first}.${second}.${from + step * network.zones.indexOf(bound.zone ?? "")}.0/${bits}`;
  });
const subnet = (cidrBlock: ReturnType<typeof tier>) => ({
  availabilityZone: "{zone}",
  cidrBlock,
  mapPublicIpOnLaunch: false,
  vpcId,
});
const everything = { cidrBlock: "0.0.0.0/0", protocol: "-1", fromPort: 0, toPort: 0, action: "allow", ruleNo: 100 };
const INTERFACE_ENDPOINTS = {
  ec2: "ec2",
  "ecr-api": "ecr.api",
  "ecr-dkr": "ecr.dkr",
  kms: "kms",
  logs: "logs",
  secretsmanager: "secretsmanager",
  sts: "sts",
};
const endpoints = Object.entries(INTERFACE_ENDPOINTS).map(
  ([key, service]) =>
    [
      `network-endpoint-${key}`,
      {
        privateDnsEnabled: true,
        securityGroupIds: refs("network-endpoints"),
        serviceName: `com.amazonaws.{region}.${service}`,
        subnetIds: PRIVATE_SUBNETS,
        vpcEndpointType: "Interface",
        vpcId,
      },
    ] as const,
);
const associated = (table: string, tier: string) => ({
  routeTableId: ref(table),
  subnetId: ref(`network-${tier}-{zone}`),
});

/** The VPC, its three tiers of subnets, its ways out, and its endpoints. */
export const network = [
  ...declare("aws:ec2/vpc:Vpc", {
    "network-vpc": { cidrBlock: "{vpc}", enableDnsHostnames: true, enableDnsSupport: true },
  }),
  ...declare("aws:ec2/subnet:Subnet", {
    "network-private-{zone}": subnet(tier(0, 32, 19)),
    "network-public-{zone}": subnet(tier(128, 1, 24)),
    "network-database-{zone}": subnet(tier(144, 1, 24)),
  }),
  ...declare("aws:ec2/internetGateway:InternetGateway", { "network-internet": { vpcId } }),
  ...declare("aws:ec2/eip:Eip", { "network-nat-{zone}": { domain: "vpc" } }),
  ...declare("aws:ec2/natGateway:NatGateway", {
    "network-nat-{zone}": { allocationId: ref("network-nat-{zone}"), subnetId: ref("network-public-{zone}") },
  }),
  ...declare(
    "aws:ec2/routeTable:RouteTable",
    { "network-public": {}, "network-private-{zone}": {}, "network-database": {} },
    { vpcId },
  ),
  ...declare(
    "aws:ec2/route:Route",
    {
      "network-public-internet": { gatewayId: ref("network-internet"), routeTableId: ref("network-public") },
      "network-private-{zone}-nat": {
        natGatewayId: ref("network-nat-{zone}"),
        routeTableId: ref("network-private-{zone}"),
      },
    },
    { destinationCidrBlock: "0.0.0.0/0" },
  ),
  ...declare("aws:ec2/routeTableAssociation:RouteTableAssociation", {
    "network-public-{zone}": associated("network-public", "public"),
    // A stack with one NAT gateway has one private route table, the first zone's.
    "network-private-{zone}": {
      routeTableId: ref("network-private-*"),
      subnetId: ref("network-private-{zone}"),
    },
    "network-database-{zone}": associated("network-database", "database"),
  }),
  ...declare("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {
    "network-default": { vpcId, ingress: [], egress: [] },
  }),
  ...declare("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", {
    "network-subnet-filter": {
      defaultNetworkAclId: ref("network-vpc"),
      egress: [everything],
      ingress: [{ ...everything, action: "deny", fromPort: 22, protocol: "tcp", ruleNo: 10, toPort: 22 }, everything],
    },
  }),
  ...declare("aws:ec2/vpcEndpoint:VpcEndpoint", {
    "network-endpoint-s3": {
      routeTableIds: refsOf(
        ({ config: { network } }) => 1 + (network.natGateways === "one" ? 1 : network.zones.length),
        ...["network-database", "network-private-*"],
      ),
      serviceName: "com.amazonaws.{region}.s3",
      vpcEndpointType: "Gateway",
      vpcId,
      privateDnsEnabled: optional(false),
    },
    ...Object.fromEntries(endpoints),
  }),
  ...declare("aws:ec2/flowLog:FlowLog", {
    "network-flow-log": {
      iamRoleArn: ref("network-flow-logs"),
      logDestination: ref("network-flow-logs"),
      trafficType: "ALL",
      vpcId,
    },
  }),
];

/** The nodes and pods of the cluster, by the security group that EKS made for them. */
const PODS = ["cluster-eks", "cluster-eks-eksCluster"] as const;

/** A network outside the VPC that sparki:cluster.privateAccessCidrs admits to the private endpoint. */
const CALLER = config("cluster.privateAccessCidrs", ({ cluster }, { bound }) =>
  cluster.privateAccessCidrs.find((cidr) => cidr.replace(/[./]/g, "-") === bound.caller),
);

const WORLD = { cidr: "0.0.0.0/0" };

/** One opened TCP port. `to` is the group that the rule stands in; `with` is who is at the other end. */
interface Flow {
  readonly rule: string;
  readonly direction: "in" | "out";
  readonly at: readonly string[];
  readonly with: readonly string[] | { readonly cidr: Shape; readonly from?: readonly string[] };
  readonly port: number;
}

/** Every port that is open between parts of this deployment, and to the world; anything else is closed. */
const FLOWS: readonly Flow[] = [
  { rule: "edge-lb-entrance-from-world-http", direction: "in", at: ["edge-lb-entrance"], with: WORLD, port: 80 },
  { rule: "edge-lb-entrance-from-world-https", direction: "in", at: ["edge-lb-entrance"], with: WORLD, port: 443 },
  { rule: "edge-lb-entrance-to-pods", direction: "out", at: ["edge-lb-entrance"], with: PODS, port: 8080 },
  { rule: "edge-lb-pods-from-entrance", direction: "in", at: PODS, with: ["edge-lb-entrance"], port: 8080 },
  { rule: "database-access-from-cluster", direction: "in", at: ["database-access"], with: PODS, port: 5432 },
  { rule: "cache-access-from-cluster", direction: "in", at: ["cache-access"], with: PODS, port: 6379 },
  {
    rule: "network-endpoints-from-vpc",
    direction: "in",
    at: ["network-endpoints"],
    with: { cidr: "{vpc}", from: ["network-vpc"] },
    port: 443,
  },
  { rule: "network-runner-to-https", direction: "out", at: ["network-runner"], with: WORLD, port: 443 },
  { rule: "cluster-api-from-runner", direction: "in", at: PODS, with: ["network-runner"], port: 443 },
  { rule: "cluster-api-from-{caller}", direction: "in", at: PODS, with: { cidr: CALLER }, port: 443 },
];

const DESCRIPTION = matching("a description", /^[\w .,:;()-]{1,255}$/);

const RULES = {
  in: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  out: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
};

function otherEnd({ with: other }: Flow): Readonly<Record<string, Shape>> {
  if (!("cidr" in other)) return { referencedSecurityGroupId: ref(...other) };
  return { cidrIpv4: other.from === undefined ? other.cidr : known(other.cidr, ...other.from) };
}

function declared(flow: Flow): Declaration[] {
  const { rule, direction, at, port } = flow;
  const properties = {
    description: DESCRIPTION,
    ipProtocol: "tcp",
    fromPort: port,
    toPort: port,
    securityGroupId: ref(...at),
    ...otherEnd(flow),
  };
  return declare(RULES[direction], { [rule]: properties });
}

const group = (description: string, suffix: string) => ({
  description,
  name: `sparki-{stack}-${suffix}`,
  vpcId: ref("network-vpc"),
});

/** Security groups, which hold no rule themselves, and their rules. */
export const flows: readonly Declaration[] = [
  ...declare("aws:ec2/securityGroup:SecurityGroup", {
    "network-endpoints": group("AWS service endpoints", "endpoints"),
    "network-runner": group("Jobs that deploy from inside the VPC", "runner"),
    "database-access": group("PostgreSQL of Sparki", "database"),
    "cache-access": group("Redis of Sparki", "cache"),
    "edge-lb-entrance": group("Public entrance of Sparki", "entrance"),
  }),
  ...FLOWS.flatMap(declared),
];
