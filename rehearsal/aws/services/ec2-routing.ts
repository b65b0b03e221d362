import { AwsError } from "../aws-error.ts";
import { TIMINGS } from "../latency.ts";
import type { ResourceModel, Subject } from "../model.ts";
import { subnetReference, vpcReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";
import { ec2Arn, ec2Id, notFound } from "./ec2-ids.ts";

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

export const routingModels: readonly ResourceModel[] = [routeTable, route, routeTableAssociation];
