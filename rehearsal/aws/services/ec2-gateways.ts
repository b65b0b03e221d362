import type { Properties } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import {
  AwsError,
  type Draft,
  type ResourceModel,
  type Subject,
  securityGroupReference,
  subnetReference,
  vpcReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, text, texts } from "../values.ts";
import type { World, WorldResource } from "../world.ts";
import { ec2Arn, ec2Id, hostOf, notFound } from "./ec2-vpc.ts";

const owner = { ownerId: (subject: Subject) => subject.accountId };

const routeTableReference = notFound("routeTableId", TYPES.routeTable, "InvalidRouteTableID.NotFound", "routeTable");

const routeTable: ResourceModel = {
  type: TYPES.routeTable,
  title: "EC2 Route Table",
  required: ["vpcId"],
  immutable: ["vpcId"],
  id: ec2Id("rtb"),
  arn: ec2Arn("route-table"),
  references: [vpcReference()],
  outputs: owner,
  latency: { create: TIMINGS.quick },
  inUse: ({ id }) =>
    new AwsError("DependencyViolation", `The routeTable '${id}' has dependencies and cannot be deleted.`),
  deleteRetrySeconds: 300,
};

const DESTINATIONS = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"] as const;

const destinationOf = (inputs: Subject["inputs"]) => DESTINATIONS.map((key) => text(inputs, key)).find(Boolean);

const route: ResourceModel = {
  type: TYPES.route,
  title: "EC2 Route",
  required: ["routeTableId"],
  immutable: ["routeTableId", ...DESTINATIONS],
  tagged: false,
  id: (draft) => `r-${text(draft.inputs, "routeTableId")}${draft.hex("route", 8)}`,
  references: [
    { ...routeTableReference, holds: false },
    notFound("gatewayId", TYPES.internetGateway, "InvalidGatewayID.NotFound", "gateway"),
    notFound("natGatewayId", TYPES.natGateway, "InvalidNatGatewayID.NotFound", "natGateway"),
    notFound("vpcEndpointId", TYPES.vpcEndpoint, "InvalidVpcEndpointId.NotFound", "vpcEndpoint"),
  ],
  unique: [
    {
      key: (inputs) => `${text(inputs, "routeTableId")} ${destinationOf(inputs)}`,
      taken: (inputs) =>
        new AwsError("RouteAlreadyExists", `The route identified by ${destinationOf(inputs)} already exists.`),
    },
  ],
  outputs: { origin: () => "CreateRoute", state: () => "active" },
  latency: { create: TIMINGS.quick },
};

const routeTableAssociation: ResourceModel = {
  type: TYPES.routeTableAssociation,
  title: "EC2 Route Table Association",
  required: ["routeTableId"],
  immutable: ["subnetId", "gatewayId"],
  tagged: false,
  id: ec2Id("rtbassoc"),
  references: [routeTableReference, subnetReference("subnetId", undefined, false)],
  unique: [
    {
      key: (inputs) => text(inputs, "subnetId"),
      taken: (inputs) =>
        new AwsError(
          "Resource.AlreadyAssociated",
          `the specified association for route table ${text(inputs, "routeTableId")} conflicts with an existing association`,
        ),
    },
  ],
  latency: { create: TIMINGS.quick },
};

const internetGateway: ResourceModel = {
  type: TYPES.internetGateway,
  title: "EC2 Internet Gateway",
  id: ec2Id("igw"),
  arn: ec2Arn("internet-gateway"),
  references: [vpcReference()],
  unique: [
    {
      key: (inputs) => text(inputs, "vpcId"),
      taken: (inputs) =>
        new AwsError("Resource.AlreadyAssociated", `resource ${text(inputs, "vpcId")} is already attached to network`),
    },
  ],
  quotas: [
    {
      limit: 5,
      exceeded: () =>
        new AwsError("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."),
    },
  ],
  outputs: owner,
  latency: { create: TIMINGS.quick },
  mayDelete: (gateway, world) => {
    const vpcId = text(gateway.inputs, "vpcId");
    if (vpcId === undefined || !hasPublicAddresses(vpcId, world)) return;
    const words = `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`;
    throw new AwsError("DependencyViolation", words);
  },
  deleteRetrySeconds: 1200,
};

