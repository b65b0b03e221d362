import type { Draft, ResourceModel } from "../model.ts";
import { AwsError, arnOf } from "../model.ts";
import { subnetReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text, texts } from "../values.ts";
import type { World, WorldResource } from "../world.ts";

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

const subnetGroup: ResourceModel = {
  type: TYPES.databaseSubnetGroup,
  title: "RDS DB Subnet Group",
  required: ["subnetIds"],
  immutable: ["name", "namePrefix"],
  defaults: { description: "Managed by Pulumi" },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "rds", `subgrp:${subject.id}`),
  references: [subnetReference("subnetIds", "InvalidSubnet", false)],
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("DBSubnetGroupAlreadyExists", `The DB subnet group '${text(inputs, "name")}' already exists.`),
    },
  ],
  validate: (draft, world) => {
    const zones = zonesAt(draft, "subnetIds", world);
    if (zones.length >= 2) return;
    const words = `The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: ${zones.join(", ")}. Add subnets to cover at least 2 AZs.`;
    throw new AwsError("DBSubnetGroupDoesNotCoverEnoughAZs", words);
  },
  outputs: {
    supportedNetworkTypes: () => ["IPV4"],
    vpcId: (subject, world) => vpcAt(subject, "subnetIds", world) ?? "",
  },
  inUse: ({ id }, holder) =>
    new AwsError(
      "InvalidDBSubnetGroupStateFault",
      `Cannot delete the subnet group '${id}' because at least one database instance: ${holder.name} is still using it.`,
    ),
};

const parameterGroup: ResourceModel = {
  type: TYPES.databaseParameterGroup,
  title: "RDS DB Parameter Group",
  required: ["family"],
  immutable: ["name", "namePrefix", "family", "description"],
  defaults: { description: "Managed by Pulumi", skipDestroy: false },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "rds", `pg:${subject.id}`),
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("DBParameterGroupAlreadyExists", `Parameter group ${text(inputs, "name")} already exists`),
    },
  ],
  validate: ({ inputs }) => {
    const family = text(inputs, "family") ?? "";
    if (/^(postgres|aurora-postgresql)1[2-8]$|^(mysql|mariadb|aurora-mysql)\d+\.\d+$/.test(family)) return;
    throw new AwsError(
      "InvalidParameterValue",
      `DBParameterGroupFamily ${family} is not a valid parameter group family`,
    );
  },
  inUse: ({ id }) =>
    new AwsError(
      "InvalidDBParameterGroupState",
      `One or more database instances are still members of this parameter group ${id}, so the group cannot be deleted`,
    ),
};

export const databaseGroupModels: readonly ResourceModel[] = [subnetGroup, parameterGroup];
