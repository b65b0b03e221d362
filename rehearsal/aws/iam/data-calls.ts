import { TYPES } from "../types.ts";
import { type About, type CallTable, only } from "./about.ts";

/** What a service needs of a customer's key to encrypt by it, in the name of who asks. */
const ENCRYPTING = ["kms:DescribeKey", "kms:CreateGrant"] as const;
/** What Secrets Manager needs of a key, by which it encrypts each value. */
const SEALING = ["kms:GenerateDataKey", "kms:Decrypt"] as const;

const rdsTags = (it: About) => it.tagging("rds:AddTagsToResource", "rds:RemoveTagsFromResource");
const cacheTags = (it: About) => it.tagging("elasticache:AddTagsToResource", "elasticache:RemoveTagsFromResource");
const secretTags = (it: About) => it.tagging("secretsmanager:TagResource", "secretsmanager:UntagResource");

const rds = (it: About, kind: string, path: string) =>
  it.has(path) ? [it.arn("rds", `${kind}:${it.text(path)}`)] : [];
/** PostgreSQL's options are those of its major version, which AWS has by itself. */
const options = (it: About) => it.arn("rds", `og:default:postgres-${it.text("engineVersion").split(".")[0]}`);
/** The master user's secret, which RDS makes in the name of who asks. */
const masterSecret = (it: About) => it.arn("secretsmanager", "secret:rds!db-*");
const snapshot = (it: About) => it.arn("rds", `snapshot:${it.text("finalSnapshotIdentifier")}`);
const cacheSnapshot = (it: About) => it.arn("elasticache", `snapshot:${it.text("finalSnapshotIdentifier")}`);
const nodes = (it: About) => it.arn("elasticache", `cluster:${it.text("replicationGroupId")}-001`);
const cacheParameters = (it: About) =>
  it.arn("elasticache", `parametergroup:default.redis${it.text("engineVersion").split(".")[0]}`);
const secretOf = (it: About, ...actions: readonly string[]) => it.to([TYPES.secret], "secretId", ...actions);
/** The key of the secret that a version is of. */
const sealed = (it: About) => it.behind([TYPES.secret], "secretId").using("kmsKeyId", ...SEALING);
const target = (it: About, ...actions: readonly string[]) => it.using("targetKeyId", ...actions);

