import { allows, documentFaults } from "../../aws/policy-document.ts";
import { drillingDocument, type Place } from "../../delivery/documents.ts";

const PROD: Place = { stack: "prod", accountId: "111122223333", region: "us-east-1", domain: "prod.sparki.tools" };
const role = JSON.stringify(drillingDocument(PROD));
const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:111122223333:${rest}`;
const own = { "aws:resourcetag/project": "sparki", "aws:resourcetag/stack": "prod" };
const made = { "aws:resourcetag/sparki-drill": "prod" };
const GROUP = arn("ec2", "security-group/sg-1");

type Example = readonly [action: string, resource: string, context?: Readonly<Record<string, string>>];
/** As rows, each with its name. */
const rows = (examples: readonly Example[]) =>
  examples.map((example) => ({ what: example.slice(0, 2).join(" on "), example }));
const may = ([action, resource, context = {}]: Example) => allows(role, { action, resource, context });

describe("the role that drills", () => {
  const SNAPSHOT = arn("rds", "snapshot:rds:sparki-prod-database-2026-11-28-03-09");
  const needed: readonly Example[] = [
    ["rds:RestoreDBInstanceFromDBSnapshot", arn("rds", "db:sparki-prod-drill-2611281200")],
    ["rds:RestoreDBInstanceFromDBSnapshot", SNAPSHOT],
    ["rds:RestoreDBInstanceFromDBSnapshot", arn("rds", "subgrp:sparki-prod-database")],
    ["rds:RestoreDBInstanceToPointInTime", arn("rds", "db:sparki-prod-database")],
    ["rds:AddTagsToResource", arn("rds", "db:sparki-prod-drill-2611281200")],
    ["rds:DeleteDBInstance", arn("rds", "db:sparki-prod-drill-2611281200")],
    ["rds:ModifyDBInstance", arn("rds", "db:sparki-prod-drill-2611281200")],
    ["rds:ModifyDBInstance", arn("rds", "pg:sparki-prod-drill-2611281200")],
    ["rds:CreateDBParameterGroup", arn("rds", "pg:sparki-prod-drill-2611281200")],
    ["rds:AddTagsToResource", arn("rds", "pg:sparki-prod-drill-2611281200")],
    ["rds:DeleteDBParameterGroup", arn("rds", "pg:sparki-prod-drill-2611281200")],
    ["rds:DownloadDBLogFilePortion", arn("rds", "db:sparki-prod-drill-2611281200")],
    ["elasticache:CreateReplicationGroup", arn("elasticache", "replicationgroup:sparki-prod-cache-drill-2611281200")],
    ["elasticache:CreateReplicationGroup", arn("elasticache", "snapshot:automatic.sparki-prod-cache-2026-11-28-02-00")],
    ["elasticache:DeleteReplicationGroup", arn("elasticache", "replicationgroup:sparki-prod-cache-drill-2611281200")],
    ["ec2:CreateSecurityGroup", GROUP, { "aws:requesttag/sparki-drill": "prod" }],
    ["ec2:CreateSecurityGroup", arn("ec2", "vpc/vpc-1"), own],
    ["ec2:CreateTags", GROUP, { "ec2:createaction": "CreateSecurityGroup" }],
    ["ec2:AuthorizeSecurityGroupIngress", GROUP, made],
    ["ec2:RevokeSecurityGroupEgress", GROUP, made],
    ["ec2:DeleteSecurityGroup", GROUP, made],
    ["kms:Decrypt", arn("kms", "key/1"), own],
    ["kms:CreateGrant", arn("kms", "key/1"), { ...own, "kms:grantisforawsresource": "true" }],
  ];
  it.each(rows(needed))("may $what", ({ example }) => expect(may(example)).toBe(true));

  const refused: readonly Example[] = [
    ["rds:DeleteDBInstance", arn("rds", "db:sparki-prod-database")],
    ["rds:ModifyDBInstance", arn("rds", "db:sparki-prod-database")],
    ["rds:DeleteDBParameterGroup", arn("rds", "pg:sparki-prod-database-17")],
    ["rds:DownloadDBLogFilePortion", arn("rds", "db:sparki-prod-database")],
    ["rds:RestoreDBInstanceFromDBSnapshot", arn("rds", "db:sparki-prod-other")],
    ["rds:RestoreDBInstanceFromDBSnapshot", arn("rds", "snapshot:rds:sparki-staging-database-2026-11-28-03-09")],
    ["rds:DeleteDBSnapshot", SNAPSHOT],
    ["rds:DeleteDBInstance", arn("rds", "db:sparki-staging-drill-2611281200")],
    ["elasticache:DeleteReplicationGroup", arn("elasticache", "replicationgroup:sparki-prod-cache")],
    ["elasticache:ModifyReplicationGroup", arn("elasticache", "replicationgroup:sparki-prod-cache-drill-2611281200")],
    ["elasticache:DeleteSnapshot", arn("elasticache", "snapshot:automatic.sparki-prod-cache-2026-11-28-02-00")],
    ["ec2:AuthorizeSecurityGroupIngress", GROUP, own],
    ["ec2:DeleteSecurityGroup", GROUP, { "aws:resourcetag/sparki-drill": "staging" }],
    ["ec2:CreateTags", GROUP],
    ["kms:Decrypt", arn("kms", "key/1"), { ...own, "aws:resourcetag/stack": "staging" }],
    ["kms:CreateGrant", arn("kms", "key/1"), own],
    ["iam:PassRole", "arn:aws:iam::111122223333:role/sparki-prod-engine"],
  ];
  it.each(rows(refused))("may not $what", ({ example }) => expect(may(example)).toBe(false));

  it("has statements that IAM takes, within the quota of a role's own policies", () => {
    expect(documentFaults(role, "identity")).toEqual([]);
    expect(role.length).toBeLessThan(8_000);
  });
});
