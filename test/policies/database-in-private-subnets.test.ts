import { databaseInPrivateSubnets } from "../../policies/database-in-private-subnets.ts";
import { database, subnets, vpc } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const group = example("aws:rds/subnetGroup:SubnetGroup", { subnetIds: [] }).fromEach("subnetIds", ...subnets);
const table = example("aws:ec2/routeTable:RouteTable", { vpcId: "vpc-1" });
const gateway = example("aws:ec2/internetGateway:InternetGateway", {});
const nat = example("aws:ec2/natGateway:NatGateway", {});
const route = example("aws:ec2/route:Route", { destinationCidrBlock: "0.0.0.0/0" }).from("routeTableId", table);
const association = example("aws:ec2/routeTableAssociation:RouteTableAssociation", { routeTableId: "" }).from(
  "routeTableId",
  table,
);
const tied = subnets.map((subnet) => association.named(`for-${subnet.traits.name}`).from("subnetId", subnet));
const network = [...subnets, table, gateway, nat, ...tied, group];

proves(databaseInPrivateSubnets, {
  passes: {
    "a database in a group of the stack": [group, ...subnets, database.from("dbSubnetGroupName", group)],
    "subnets without a route out": network,
    "subnets with a way out by NAT": [...network, route.from("natGatewayId", nat)],
    "a table that the gateway does not serve": [...network, route.from("routeTableId").from("gatewayId", gateway)],
  },
  stops: {
    "a database that leaves its subnets to AWS": ["dbSubnetGroupName", database.without("dbSubnetGroupName")],
    "a database in the default subnets": ["dbSubnetGroupName", database.with({ dbSubnetGroupName: "default" })],
    "a group that is something else": ["dbSubnetGroupName", [vpc, database.from("dbSubnetGroupName", vpc)]],
    "a group of no known subnets": ["subnetIds", group.from("subnetIds")],
    "subnets that the internet leads to": ["subnetIds", [...network, route.from("gatewayId", gateway)]],
    "subnets whose table says so itself": [
      "subnetIds",
      [...subnets, gateway, ...tied, group, table.with({ vpcId: "vpc-1" }).from("routes", gateway)],
    ],
  },
});
