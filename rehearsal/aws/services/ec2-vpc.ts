import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { contains, overlap, parseCidr } from "../cidr.ts";
import { TIMINGS } from "../latency.ts";
import type { Companion, ResourceModel, Subject } from "../model.ts";
import { subnetReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text, texts } from "../values.ts";
import { ec2Arn, ec2Id } from "./ec2-ids.ts";

const RETRY = { deleteRetrySeconds: 300 } as const;
const owner = { ownerId: (subject: Subject) => subject.accountId };
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
