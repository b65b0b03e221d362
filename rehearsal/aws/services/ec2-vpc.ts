import { holds, overlap } from "../../../aws/addresses.ts";
import type { Properties } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import {
  AwsError,
  arnOf,
  type Companion,
  type Draft,
  type Identified,
  logGroupReference,
  type Reference,
  type ResourceModel,
  roleReference,
  type Subject,
  securityGroupReference,
  subnetReference,
  vpcReference,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, number, text, texts } from "../values.ts";
import { type AccountProfile, USED_ACCOUNT, type World, type WorldResource } from "../world.ts";

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
  if (bits < 16 || bits > 28 || !blocksOf(vpcId, world).some((block) => holds(block, cidr))) {
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
      .some((it) => text(it.inputs, "vpcId") === vpcId && holds(cidr, text(it.inputs, "cidrBlock") ?? ""));
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

const flowLog: ResourceModel = {
  type: TYPES.flowLog,
  title: "EC2 Flow Log",
  immutable: ["*"],
  defaults: { logDestinationType: "cloud-watch-logs", maxAggregationInterval: 600 },
  id: ec2Id("fl"),
  arn: ec2Arn("vpc-flow-log"),
  references: [
    { ...vpcReference(), holds: false },
    subnetReference("subnetId", undefined, false),
    { ...logGroupReference("logDestination", "InvalidParameter"), exempt: (arn) => arn.startsWith("arn:aws:s3") },
    roleReference("iamRoleArn", "InvalidParameter", (arn) => `Unable to assume the IAM role ${arn}`),
  ],
  unique: [
    {
      key: (inputs) =>
        `${text(inputs, "vpcId") ?? text(inputs, "subnetId")} ${text(inputs, "trafficType")} ${text(inputs, "logDestination")}`,
      taken: () =>
        new AwsError(
          "FlowLogAlreadyExists",
          "There is an existing Flow Log with the same configuration and log destination.",
        ),
    },
  ],
};

const launchTemplate: ResourceModel = {
  type: TYPES.launchTemplate,
  title: "EC2 Launch Template",
  immutable: ["name", "namePrefix"],
  nameProperty: "name",
  defaults: { defaultVersion: 1 },
  id: ec2Id("lt"),
  arn: ec2Arn("launch-template"),
  references: [securityGroupReference("vpcSecurityGroupIds")],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: () =>
        new AwsError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."),
    },
  ],
  outputs: { latestVersion: () => 1 },
};

/** As the program says, or as AWS knows it of a zone's id. */
const zoneOfSubnet = (subnet: WorldResource | undefined) =>
  [subnet?.inputs ?? {}, subnet?.outputs ?? {}]
    .map((each) => texts(each, "availabilityZone"))
    .find((each) => each.length > 0) ?? [];

/** The availability zones of the subnets at a path. */
export function zonesAt({ inputs }: Pick<Draft, "inputs">, path: string, world: World): string[] {
  const zones = texts(inputs, path).flatMap((id) => zoneOfSubnet(world.get(TYPES.subnet, id)));
  return [...new Set(zones)].sort();
}

/** The VPC of the first subnet at a path. */
export function vpcAt({ inputs }: Pick<Draft, "inputs">, path: string, world: World): string | undefined {
  return text(world.get(TYPES.subnet, text(inputs, path) ?? "")?.inputs ?? {}, "vpcId");
}

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

const securityGroup: ResourceModel = {
  type: TYPES.securityGroup,
  title: "EC2 Security Group",
  required: [],
  immutable: ["name", "namePrefix", "description", "vpcId"],
  defaults: { description: "Managed by Pulumi", revokeRulesOnDelete: false },
  nameProperty: "name",
  id: ec2Id("sg"),
  arn: ec2Arn("security-group"),
  references: [vpcReference()],
  unique: [
    {
      key: (inputs) => `${text(inputs, "vpcId")} ${text(inputs, "name")}`,
      taken: (inputs) =>
        new AwsError(
          "InvalidGroup.Duplicate",
          `The security group '${text(inputs, "name")}' already exists for VPC '${text(inputs, "vpcId")}'`,
        ),
    },
  ],
  quotas: [
    {
      limit: 2500,
      exceeded: () =>
        new AwsError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."),
    },
  ],
  validate: ({ inputs }) => {
    if (text(inputs, "vpcId") === undefined) throw new AwsError("VPCIdNotSpecified", "No default VPC for this user");
    if (text(inputs, "name")?.startsWith("sg-"))
      throw new AwsError(
        "InvalidParameterValue",
        `Invalid security group name ${text(inputs, "name")}: it may not begin with sg-`,
      );
  },
  outputs: owner,
  latency: { create: TIMINGS.small },
  deleteRetrySeconds: 900,
};

