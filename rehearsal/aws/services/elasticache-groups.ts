import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import type { ResourceModel } from "../model.ts";
import { subnetReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";
import { vpcAt } from "./rds-groups.ts";

const subnetGroup: ResourceModel = {
  type: TYPES.cacheSubnetGroup,
  title: "ElastiCache Subnet Group",
  required: ["subnetIds"],
  immutable: ["name"],
  defaults: { description: "Managed by Pulumi" },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "elasticache", `subnetgroup:${subject.id}`),
  references: [subnetReference("subnetIds", "InvalidSubnet", false)],
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("CacheSubnetGroupAlreadyExists", `Cache subnet group ${text(inputs, "name")} already exists.`),
    },
  ],
  outputs: { vpcId: (subject, world) => vpcAt(subject, "subnetIds", world) ?? "" },
  inUse: ({ id }) =>
    new AwsError("CacheSubnetGroupInUse", `Cache subnet group ${id} is currently in use by a cache cluster.`),
};

const parameterGroup: ResourceModel = {
  type: TYPES.cacheParameterGroup,
  title: "ElastiCache Parameter Group",
  required: ["family"],
  immutable: ["name", "family", "description"],
  defaults: { description: "Managed by Pulumi" },
  nameProperty: "name",
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => arnOf(subject, "elasticache", `parametergroup:${subject.id}`),
  unique: [
    {
      key: (inputs) => text(inputs, "name")?.toLowerCase(),
      taken: (inputs) =>
        new AwsError("CacheParameterGroupAlreadyExists", `Parameter group ${text(inputs, "name")} already exists`),
    },
  ],
  inUse: ({ id }) =>
    new AwsError(
      "InvalidCacheParameterGroupState",
      `One or more cache clusters are still members of parameter group ${id}.`,
    ),
};

export const cacheGroupModels: readonly ResourceModel[] = [subnetGroup, parameterGroup];
