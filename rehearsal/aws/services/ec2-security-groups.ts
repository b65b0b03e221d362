import type { Properties } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import type { ResourceModel, Subject } from "../model.ts";
import { AwsError } from "../model.ts";
import { securityGroupReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, number, text, texts } from "../values.ts";
import type { World } from "../world.ts";
import { ec2Arn, ec2Id } from "./ec2-vpc.ts";

const owner = { ownerId: (subject: Subject) => subject.accountId };

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

export const securityGroupModels: readonly ResourceModel[] = [
  securityGroup,
  defaultSecurityGroup,
  rule(TYPES.ingressRule, "VPC Security Group Ingress Rule"),
  rule(TYPES.egressRule, "VPC Security Group Egress Rule"),
  securityGroupRule,
];
