import { ec2, type Grant, MARKED, OWN, on, pass, see, serviceLinked, stackRole, useOfKeys, when } from "./grants.ts";

const KEYS = ["arn:aws:kms:{region}:{account}:key/*", "arn:aws:kms:{global}:{account}:key/*"];
const ALIASES = ["{region}", "{global}"].map((region) => `arn:aws:kms:${region}:{account}:alias/sparki-{stack}-*`);
const rds = (kind: string) => `arn:aws:rds:{region}:{account}:${kind}`;
const DATABASE = [rds("db:sparki-{stack}-database")];
const SUBNETS = [rds("subgrp:sparki-{stack}-database")];
const PARAMETERS = [rds("pg:sparki-{stack}-database-*")];
const FINAL_SNAPSHOT = [rds("snapshot:sparki-{stack}-database-final")];
const RDS_TAGS = ["rds:AddTagsToResource", "rds:RemoveTagsFromResource", "rds:ListTagsForResource"] as const;
const elasticache = (kind: string) => `arn:aws:elasticache:{region}:{account}:${kind}`;
const GROUP = elasticache("replicationgroup:sparki-{stack}-cache");
const NODES = elasticache("cluster:sparki-{stack}-cache-*");
const CACHE_SUBNETS = elasticache("subnetgroup:sparki-{stack}-cache");
const CACHE_TAGS = [
  "elasticache:AddTagsToResource",
  "elasticache:RemoveTagsFromResource",
  "elasticache:ListTagsForResource",
] as const;
const secret = (path: string) => `arn:aws:secretsmanager:{region}:{account}:secret:${path}`;
const SECRETS = [secret("sparki/{stack}/*")];
const LOG_GROUPS = [
  "{region}:{account}:log-group:/sparki/{stack}/*",
  "{region}:{account}:log-group:/aws/eks/sparki-{stack}/*",
  "{region}:{account}:log-group:/aws/rds/instance/sparki-{stack}-database/*",
  "{region}:{account}:log-group:aws-waf-logs-sparki-{stack}",
  "{region}:{account}:log-group:aws-waf-logs-sparki-{stack}:*",
  "{global}:{account}:log-group:/aws/route53/{domain}",
  "{global}:{account}:log-group:/aws/route53/{domain}:*",
].map((rest) => `arn:aws:logs:${rest}`);

const ownKeys = useOfKeys(KEYS);

/** What each resource type that keeps something needs: keys, logs, database, cache and secrets. */
export const DATA: Readonly<Record<string, readonly Grant[]>> = {
  "aws:kms/key:Key": [
    when(MARKED, { actions: ["kms:CreateKey"], resources: ["*"] }),
    when(MARKED, on(KEYS, "kms:TagResource")),
    when(
      OWN,
      on(
        KEYS,
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:UpdateKeyDescription",
        "kms:EnableKey",
        "kms:EnableKeyRotation",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:ScheduleKeyDeletion",
      ),
    ),
  ],
  "aws:kms/alias:Alias": [
    see("kms:ListAliases"),
    on(ALIASES, "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"),
    when(OWN, on(KEYS, "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias")),
  ],
  "aws:cloudwatch/logGroup:LogGroup": [
    see("logs:DescribeLogGroups"),
    on(
      LOG_GROUPS,
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:PutRetentionPolicy",
      "logs:DeleteRetentionPolicy",
      "logs:AssociateKmsKey",
      "logs:DisassociateKmsKey",
      "logs:TagResource",
      "logs:UntagResource",
      "logs:ListTagsForResource",
    ),
  ],
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": [
    see("logs:PutResourcePolicy", "logs:DeleteResourcePolicy", "logs:DescribeResourcePolicies"),
  ],
  "aws:rds/instance:Instance": [
    see("rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "ec2:DescribeAccountAttributes"),
    on([...DATABASE, ...SUBNETS, ...PARAMETERS, rds("og:default:*")], "rds:CreateDBInstance", "rds:ModifyDBInstance"),
    on(DATABASE, ...RDS_TAGS),
    on([...DATABASE, ...FINAL_SNAPSHOT], "rds:DeleteDBInstance", "rds:CreateDBSnapshot"),
    on(FINAL_SNAPSHOT, "rds:AddTagsToResource"),
    // The master user's secret, which RDS makes in the name of who deploys.
    on(
      [secret("rds!db-*")],
      "secretsmanager:CreateSecret",
      "secretsmanager:TagResource",
      "secretsmanager:RotateSecret",
    ),
    ...ownKeys,
    pass(stackRole("database-monitoring"), "monitoring.rds.amazonaws.com", "rds.amazonaws.com"),
    serviceLinked("rds.amazonaws.com"),
  ],
  "aws:rds/subnetGroup:SubnetGroup": [
    see("rds:DescribeDBSubnetGroups"),
    on(SUBNETS, "rds:CreateDBSubnetGroup", "rds:ModifyDBSubnetGroup", "rds:DeleteDBSubnetGroup", ...RDS_TAGS),
  ],
  "aws:rds/parameterGroup:ParameterGroup": [
    see("rds:DescribeDBParameterGroups", "rds:DescribeDBParameters"),
    on(
      PARAMETERS,
      "rds:CreateDBParameterGroup",
      "rds:ModifyDBParameterGroup",
      "rds:ResetDBParameterGroup",
      "rds:DeleteDBParameterGroup",
      ...RDS_TAGS,
    ),
  ],
  "aws:elasticache/subnetGroup:SubnetGroup": [
    see("elasticache:DescribeCacheSubnetGroups"),
    on(
      [CACHE_SUBNETS],
      "elasticache:CreateCacheSubnetGroup",
      "elasticache:ModifyCacheSubnetGroup",
      "elasticache:DeleteCacheSubnetGroup",
      ...CACHE_TAGS,
    ),
  ],
  "aws:elasticache/replicationGroup:ReplicationGroup": [
    see("elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters"),
    on(
      [
        GROUP,
        NODES,
        CACHE_SUBNETS,
        elasticache("parametergroup:default.*"),
        elasticache("snapshot:sparki-{stack}-cache-final"),
      ],
      "elasticache:CreateReplicationGroup",
      "elasticache:ModifyReplicationGroup",
      "elasticache:DeleteReplicationGroup",
      "elasticache:CreateSnapshot",
      "elasticache:IncreaseReplicaCount",
      "elasticache:DecreaseReplicaCount",
      ...CACHE_TAGS,
    ),
    ...ownKeys,
    serviceLinked("elasticache.amazonaws.com"),
  ],
  "aws:secretsmanager/secret:Secret": [
    on(
      SECRETS,
      "secretsmanager:CreateSecret",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetResourcePolicy",
      "secretsmanager:UpdateSecret",
      "secretsmanager:DeleteSecret",
      "secretsmanager:TagResource",
      "secretsmanager:UntagResource",
    ),
    ...ownKeys,
  ],
  "aws:secretsmanager/secretVersion:SecretVersion": [
    on(
      SECRETS,
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:ListSecretVersionIds",
      "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecretVersionStage",
    ),
    ...ownKeys,
  ],
};

