import { holds, overlap } from "../../aws/addresses.ts";
import { type Check, type Draft, fail, named, textOf } from "./model.ts";
import { hasInternetGateway } from "./services/ec2-gateways.ts";
import { blocksOf, vpcAt, zonesAt } from "./services/ec2-vpc.ts";
import { balancerOf } from "./services/lb-wafv2.ts";
import { TYPES } from "./types.ts";
import { at, flag, text, texts } from "./values.ts";
import type { World } from "./world.ts";

type VpcOf = (draft: Draft, world: World) => string | undefined;

/** What is named at a path must be of one VPC. */
function ofOneVpc(type: string, told: string) {
  return (path: string, vpcOf: VpcOf, code: string): Check =>
    (draft, world) => {
      const vpcId = vpcOf(draft, world);
      const stranger = named(draft, path, [type], world).find(
        (each) => vpcId !== undefined && textOf(each, "vpcId") !== vpcId,
      );
      if (stranger !== undefined) fail(code, `The ${told} '${stranger.id}' does not belong to the VPC ${vpcId}`);
    };
}

export const groupsIn = ofOneVpc(TYPES.securityGroup, "security group");
export const subnetsOfOneVpc = ofOneVpc(TYPES.subnet, "subnet");

export const ofSubnets = (path: string) => (draft: Draft, world: World) => vpcAt(draft, path, world);
export const ofVpc = (draft: Draft) => text(draft.inputs, "vpcId");
export const ofGroup = (path: string, type: string) => (draft: Draft, world: World) => {
  const group = world.get(type, text(draft.inputs, path) ?? "");
  return group === undefined ? undefined : vpcAt(group, "subnetIds", world);
};

export function subnetsApart(path: string, code: string): Check {
  return (draft, world) => {
    const subnets = named(draft, path, [TYPES.subnet], world);
    const zones = subnets.map((subnet) => textOf(subnet, "availabilityZone"));
    const twice = zones.find((zone, index) => zone !== undefined && zones.indexOf(zone) !== index);
    if (twice !== undefined) fail(code, `Two subnets of the zone ${twice}: only one of each zone may be given`);
  };
}

const LEAST_BALANCER_SUBNET = 27;
export const balancerSubnets: Check = (draft, world) => {
  for (const subnet of named(draft, "subnets", [TYPES.subnet], world)) {
    const prefix = Number((textOf(subnet, "cidrBlock") ?? "/0").split("/")[1]);
    if (prefix > LEAST_BALANCER_SUBNET)
      fail("InvalidSubnet", `The subnet '${subnet.id}' is too small: a load balancer needs /${LEAST_BALANCER_SUBNET}`);
  }
};

export const clusterRange: Check = (draft, world) => {
  const services = text(draft.inputs, "kubernetesNetworkConfig.serviceIpv4Cidr");
  const blocks = blocksOf(vpcAt(draft, "vpcConfig.subnetIds", world) ?? "", world);
  const remote = ["remoteNodeNetworks", "remotePodNetworks"].flatMap((each) =>
    texts(draft.inputs, `remoteNetworkConfig.${each}.cidrs`),
  );
  const taken = remote.find((each) => blocks.some((block) => overlap(each, block)));
  if (taken !== undefined) fail("InvalidParameterException", `The remote network ${taken} overlaps with the VPC's`);
  const network = blocks.find((block) => services !== undefined && overlap(services, block));
  if (network !== undefined)
    fail("InvalidParameterException", `The service range ${services} overlaps with the VPC's ${network}`);
};

export const cacheZones: Check = (draft, world) => {
  const group = world.get(TYPES.cacheSubnetGroup, text(draft.inputs, "subnetGroupName") ?? "");
  if (group === undefined || !flag(draft.inputs, "multiAzEnabled")) return;
  if (zonesAt(group, "subnetIds", world).length < 2)
    fail("InvalidParameterCombination", "A Multi-AZ replication group needs subnets in at least two zones");
};

