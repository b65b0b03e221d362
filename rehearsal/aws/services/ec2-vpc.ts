import { TIMINGS } from "../latency.ts";
import type { Companion, ResourceModel, Subject } from "../model.ts";
import { AwsError, arnOf, type Draft, type Identified, type Reference } from "../model.ts";
import { subnetReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, text, texts } from "../values.ts";
import { type AccountProfile, USED_ACCOUNT, type World } from "../world.ts";

const owner = { ownerId: (subject: Subject) => subject.accountId };

const subnet: ResourceModel = {
  type: TYPES.subnet,
  title: "EC2 Subnet",
  required: ["vpcId"],
  immutable: [
    ...["vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "outpostArn", "ipv6Native"],
    ...["ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength"],
  ],
  defaults: {
    mapPublicIpOnLaunch: false,
    assignIpv6AddressOnCreation: false,
    enableDns64: false,
    enableResourceNameDnsARecordOnLaunch: false,
    enableResourceNameDnsAaaaRecordOnLaunch: false,
    ipv6Native: false,
  },
  id: ec2Id("subnet"),
  arn: ec2Arn("subnet"),
  references: [vpcReference()],
  quotas: [
    {
      limit: 200,
      within: (inputs) => text(inputs, "vpcId"),
      exceeded: () => new AwsError("SubnetLimitExceeded", "The maximum number of subnets has been reached."),
    },
  ],
  validate: (draft, world) => {
    checkZone(draft);
    checkRange(draft, world);
  },
  outputs: {
    ...owner,
    privateDnsHostnameTypeOnLaunch: () => "ip-name",
    availabilityZone: (subject, world) => zoneOf(subject, world) ?? "",
    availabilityZoneId: (subject, world) =>
      text(subject.inputs, "availabilityZoneId") ?? zoneIdOf(zoneOf(subject, world) ?? "", world.profile),
  },
  latency: { create: TIMINGS.quick },
  inUse: ({ id }) => new AwsError("DependencyViolation", `The subnet '${id}' has dependencies and cannot be deleted.`),
  deleteRetrySeconds: 300,
};

/** Availability zones that the simulated account has in a region. */
export function zonesOf(region: string): string[] {
  const letters = region === "us-east-1" ? "abcdef" : "abc";
  return [...letters].map((letter) => `${region}${letter}`);
}

/** The account-independent id of a zone, for example `use1-az1`. */
export function zoneIdOf(zone: string, { zoneNumbers }: Pick<AccountProfile, "zoneNumbers"> = USED_ACCOUNT): string {
  const [area = "", direction = "", rest = ""] = zone.split("-");
  const letter = rest.charCodeAt(rest.length - 1) - 97;
  const number = zoneNumbers[zone.slice(0, -1)]?.[letter] ?? letter + 1;
  return `${area}${direction[0] ?? ""}${rest.slice(0, -1)}-az${number}`;
}

/** The zone that a subnet is in, named or by its id. */
function zoneOf({ inputs, region }: Pick<Draft, "inputs" | "region">, { profile }: World): string | undefined {
  const id = text(inputs, "availabilityZoneId");
  return text(inputs, "availabilityZone") ?? zonesOf(region).find((zone) => zoneIdOf(zone, profile) === id);
}

const isRegionOf = (zone: string, region: string) => zone.startsWith(`${region}-`);

function checkZone({ inputs, region }: Draft): void {
  const zone = text(inputs, "availabilityZone");
  const zones = zonesOf(region);
  // Local zones and Wavelength zones are there for who opted in.
  if (zone === undefined || zones.includes(zone) || (isRegionOf(zone, region) && /-[a-z]+-\d[a-z]$/.test(zone))) return;
  const words = `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(", ")}.`;
  throw new AwsError("InvalidParameterValue", words);
}

/** The IPv4 blocks of a VPC: its first, and those that were added. */
export function blocksOf(vpcId: string, world: World): string[] {
  const own = texts(world.get(TYPES.vpc, vpcId)?.inputs ?? {}, "cidrBlock");
  const added = world.ofType(TYPES.vpcCidrBlock).filter(({ inputs }) => text(inputs, "vpcId") === vpcId);
  return [...own, ...added.flatMap(({ inputs }) => texts(inputs, "cidrBlock"))];
}

function checkRange({ type, inputs, serial }: Draft, world: World): void {
  if (flag(inputs, "ipv6Native")) return;
  const [cidr = "", vpcId = ""] = [text(inputs, "cidrBlock"), text(inputs, "vpcId")];
  const bits = parseCidr(cidr)?.bits ?? 0;
  if (bits < 16 || bits > 28 || !blocksOf(vpcId, world).some((block) => contains(block, cidr))) {
    throw new AwsError("InvalidSubnet.Range", `The CIDR '${cidr}' is invalid.`);
  }
  const other = world
    .ofType(type)
    .filter((it) => it.serial !== serial && text(it.inputs, "vpcId") === vpcId)
    .find((it) => overlap(text(it.inputs, "cidrBlock") ?? "", cidr));
  if (other !== undefined) {
    throw new AwsError("InvalidSubnet.Conflict", `The CIDR '${cidr}' conflicts with another subnet`);
  }
}

export const subnetModels: readonly ResourceModel[] = [subnet];

const RETRY = { deleteRetrySeconds: 300 } as const;
const ownId = (subject: Subject, prefix: string) => `${prefix}-0${subject.hex(prefix, 16)}`;

const vpc: ResourceModel = {
  type: TYPES.vpc,
  title: "EC2 VPC",
  immutable: ["cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv4NetmaskLength"],
  defaults: {
    enableDnsSupport: true,
    enableDnsHostnames: false,
    enableNetworkAddressUsageMetrics: false,
    instanceTenancy: "default",
    assignGeneratedIpv6CidrBlock: false,
  },
  id: ec2Id("vpc"),
  arn: ec2Arn("vpc"),
  quotas: [
    { limit: 5, exceeded: () => new AwsError("VpcLimitExceeded", "The maximum number of VPCs has been reached.") },
  ],
  validate: ({ inputs }) => {
    const cidr = text(inputs, "cidrBlock");
    if (cidr === undefined) return;
    const bits = parseCidr(cidr)?.bits;
    if (bits === undefined)
      throw new AwsError(
        "InvalidParameterValue",
        `Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`,
      );
    if (bits < 16 || bits > 28) throw new AwsError("InvalidVpc.Range", `The CIDR '${cidr}' is invalid.`);
  },
  outputs: {
    ...owner,
    defaultSecurityGroupId: (subject) => ownId(subject, "sg"),
    defaultNetworkAclId: (subject) => ownId(subject, "acl"),
    mainRouteTableId: (subject) => ownId(subject, "rtb"),
    defaultRouteTableId: (subject) => ownId(subject, "rtb"),
    dhcpOptionsId: (subject) => ownId(subject, "dopt"),
  },
  companions: (subject) => [
    companion(subject, TYPES.securityGroup, "sg", "security-group", "default"),
    companion(subject, TYPES.networkAcl, "acl", "network-acl"),
    companion(subject, TYPES.routeTable, "rtb", "route-table"),
  ],
  latency: { create: TIMINGS.vpc },
  inUse: ({ id }) => new AwsError("DependencyViolation", `The vpc '${id}' has dependencies and cannot be deleted.`),
  ...RETRY,
};

function companion(subject: Subject, type: string, prefix: string, kind: string, name?: string): Companion {
  const id = ownId(subject, prefix);
  const inputs = { vpcId: subject.id, ...(name === undefined ? {} : { name }) };
  return { type, id, arn: arnOf(subject, "ec2", `${kind}/${id}`), inputs, ...(name === undefined ? {} : { name }) };
}

const MOST_BLOCKS = 5;

/** A further block of a VPC, which subnets can be cut of. */
const cidrBlock: ResourceModel = {
  type: TYPES.vpcCidrBlock,
  title: "EC2 VPC IPv4 CIDR Block Association",
  required: ["vpcId"],
  immutable: ["vpcId", "cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"],
  tagged: false,
  id: ec2Id("vpc-cidr-assoc"),
  references: [vpcReference()],
  quotas: [
    {
      limit: MOST_BLOCKS - 1,
      within: (inputs) => text(inputs, "vpcId"),
      exceeded: () => new AwsError("CidrLimitExceeded", `The maximum number of CIDR blocks is ${MOST_BLOCKS}.`),
    },
  ],
  validate: ({ inputs, serial }, world) => {
    const [cidr, vpcId = ""] = [text(inputs, "cidrBlock"), text(inputs, "vpcId")];
    const others = world
      .ofType(TYPES.vpcCidrBlock)
      .filter((it) => it.serial !== serial && text(it.inputs, "vpcId") === vpcId);
    const blocks = [world.get(TYPES.vpc, vpcId), ...others].flatMap((it) => texts(it?.inputs ?? {}, "cidrBlock"));
    if (cidr !== undefined && blocks.some((block) => overlap(block, cidr)))
      throw new AwsError("InvalidVpc.Conflict", `The CIDR '${cidr}' conflicts with another block of ${vpcId}`);
  },
  latency: { create: TIMINGS.vpc },
  mayDelete: ({ inputs }, world) => {
    const [cidr = "", vpcId] = [text(inputs, "cidrBlock"), text(inputs, "vpcId")];
    const used = world
      .ofType(TYPES.subnet)
      .some((it) => text(it.inputs, "vpcId") === vpcId && contains(cidr, text(it.inputs, "cidrBlock") ?? ""));
    if (used)
      throw new AwsError("InvalidCidrBlock.InUse", `The vpc ${vpcId} currently has a subnet within CIDR block ${cidr}`);
  },
  ...RETRY,
};

const networkAcl: ResourceModel = {
  type: TYPES.networkAcl,
  title: "EC2 Network ACL",
  required: ["vpcId"],
  immutable: ["vpcId"],
  id: ec2Id("acl"),
  arn: ec2Arn("network-acl"),
  references: [vpcReference(), subnetReference("subnetIds")],
  outputs: owner,
  latency: { create: TIMINGS.quick },
};

const defaultNetworkAcl: ResourceModel = {
  type: TYPES.defaultNetworkAcl,
  title: "EC2 Default Network ACL",
  required: ["defaultNetworkAclId"],
  immutable: ["defaultNetworkAclId"],
  id: ({ inputs }) => text(inputs, "defaultNetworkAclId") ?? "",
  arn: ec2Arn("network-acl"),
  references: [
    {
      path: "defaultNetworkAclId",
      to: [TYPES.networkAcl],
      missing: (id) => new AwsError("InvalidNetworkAclID.NotFound", `The networkAcl ID '${id}' does not exist`),
    },
    subnetReference("subnetIds"),
  ],
  outputs: {
    ...owner,
    vpcId: ({ id }, world) => text(world.get(TYPES.networkAcl, id)?.inputs ?? {}, "vpcId") ?? "",
  },
  adopted: true,
};

export const vpcModels: readonly ResourceModel[] = [vpc, cidrBlock, networkAcl, defaultNetworkAcl];

/** An IPv4 network; undefined when the text is none. */
export function parseCidr(
  text: string,
): { readonly first: number; readonly last: number; readonly bits: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return address % size === 0 ? { first: address, last: address + size - 1, bits } : undefined;
}

/** True when the two networks share an address. */
export function overlap(left: string, right: string): boolean {
  const [a, b] = [parseCidr(left), parseCidr(right)];
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last;
}

/** True when the inner network lies within the outer. */
export function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseCidr(outer), parseCidr(inner)];
  return a !== undefined && b !== undefined && a.first <= b.first && b.last <= a.last;
}

/** An address of the network (at the smallest a /28) beside those that AWS reserves. */
export function hostOf(cidr: string, offset: number): string {
  const network = parseCidr(cidr);
  if (network === undefined) return "";
  const address = network.first + 4 + (offset % Math.max(1, network.last - network.first - 5));
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** An EC2 id such as `vpc-0` and 16 hex digits of the resource's own. */
export function ec2Id(prefix: string): (draft: Draft) => string {
  return (draft) => `${prefix}-0${draft.hex(prefix, 16)}`;
}

/** The ARN of an EC2 resource of this kind. */
export function ec2Arn(kind: string): (identified: Identified) => string {
  return (identified) => arnOf(identified, "ec2", `${kind}/${identified.id}`);
}

/** A reference by id to a resource that is not there: EC2 names the kind and the id. */
export function notFound(path: string, type: string, code: string, kind: string): Reference {
  return {
    path,
    to: [type],
    missing: (id) => new AwsError(code, `The ${kind} ID '${id}' does not exist`),
  };
}