function hasPublicAddresses(vpcId: string, world: World): boolean {
  const isPublic = (it: WorldResource) =>
    it.type === TYPES.natGateway || (it.type === TYPES.loadBalancer && !flag(it.inputs, "internal"));
  return world.all().some((it) => isPublic(it) && vpcOf(it, world) === vpcId);
}

function vpcOf(resource: WorldResource, world: World): string | undefined {
  const subnetId = text(resource.inputs, "subnetId") ?? text(resource.inputs, "subnets") ?? "";
  return text(world.get(TYPES.subnet, subnetId)?.inputs ?? {}, "vpcId");
}

const publicIp = (subject: Pick<Subject, "hex">) =>
  `52.${Number.parseInt(subject.hex("a", 2), 16)}.${Number.parseInt(subject.hex("b", 2), 16)}.${1 + (Number.parseInt(subject.hex("c", 2), 16) % 254)}`;

const eip: ResourceModel = {
  type: TYPES.eip,
  title: "EC2 EIP",
  immutable: ["domain", "networkBorderGroup", "publicIpv4Pool", "address", "ipamPoolId"],
  defaults: { domain: "vpc", publicIpv4Pool: "amazon" },
  id: ec2Id("eipalloc"),
  arn: ec2Arn("elastic-ip"),
  quotas: [
    {
      limit: 5,
      exceeded: () => new AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached."),
    },
  ],
  outputs: {
    allocationId: ({ id }) => id,
    publicIp,
    publicDns: (subject) => `ec2-${publicIp(subject).replaceAll(".", "-")}.compute-1.amazonaws.com`,
  },
  latency: { create: TIMINGS.quick },
  inUse: ({ outputs }) => new AwsError("InvalidIPAddress.InUse", `Address ${text(outputs, "publicIp")} is in use.`),
  deleteRetrySeconds: 180,
};

const natGateway: ResourceModel = {
  type: TYPES.natGateway,
  title: "EC2 NAT Gateway",
  immutable: ["subnetId", "allocationId", "connectivityType", "privateIp", "availabilityMode", "vpcId"],
  defaults: { connectivityType: "public", availabilityMode: "zonal" },
  id: ec2Id("nat"),
  references: [
    subnetReference("subnetId", "InvalidSubnetID.NotFound"),
    notFound("allocationId", TYPES.eip, "InvalidAllocationID.NotFound", "allocation"),
  ],
  unique: [
    {
      key: (inputs) => text(inputs, "allocationId"),
      taken: (inputs) =>
        new AwsError(
          "Resource.AlreadyAssociated",
          `Elastic IP address [${text(inputs, "allocationId")}] is already associated`,
        ),
    },
  ],
  quotas: [
    {
      limit: 5,
      within: (inputs) => text(inputs, "subnetId"),
      exceeded: (limit) =>
        new AwsError(
          "NatGatewayLimitExceeded",
          `The limit of ${limit} NAT gateways for the Availability Zone has been reached.`,
        ),
    },
  ],
  validate: ({ inputs }, world) => {
    if (text(inputs, "connectivityType") === "private") return;
    const vpcId = text(world.get(TYPES.subnet, text(inputs, "subnetId") ?? "")?.inputs ?? {}, "vpcId");
    if (vpcId === undefined || hasInternetGateway(vpcId, world)) return;
    throw new AwsError("Gateway.NotAttached", `Network ${vpcId} has no Internet gateway attached`);
  },
  outputs: {
    publicIp: ({ inputs }, world) =>
      text(world.get(TYPES.eip, text(inputs, "allocationId") ?? "")?.outputs ?? {}, "publicIp") ?? "",
    privateIp: ({ inputs, hex }, world) =>
      hostOf(
        text(world.get(TYPES.subnet, text(inputs, "subnetId") ?? "")?.inputs ?? {}, "cidrBlock") ?? "",
        Number.parseInt(hex("ip", 4), 16),
      ),
    networkInterfaceId: (subject) => `eni-0${subject.hex("eni", 16)}`,
    associationId: (subject) => `eipassoc-0${subject.hex("eipassoc", 16)}`,
  },
  latency: { create: TIMINGS.natGateway, delete: TIMINGS.natGatewayDelete },
};