/** Names that only a network can ask for are neither signed nor logged. */
export function publicZone(path: string, code: string): Check {
  return (draft, world) => {
    const zone = world.find([TYPES.zone], text(draft.inputs, path) ?? "");
    if (at(zone?.inputs ?? {}, "vpcs").flat().length > 0)
      fail(code, `The hosted zone ${zone?.id} is private; only a public one may have this`);
  };
}

const MOST_SIGNING_KEYS = 2;
export const fewSigningKeys: Check = (draft, world) => {
  const zone = text(draft.inputs, "hostedZoneId");
  const others = world
    .ofType(TYPES.keySigningKey)
    .filter(({ inputs, serial }) => serial !== draft.serial && text(inputs, "hostedZoneId") === zone);
  if (others.length >= MOST_SIGNING_KEYS)
    fail("TooManyKeySigningKeys", `You've reached the limit of ${MOST_SIGNING_KEYS} key-signing keys of a zone`);
};

export const privateAddress: Check = (draft, world) => {
  const addresses = ["privateIp", "secondaryPrivateIpAddresses"].flatMap((path) => texts(draft.inputs, path));
  for (const subnet of named(draft, "subnetId", [TYPES.subnet], world)) {
    const block = textOf(subnet, "cidrBlock");
    const stranger = addresses.find((each) => block !== undefined && !holds(block, `${each}/32`));
    if (stranger !== undefined)
      fail("InvalidParameterValue", `Address ${stranger} does not fall within the subnet's address range`);
  }
};

export const activeKey: Check = (draft, world) => {
  if (text(draft.inputs, "signingStatus") === "NOT_SIGNING") return;
  const keys = world
    .ofType(TYPES.keySigningKey)
    .filter((key) => textOf(key, "hostedZoneId") === text(draft.inputs, "hostedZoneId"));
  if (!keys.some((key) => (textOf(key, "status") ?? "ACTIVE") === "ACTIVE"))
    fail(
      "KeySigningKeyWithActiveStatusNotFound",
      "There is no key-signing key (KSK) with ACTIVE status in the hosted zone.",
    );
};

export const recordInZone: Check = (draft, world) => {
  const zone = textOf(world.find([TYPES.zone], text(draft.inputs, "zoneId") ?? ""), "name")
    ?.replace(/\.$/, "")
    .toLowerCase();
  const name = text(draft.inputs, "name")?.replace(/\.$/, "").toLowerCase();
  if (zone === undefined || name === undefined) return;
  const type = text(draft.inputs, "type") ?? "";
  if (type === "DS" && name === zone)
    fail("InvalidChangeBatch", `[RRSet of type DS with DNS name ${zone}. is not permitted at apex in zone ${zone}.]`);
  if (["NS", "SOA"].includes(type) && name === zone && !flag(draft.inputs, "allowOverwrite"))
    fail(
      "InvalidChangeBatch",
      `[Tried to create resource record set [name='${name}.', type='${type}'] but it already exists]`,
    );
  if (text(draft.inputs, "type") === "CNAME" && name === zone)
    fail(
      "InvalidChangeBatch",
      `[RRSet of type CNAME with DNS name ${zone}. is not permitted at apex in zone ${zone}.]`,
    );
};

export const peerGroup: Check = (draft, world) => {
  const group = world.get(TYPES.securityGroup, text(draft.inputs, "securityGroupId") ?? "");
  for (const peer of named(draft, "referencedSecurityGroupId", [TYPES.securityGroup], world))
    if (group !== undefined && textOf(peer, "vpcId") !== textOf(group, "vpcId"))
      fail(
        "InvalidGroup.NotFound",
        `You have specified two resources that belong to different networks: ${group.id} and ${peer.id}`,
      );
};

