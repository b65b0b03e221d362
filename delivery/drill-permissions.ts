import { ec2, type Grant, OWN, on, useOfKeys, when } from "./grants.ts";

const rds = (...kinds: readonly string[]) => kinds.map((kind) => `arn:aws:rds:{region}:{account}:${kind}`);
const elasticache = (...kinds: readonly string[]) =>
  kinds.map((kind) => `arn:aws:elasticache:{region}:{account}:${kind}`);
const KEYS = ["arn:aws:kms:{region}:{account}:key/*"];
const GROUPS = ec2("security-group");
/** The mark of what a drill makes. */
const MARKED = { StringEquals: { "aws:RequestTag/sparki-drill": "{stack}" } };
const MADE = { StringEquals: { "aws:ResourceTag/sparki-drill": "{stack}" } };
const RESTORES = ["rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceToPointInTime"] as const;

/**
 * What a restore drill asks AWS for beside reading: copies under its own names, from the stack's own backups, and their
 * deletion. The live database and cache can be neither changed nor deleted by it.
 */
export const DRILL: readonly Grant[] = [
  on(rds("db:sparki-{stack}-drill-*"), ...RESTORES, "rds:AddTagsToResource", "rds:DeleteDBInstance"),
  on(
    rds(
      ...["snapshot:rds:sparki-{stack}-database-*", "snapshot:sparki-{stack}-database-*", "db:sparki-{stack}-database"],
      ...["auto-backup:*", "og:default:*", "pg:sparki-{stack}-database-*", "subgrp:sparki-{stack}-database"],
    ),
    ...RESTORES,
  ),
  on(
    elasticache("replicationgroup:sparki-{stack}-cache-drill-*", "cluster:sparki-{stack}-cache-drill-*"),
    "elasticache:CreateReplicationGroup",
    "elasticache:AddTagsToResource",
    "elasticache:DeleteReplicationGroup",
  ),
  on(
    elasticache(
      ...["snapshot:automatic.sparki-{stack}-cache-*", "snapshot:sparki-{stack}-cache-*"],
      ...["subnetgroup:sparki-{stack}-cache", "parametergroup:*"],
    ),
    "elasticache:CreateReplicationGroup",
  ),
  when(MARKED, on(GROUPS, "ec2:CreateSecurityGroup")),
  when(OWN, on(ec2("vpc"), "ec2:CreateSecurityGroup")),
  when({ StringEquals: { "ec2:CreateAction": "CreateSecurityGroup" } }, on(GROUPS, "ec2:CreateTags")),
  when(
    MADE,
    on(GROUPS, "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress", "ec2:DeleteSecurityGroup"),
  ),
  ...useOfKeys(KEYS),
];