/** True when the VPC has a way to the internet. */
export function hasInternetGateway(vpcId: string, world: World): boolean {
  return world
    .ofType(TYPES.internetGateway)
    .some((it) => text(it.inputs, "vpcId") === vpcId && it.status === "available");
}

const isInterface = (inputs: Properties) => text(inputs, "vpcEndpointType") === "Interface";
const isPrivate = (inputs: Properties) => isInterface(inputs) && flag(inputs, "privateDnsEnabled");
const sameService = (inputs: Properties) => `${text(inputs, "vpcId")} ${text(inputs, "serviceName")}`;

const vpcEndpoint: ResourceModel = {
  type: TYPES.vpcEndpoint,
  title: "EC2 VPC Endpoint",
  required: ["vpcId"],
  immutable: [
    ...["vpcId", "serviceName", "vpcEndpointType"],
    ...["resourceConfigurationArn", "serviceNetworkArn", "serviceRegion"],
  ],
  defaults: { vpcEndpointType: "Gateway", privateDnsEnabled: false, ipAddressType: "ipv4" },
  id: ec2Id("vpce"),
  arn: ec2Arn("vpc-endpoint"),
  references: [
    vpcReference(),
    subnetReference("subnetIds"),
    securityGroupReference("securityGroupIds"),
    {
      path: "routeTableIds",
      to: [TYPES.routeTable],
      missing: (id) => new AwsError("InvalidRouteTableId.NotFound", `The routeTable ID '${id}' does not exist`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => (isPrivate(inputs) ? sameService(inputs) : undefined),
      taken: (inputs) =>
        new AwsError(
          "InvalidParameter",
          `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${text(inputs, "serviceName")} in the VPC ${text(inputs, "vpcId")}`,
        ),
    },
  ],
  quotas: [
    {
      limit: 50,
      within: (inputs) => text(inputs, "vpcId"),
      exceeded: () => new AwsError("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."),
    },
  ],
  validate: checkRoutes,
  outputs: {
    ...owner,
    state: () => "available",
    requesterManaged: () => false,
    networkInterfaceIds: ({ inputs, hex }) => texts(inputs, "subnetIds").map((id) => `eni-0${hex(id, 16)}`),
    dnsEntries: ({ id, inputs, region, hex }) =>
      isInterface(inputs)
        ? [
            {
              dnsName: `${id}-${hex("dns", 8)}.${service(inputs)}.${region}.vpce.amazonaws.com`,
              hostedZoneId: "Z7HUB22UULQXV",
            },
          ]
        : [],
    prefixListId: ({ inputs, region }) => (isInterface(inputs) ? "" : prefixListOf(region, service(inputs))),
  },
  latency: { create: (inputs) => (isInterface(inputs) ? TIMINGS.endpoint : TIMINGS.small), delete: TIMINGS.small },
};

const service = (inputs: Properties) => (text(inputs, "serviceName") ?? "").split(".").slice(3).join(".");

/** Id of the managed prefix list of a gateway service. */
export function prefixListOf(region: string, serviceName: string): string {
  const lists: Record<string, string> = { s3: "pl-63a5400a", dynamodb: "pl-02cd2c6b" };
  return (region === "us-east-1" ? lists[serviceName] : undefined) ?? `pl-${serviceName}-${region}`;
}

function checkRoutes({ inputs, serial, region }: Draft, world: World): void {
  if (isInterface(inputs)) return;
  const tables = texts(inputs, "routeTableIds");
  const others = world
    .ofType(TYPES.vpcEndpoint)
    .filter((it) => it.serial !== serial && sameService(it.inputs) === sameService(inputs));
  const taken = others.flatMap((it) => texts(it.inputs, "routeTableIds")).find((id) => tables.includes(id));
  if (taken === undefined) return;
  const list = prefixListOf(region, service(inputs));
  throw new AwsError(
    "RouteAlreadyExists",
    `route table ${taken} already has a route with destination-prefix-list-id ${list}`,
  );
}

export const gatewayModels: readonly ResourceModel[] = [
  routeTable,
  route,
  routeTableAssociation,
  internetGateway,
  eip,
  natGateway,
  vpcEndpoint,
];