/** What the AWS provider asks KMS, CloudWatch Logs, RDS, ElastiCache and Secrets Manager for. */
export const DATA_CALLS: CallTable = {
  [TYPES.kmsKey]: {
    create: (it) => [
      ...it.ask("*", ["kms:CreateKey"], it.requested),
      ...it.ask(it.own, ["kms:TagResource"], it.requested),
      ...only(it.is("enableKeyRotation"), () => it.self("kms:EnableKeyRotation")),
    ],
    read: (it) => it.self("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
    update: (it) => [
      ...only(it.changes("policy"), () => it.self("kms:PutKeyPolicy")),
      ...only(it.changes("description"), () => it.self("kms:UpdateKeyDescription")),
      ...only(it.changes("isEnabled"), () => it.self("kms:EnableKey")),
      ...only(it.changes("enableKeyRotation", "rotationPeriodInDays"), () => it.self("kms:EnableKeyRotation")),
      ...it.tagging("kms:TagResource", "kms:UntagResource"),
    ],
    delete: (it) => it.self("kms:ScheduleKeyDeletion"),
  },
  [TYPES.kmsAlias]: {
    create: (it) => [...it.self("kms:CreateAlias"), ...target(it, "kms:CreateAlias")],
    read: (it) => it.see("kms:ListAliases"),
    update: (it) => [...it.self("kms:UpdateAlias"), ...target(it, "kms:UpdateAlias")],
    delete: (it) => [...it.self("kms:DeleteAlias"), ...target(it, "kms:DeleteAlias")],
  },
  [TYPES.logGroup]: {
    create: (it) => [
      ...it.self("logs:CreateLogGroup"),
      ...it.ask(it.own, ["logs:TagResource"], it.requested),
      ...only(it.has("kmsKeyId"), () => it.self("logs:AssociateKmsKey")),
      ...only(it.has("retentionInDays"), () => it.self("logs:PutRetentionPolicy")),
    ],
    read: (it) => [...it.see("logs:DescribeLogGroups"), ...it.self("logs:ListTagsForResource")],
    update: (it) => [
      ...only(it.changes("retentionInDays"), () =>
        it.self(it.has("retentionInDays") ? "logs:PutRetentionPolicy" : "logs:DeleteRetentionPolicy"),
      ),
      ...only(it.changes("kmsKeyId"), () =>
        it.self(it.has("kmsKeyId") ? "logs:AssociateKmsKey" : "logs:DisassociateKmsKey"),
      ),
      ...it.tagging("logs:TagResource", "logs:UntagResource"),
    ],
    delete: (it) => it.self("logs:DeleteLogGroup"),
  },
  [TYPES.logResourcePolicy]: {
    create: (it) => it.see("logs:PutResourcePolicy"),
    read: (it) => it.see("logs:DescribeResourcePolicies"),
    update: (it) => it.see("logs:PutResourcePolicy"),
    delete: (it) => it.see("logs:DeleteResourcePolicy"),
  },
  [TYPES.databaseSubnetGroup]: {
    create: (it) => [...it.self("rds:CreateDBSubnetGroup"), ...it.ask(it.own, ["rds:AddTagsToResource"], it.requested)],
    read: (it) => [...it.see("rds:DescribeDBSubnetGroups"), ...it.self("rds:ListTagsForResource")],
    update: (it) => [
      ...only(it.changes("description", "subnetIds"), () => it.self("rds:ModifyDBSubnetGroup")),
      ...rdsTags(it),
    ],
    delete: (it) => it.self("rds:DeleteDBSubnetGroup"),
  },
  [TYPES.databaseParameterGroup]: {
    create: (it) => [
      ...it.self("rds:CreateDBParameterGroup"),
      ...it.ask(it.own, ["rds:AddTagsToResource"], it.requested),
      ...only(it.has("parameters"), () => it.self("rds:ModifyDBParameterGroup")),
    ],
    read: (it) => [
      ...it.see("rds:DescribeDBParameterGroups", "rds:DescribeDBParameters"),
      ...it.self("rds:ListTagsForResource"),
    ],
    // What is taken out is put back to what the engine has by itself.
    update: (it) => [
      ...only(it.changes("parameters"), () => it.self("rds:ModifyDBParameterGroup", "rds:ResetDBParameterGroup")),
      ...rdsTags(it),
    ],
    delete: (it) => it.self("rds:DeleteDBParameterGroup"),
  },
  [TYPES.database]: {
    create: (it) => [
      ...[
        it.own,
        ...rds(it, "subgrp", "dbSubnetGroupName"),
        ...rds(it, "pg", "parameterGroupName"),
        options(it),
      ].flatMap((arn) => it.ask(arn, ["rds:CreateDBInstance"], it.requested)),
      ...it.ask(it.own, ["rds:AddTagsToResource"], it.requested),
      ...it.using("kmsKeyId", ...ENCRYPTING),
      ...only(it.is("manageMasterUserPassword"), () => [
        ...it.ask(masterSecret(it), ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]),
        ...it.using("masterUserSecretKmsKeyId", ...ENCRYPTING, ...SEALING),
      ]),
      ...it.passing("monitoringRoleArn", "monitoring.rds.amazonaws.com"),
      ...it.servedBy("rds.amazonaws.com"),
    ],
    read: (it) => [...it.see("rds:DescribeDBInstances"), ...it.self("rds:ListTagsForResource")],
    update: (it) => [
      ...only(it.changesBut("tags", "tagsAll"), () => [
        ...it.self("rds:ModifyDBInstance"),
        ...only(it.changes("parameterGroupName"), () =>
          rds(it, "pg", "parameterGroupName").flatMap((arn) => it.ask(arn, ["rds:ModifyDBInstance"])),
        ),
        ...only(it.changes("engineVersion"), () => it.ask(options(it), ["rds:ModifyDBInstance"])),
        ...only(it.changes("monitoringRoleArn"), () => it.passing("monitoringRoleArn", "monitoring.rds.amazonaws.com")),
        ...only(it.changes("masterUserSecretKmsKeyId"), () =>
          it.ask(masterSecret(it), ["secretsmanager:RotateSecret"]),
        ),
      ]),
      ...rdsTags(it),
    ],
    delete: (it) => [
      ...it.self("rds:DeleteDBInstance"),
      ...only(it.has("finalSnapshotIdentifier") && !it.is("skipFinalSnapshot"), () => [
        ...it.self("rds:CreateDBSnapshot"),
        ...it.ask(snapshot(it), ["rds:CreateDBSnapshot"]),
        ...only(it.is("copyTagsToSnapshot"), () => it.ask(snapshot(it), ["rds:AddTagsToResource"])),
      ]),
    ],
  },
  [TYPES.cacheSubnetGroup]: {
    create: (it) => [
      ...it.self("elasticache:CreateCacheSubnetGroup"),
      ...it.ask(it.own, ["elasticache:AddTagsToResource"], it.requested),
    ],
    read: (it) => [...it.see("elasticache:DescribeCacheSubnetGroups"), ...it.self("elasticache:ListTagsForResource")],
    update: (it) => [
      ...only(it.changes("description", "subnetIds"), () => it.self("elasticache:ModifyCacheSubnetGroup")),
      ...cacheTags(it),
    ],
    delete: (it) => it.self("elasticache:DeleteCacheSubnetGroup"),
  },
  [TYPES.replicationGroup]: {
    create: (it) => [
      ...[it.own, it.arn("elasticache", `subnetgroup:${it.text("subnetGroupName")}`), cacheParameters(it)].flatMap(
        (arn) => it.ask(arn, ["elasticache:CreateReplicationGroup"], it.requested),
      ),
      ...[it.own, nodes(it)].flatMap((arn) => it.ask(arn, ["elasticache:AddTagsToResource"], it.requested)),
      ...it.using("kmsKeyId", ...ENCRYPTING),
      ...it.servedBy("elasticache.amazonaws.com"),
    ],
    read: (it) => [
      ...it.see("elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters"),
      ...it.self("elasticache:ListTagsForResource"),
    ],
    update: (it) => [
      ...only(it.changes("numCacheClusters"), () =>
        it.self(it.grows("numCacheClusters") ? "elasticache:IncreaseReplicaCount" : "elasticache:DecreaseReplicaCount"),
      ),
      ...only(it.changesBut("tags", "tagsAll", "numCacheClusters", "authToken"), () =>
        it.self("elasticache:ModifyReplicationGroup"),
      ),
      ...cacheTags(it),
    ],
    delete: (it) => [
      ...it.self("elasticache:DeleteReplicationGroup"),
      ...only(it.has("finalSnapshotIdentifier"), () => [
        ...it.self("elasticache:CreateSnapshot"),
        ...it.ask(cacheSnapshot(it), ["elasticache:CreateSnapshot"]),
      ]),
    ],
  },
  [TYPES.secret]: {
    create: (it) => [
      ...it.ask(it.own, ["secretsmanager:CreateSecret", "secretsmanager:TagResource"], it.requested),
      ...it.using("kmsKeyId", ...SEALING),
    ],
    read: (it) => it.self("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"),
    update: (it) => [
      ...only(it.changes("description", "kmsKeyId"), () => [
        ...it.self("secretsmanager:UpdateSecret"),
        ...it.using("kmsKeyId", ...SEALING),
      ]),
      ...secretTags(it),
    ],
    delete: (it) => it.self("secretsmanager:DeleteSecret"),
  },
  [TYPES.secretVersion]: {
    create: (it) => [...secretOf(it, "secretsmanager:PutSecretValue"), ...sealed(it)],
    read: (it) => [...secretOf(it, "secretsmanager:GetSecretValue"), ...sealed(it)],
    update: (it) => secretOf(it, "secretsmanager:UpdateSecretVersionStage"),
    delete: (it) => secretOf(it, "secretsmanager:ListSecretVersionIds"),
  },
};