export const associationOfOneVpc: Check = (draft, world) => {
  const table = world.get(TYPES.routeTable, text(draft.inputs, "routeTableId") ?? "");
  subnetsOfOneVpc("subnetId", () => textOf(table, "vpcId"), "InvalidParameterValue")(draft, world);
};

export const routeInVpc: Check = (draft, world) => {
  const table = world.get(TYPES.routeTable, text(draft.inputs, "routeTableId") ?? "");
  const vpcId = textOf(table, "vpcId");
  if (vpcId === undefined) return;
  for (const gateway of named(draft, "gatewayId", [TYPES.internetGateway], world))
    if (textOf(gateway, "vpcId") !== vpcId)
      fail(
        "InvalidParameterValue",
        `route table ${table?.id} and network gateway ${gateway.id} belong to different networks`,
      );
  for (const gateway of named(draft, "natGatewayId", [TYPES.natGateway], world))
    if (vpcAt(gateway, "subnetId", world) !== vpcId)
      fail(
        "InvalidParameterValue",
        `route table ${table?.id} and NAT gateway ${gateway.id} belong to different networks`,
      );
  const [network, destination] = [
    textOf(world.get(TYPES.vpc, vpcId), "cidrBlock"),
    text(draft.inputs, "destinationCidrBlock"),
  ];
  if (network !== undefined && destination !== undefined && holds(network, destination) && network === destination)
    fail("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
  const inside = blocksOf(vpcId, world).find((block) => destination !== undefined && holds(block, destination));
  if (inside !== undefined && /^(igw|vgw)-/.test(text(draft.inputs, "gatewayId") ?? ""))
    fail(
      "InvalidParameterValue",
      `The destination ${destination} is within ${inside}: such a route leads to a NAT gateway, an interface or a gateway load balancer's endpoint`,
    );
};

/** What each kind of load balancer speaks to its targets. */
const SPOKEN: Readonly<Record<string, readonly string[]>> = {
  application: ["HTTP", "HTTPS"],
  network: ["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"],
  gateway: ["GENEVE"],
};

export const targetsOfBalancer: Check = (draft, world) => {
  const balancer = world.find([TYPES.loadBalancer], balancerOf(draft.inputs, world) ?? "");
  const vpcId = balancer === undefined ? undefined : vpcAt(balancer, "subnets", world);
  const groups = ["defaultActions", "actions"].flatMap((each) => [
    `${each}.targetGroupArn`,
    `${each}.forward.targetGroups.arn`,
  ]);
  const spoken = SPOKEN[textOf(balancer, "loadBalancerType") ?? "application"] ?? [];
  for (const group of groups.flatMap((path) => named(draft, path, [TYPES.targetGroup], world))) {
    const protocol = textOf(group, "protocol");
    if (protocol !== undefined && !spoken.includes(protocol))
      fail("InvalidLoadBalancerAction", `The protocol ${protocol} of ${group.id} does not go with this load balancer`);
    const own = text(draft.inputs, "protocol");
    if ([own, protocol].some((each) => /^TCP_/.test(each ?? "")) && own !== undefined && protocol !== own)
      fail(
        "InvalidLoadBalancerAction",
        `A listener of ${own} needs a target group of ${own}; ${group.id} is of ${protocol}`,
      );
    if (vpcId !== undefined && textOf(group, "vpcId") !== vpcId)
      fail("InvalidTarget", `The target group ${group.id} and the load balancer are in different VPCs`);
  }
};

/** Blocks that may not be added to a VPC of another range. @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions */
const APART = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
export const furtherBlock: Check = (draft, world) => {
  const [block, own] = [text(draft.inputs, "cidrBlock"), textOf(world.get(TYPES.vpc, ofVpc(draft) ?? ""), "cidrBlock")];
  if (block === undefined || own === undefined) return;
  const range = APART.find((each) => holds(each, own));
  const strange = [...APART.filter((each) => each !== range), "198.19.0.0/16"].find((each) => overlap(each, block));
  if (range !== undefined && strange !== undefined)
    fail(
      "InvalidVpc.Range",
      `The CIDR '${block}' is restricted. Use a CIDR from the same private address range as ${own}`,
    );
};

export const zonesOfGroup =
  (zones: string, group: string, type: string, code: string): Check =>
  (draft, world) => {
    const found = world.get(type, text(draft.inputs, group) ?? "");
    if (found === undefined) return;
    const stranger = texts(draft.inputs, zones).find((each) => !zonesAt(found, "subnetIds", world).includes(each));
    if (stranger !== undefined)
      fail(code, `The subnet group '${found.id}' has no subnet in the availability zone ${stranger}`);
  };

export const functionGroups: Check = (draft, world) => {
  subnetsOfOneVpc(
    "vpcConfig.subnetIds",
    ofSubnets("vpcConfig.subnetIds"),
    "InvalidParameterValueException",
  )(draft, world);
  groupsIn(
    "vpcConfig.securityGroupIds",
    ofSubnets("vpcConfig.subnetIds"),
    "InvalidParameterValueException",
  )(draft, world);
};

/** A cluster stays in the zones that it was made in. */
export const clusterZones: Check = (draft, world) => {
  const before = world.ofType(TYPES.cluster).find(({ serial }) => serial === draft.serial);
  if (before === undefined) return;
  const [now, was] = [draft, before].map((each) => zonesAt(each, "vpcConfig.subnetIds", world).join(", "));
  if (now !== was)
    fail(
      "InvalidParameterException",
      `Provided subnets belong to the AZs '${now}'. But they should match the exact set of AZs '${was}' in which subnets were provided during cluster creation`,
    );
};

/** Who is to be reached from the internet needs a way to it. */
export const publicDatabase: Check = (draft, world) => {
  const group = world.get(TYPES.databaseSubnetGroup, text(draft.inputs, "dbSubnetGroupName") ?? "");
  const vpcId = group === undefined ? undefined : vpcAt(group, "subnetIds", world);
  if (flag(draft.inputs, "publiclyAccessible") && vpcId !== undefined && !hasInternetGateway(vpcId, world))
    fail(
      "InvalidVPCNetworkStateFault",
      `Cannot create a publicly accessible DBInstance. The VPC ${vpcId} has no internet gateway attached.`,
    );
};

/** A private zone's name is one in each of its networks. */
export const namesOfNetwork: Check = (draft, world) => {
  const name = text(draft.inputs, "name");
  const networks = texts(draft.inputs, "vpcs.vpcId");
  const other = world
    .ofType(TYPES.zone)
    .find(
      (each) =>
        each.serial !== draft.serial &&
        textOf(each, "name") === name &&
        texts(each.inputs, "vpcs.vpcId").some((id) => networks.includes(id)),
    );
  if (other !== undefined)
    fail("ConflictingDomainExists", `A private zone ${name} is associated with the VPC already: ${other.id}`);
};

export const tablesOfVpc: Check = (draft, world) => {
  const vpcId = ofVpc(draft);
  const stranger = named(draft, "routeTableIds", [TYPES.routeTable], world).find(
    (table) => vpcId !== undefined && textOf(table, "vpcId") !== vpcId,
  );
  if (stranger !== undefined)
    fail("InvalidParameter", `Route table ${stranger.id} does not belong to the VPC ${vpcId}`);
};

export const privateNames: Check = (draft, world) => {
  const vpc = world.get(TYPES.vpc, ofVpc(draft) ?? "");
  if (!flag(draft.inputs, "privateDnsEnabled") || vpc === undefined) return;
  if (!flag(vpc.inputs, "enableDnsHostnames"))
    fail(
      "InvalidParameter",
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.id}`,
    );
};

export const clusterGroups: Check = groupsIn(
  "vpcConfig.securityGroupIds",
  ofSubnets("vpcConfig.subnetIds"),
  "InvalidParameterException",
);
