import type { Properties } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import type { Draft, ResourceModel, Subject } from "../model.ts";
import { AwsError } from "../model.ts";
import {
  logGroupReference,
  roleReference,
  securityGroupReference,
  subnetReference,
  vpcReference,
} from "../references.ts";
import { TYPES } from "../types.ts";
import { flag, text, texts } from "../values.ts";
import type { World } from "../world.ts";
import { ec2Arn, ec2Id } from "./ec2-vpc.ts";

const owner = { ownerId: (subject: Subject) => subject.accountId };
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

export const endpointModels: readonly ResourceModel[] = [vpcEndpoint, flowLog, launchTemplate];
