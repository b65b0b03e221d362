import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { contains, overlap, parseCidr } from "../cidr.ts";
import { TIMINGS } from "../latency.ts";
import type { Companion, Draft, ResourceModel, Subject } from "../model.ts";
import { subnetReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";
import type { World } from "../world.ts";
import { ec2Arn, ec2Id } from "./ec2-ids.ts";

const RETRY = { deleteRetrySeconds: 300 } as const;
const owner = { ownerId: (subject: Subject) => subject.accountId };
const ownId = (subject: Subject, prefix: string) => `${prefix}-0${subject.hex(prefix, 16)}`;

const vpc: ResourceModel = {
  type: TYPES.vpc,
  title: "EC2 VPC",
  immutable: ["cidrBlock", "instanceTenancy", "ipv4IpamPoolId"],
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

const subnet: ResourceModel = {
  type: TYPES.subnet,
  title: "EC2 Subnet",
  required: ["vpcId"],
  immutable: ["vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"],
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
    availabilityZoneId: ({ inputs }) => zoneIdOf(text(inputs, "availabilityZone") ?? ""),
  },
  latency: { create: TIMINGS.quick },
  inUse: ({ id }) => new AwsError("DependencyViolation", `The subnet '${id}' has dependencies and cannot be deleted.`),
  ...RETRY,
};

/** Availability zones that the simulated account has in a region. */
export function zonesOf(region: string): string[] {
  const letters = region === "us-east-1" ? "abcdef" : "abc";
  return [...letters].map((letter) => `${region}${letter}`);
}

/** The account-independent id of a zone, for example `use1-az1`. */
export function zoneIdOf(zone: string): string {
  const [area = "", direction = "", rest = ""] = zone.split("-");
  return `${area}${direction[0] ?? ""}${rest.slice(0, -1)}-az${rest.charCodeAt(rest.length - 1) - 96}`;
}

function checkZone({ inputs, region }: Draft): void {
  const zone = text(inputs, "availabilityZone");
  const zones = zonesOf(region);
  if (zone === undefined || zones.includes(zone)) return;
  const words = `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(", ")}.`;
  throw new AwsError("InvalidParameterValue", words);
}

function checkRange({ type, inputs, serial }: Draft, world: World): void {
  const [cidr = "", vpcId = ""] = [text(inputs, "cidrBlock"), text(inputs, "vpcId")];
  const range = text(world.get(TYPES.vpc, vpcId)?.inputs ?? {}, "cidrBlock") ?? "";
  const bits = parseCidr(cidr)?.bits ?? 0;
  if (bits < 16 || bits > 28 || !contains(range, cidr)) {
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

export const vpcModels: readonly ResourceModel[] = [vpc, subnet, networkAcl, defaultNetworkAcl];