/** A drill makes its copies in the stack's own region. */
const REGIONAL_KEYS = ["arn:aws:kms:{region}:{account}:key/*"];
const SECURITY_GROUPS = ec2("security-group");
/** The mark of what a drill makes. */
const MARKED_BY_DRILL = { StringEquals: { "aws:RequestTag/sparki-drill": "{stack}" } };
const MADE_BY_DRILL = { StringEquals: { "aws:ResourceTag/sparki-drill": "{stack}" } };
const RESTORES = ["rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceToPointInTime"] as const;

/**
 * What a restore drill asks AWS for beside reading: copies under its own names, from the stack's own backups, and their
 * deletion. The live database and cache can be neither changed nor deleted by it.
 */
export const DRILL: readonly Grant[] = [
  on([rds("db:sparki-{stack}-drill-*")], ...RESTORES, "rds:AddTagsToResource", "rds:DeleteDBInstance"),
  // The upgrade of a copy: its own parameters, and what pg_upgrade wrote on it; to describe is everyone's who reads.
  on([rds("db:sparki-{stack}-drill-*"), rds("pg:sparki-{stack}-drill-*")], "rds:ModifyDBInstance"),
  on([rds("db:sparki-{stack}-drill-*")], "rds:DownloadDBLogFilePortion"),
  on(
    [rds("pg:sparki-{stack}-drill-*")],
    "rds:CreateDBParameterGroup",
    "rds:AddTagsToResource",
    "rds:DeleteDBParameterGroup",
  ),
  on(
    [
      ...["snapshot:rds:sparki-{stack}-database-*", "snapshot:sparki-{stack}-database-*", "db:sparki-{stack}-database"],
      ...["auto-backup:*", "og:default:*", "pg:sparki-{stack}-database-*", "subgrp:sparki-{stack}-database"],
    ].map(rds),
    ...RESTORES,
  ),
  on(
    ["replicationgroup:sparki-{stack}-cache-drill-*", "cluster:sparki-{stack}-cache-drill-*"].map(elasticache),
    "elasticache:CreateReplicationGroup",
    "elasticache:AddTagsToResource",
    "elasticache:DeleteReplicationGroup",
  ),
  on(
    [
      ...["snapshot:automatic.sparki-{stack}-cache-*", "snapshot:sparki-{stack}-cache-*"],
      ...["subnetgroup:sparki-{stack}-cache", "parametergroup:*"],
    ].map(elasticache),
    "elasticache:CreateReplicationGroup",
  ),
  when(MARKED_BY_DRILL, on(SECURITY_GROUPS, "ec2:CreateSecurityGroup")),
  when(OWN, on(ec2("vpc"), "ec2:CreateSecurityGroup")),
  when({ StringEquals: { "ec2:CreateAction": "CreateSecurityGroup" } }, on(SECURITY_GROUPS, "ec2:CreateTags")),
  when(
    MADE_BY_DRILL,
    on(
      SECURITY_GROUPS,
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:DeleteSecurityGroup",
    ),
  ),
  ...useOfKeys(REGIONAL_KEYS),
];