const defaultSecurityGroup: ResourceModel = {
  type: TYPES.defaultSecurityGroup,
  title: "EC2 Default Security Group",
  immutable: ["vpcId"],
  id: ({ inputs }, world) => text(vpcOf(inputs, world)?.outputs ?? {}, "defaultSecurityGroupId") ?? "",
  arn: ec2Arn("security-group"),
  references: [{ ...vpcReference(), holds: false }],
  outputs: { ...owner, name: () => "default", description: () => "default VPC security group" },
  adopted: true,
};

function vpcOf(inputs: Properties, world: World) {
  return world.find([TYPES.vpc], text(inputs, "vpcId") ?? "");
}

const PEERS = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"] as const;
const LEGACY_PEERS = ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId"] as const;
const RULES = [TYPES.ingressRule, TYPES.egressRule, TYPES.securityGroupRule];

/** EC2 keeps these protocols by their names. */
const PROTOCOLS: Readonly<Record<string, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", all: "-1" };

/** What makes two rules of a group the same rule, whichever resource type they were written with. */
function ruleKey(inputs: Properties, type: string): string {
  const legacy = type === TYPES.securityGroupRule;
  const direction = legacy ? text(inputs, "type") : type === TYPES.ingressRule ? "ingress" : "egress";
  const group = text(inputs, "securityGroupId") ?? "";
  const peers = (legacy ? LEGACY_PEERS : PEERS).flatMap((key) => texts(inputs, key));
  const own = flag(inputs, "self") ? [group] : [];
  const given = text(inputs, legacy ? "protocol" : "ipProtocol")?.toLowerCase() ?? "";
  const protocol = PROTOCOLS[given] ?? given;
  const ports = protocol === "-1" ? "all" : `${number(inputs, "fromPort")}-${number(inputs, "toPort")}`;
  return [group, direction, protocol, ports, ...[...peers, ...own].sort()].join(" ");
}

const uniqueRule = {
  among: RULES,
  key: ruleKey,
  taken: (inputs: Properties) => {
    const peer = [...PEERS, ...LEGACY_PEERS].flatMap((key) => texts(inputs, key)).join(", ");
    const protocol = (text(inputs, "ipProtocol") ?? text(inputs, "protocol") ?? "").toUpperCase();
    const ports = `from port: ${number(inputs, "fromPort")}, to port: ${number(inputs, "toPort")}`;
    return new AwsError(
      "InvalidPermission.Duplicate",
      `the specified rule "peer: ${peer}, ${protocol}, ${ports}, ALLOW" already exists`,
    );
  },
};

const ruleQuota = {
  limit: 60,
  within: (inputs: Properties) => text(inputs, "securityGroupId"),
  exceeded: () =>
    new AwsError(
      "RulesPerSecurityGroupLimitExceeded",
      "The maximum number of rules per security group has been reached.",
    ),
};

/** A rule goes with its own group, but holds the group it lets in. */
const ruleReferences = (peer: string) => [
  securityGroupReference("securityGroupId", undefined, false),
  securityGroupReference(peer),
];

const rule = (type: string, title: string): ResourceModel => ({
  type,
  title,
  required: ["ipProtocol", "securityGroupId"],
  immutable: ["securityGroupId"],
  id: ec2Id("sgr"),
  arn: ec2Arn("security-group-rule"),
  references: ruleReferences("referencedSecurityGroupId"),
  unique: [uniqueRule],
  quotas: [ruleQuota],
  validate: ({ inputs }) => {
    const peers = PEERS.filter((key) => text(inputs, key) !== undefined);
    if (peers.length === 1) return;
    throw new AwsError(
      "InvalidParameterCombination",
      `Exactly one of ${PEERS.join(", ")} must be given; found ${peers.length}`,
    );
  },
  outputs: { securityGroupRuleId: ({ id }) => id },
});

const securityGroupRule: ResourceModel = {
  type: TYPES.securityGroupRule,
  title: "EC2 Security Group Rule",
  required: ["fromPort", "protocol", "securityGroupId", "toPort", "type"],
  immutable: ["*", "!description"],
  tagged: false,
  id: (draft) => `sgrule-${Number.parseInt(draft.hex("sgrule", 8), 16)}`,
  references: ruleReferences("sourceSecurityGroupId"),
  unique: [uniqueRule],
  quotas: [ruleQuota],
  outputs: { securityGroupRuleId: (subject) => `sgr-0${subject.hex("sgr", 16)}` },
};

export const vpcModels: readonly ResourceModel[] = [
  subnet,
  vpc,
  cidrBlock,
  networkAcl,
  defaultNetworkAcl,
  flowLog,
  launchTemplate,
  securityGroup,
  defaultSecurityGroup,
  rule(TYPES.ingressRule, "VPC Security Group Ingress Rule"),
  rule(TYPES.egressRule, "VPC Security Group Egress Rule"),
  securityGroupRule,
];
