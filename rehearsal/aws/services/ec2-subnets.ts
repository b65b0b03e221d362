import { type AccountProfile, USED_ACCOUNT } from "../account-profile.ts";
import { AwsError } from "../aws-error.ts";
import { contains, overlap, parseCidr } from "../cidr.ts";
import { TIMINGS } from "../latency.ts";
import type { Draft, ResourceModel, Subject } from "../model.ts";
import { vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, text, texts } from "../values.ts";
import type { World } from "../world.ts";
import { ec2Arn, ec2Id } from "./ec2-ids.ts";

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
