import { TYPES } from "../types.ts";
import { type About, type CallTable, only, type TypeCalls } from "./about.ts";

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

const elbTags = (it: About) => it.tagging("elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags");
const zone = (it: About, path: string, ...actions: readonly string[]) => it.to([TYPES.zone], path, ...actions);
/** Route 53 tells later whether all of its servers have a change. */
const settled = (it: About) => it.ask("arn:aws:route53:::change/*", ["route53:GetChange"]);
const managedRules = (it: About) => it.arn("wafv2", "regional/managedruleset/*/*");
const firewall = (it: About, path: string, ...actions: readonly string[]) => it.to([TYPES.webAcl], path, ...actions);
const balancer = (it: About, path: string, ...actions: readonly string[]) =>
  it.to([TYPES.loadBalancer], path, ...actions);

/** The names that a change of records is about, as Route 53 normalizes them. */
const changing = (it: About) => {
  const within = it.behind([TYPES.zone], "zoneId").text("name").replace(/\.$/, "");
  const own = it.text("name").replace(/\.$/, "").toLowerCase();
  const whole = own === within || own.endsWith(`.${within}`) ? own : `${own}.${within}`;
  const names = { "route53:ChangeResourceRecordSetsNormalizedRecordNames": [whole] };
  return [
    ...it.ask(it.behind([TYPES.zone], "zoneId").own, ["route53:ChangeResourceRecordSets"], names),
    ...zone(it, "zoneId", "route53:GetHostedZone"),
    ...settled(it),
  ];
};

const recordCalls: TypeCalls = {
  create: changing,
  read: (it) => zone(it, "zoneId", "route53:GetHostedZone", "route53:ListResourceRecordSets"),
  update: changing,
  delete: changing,
};

/** A part of a bucket's settings, which the provider keeps apart from the bucket. */
const bucketPart = (setting: string, taken?: string): TypeCalls => ({
  create: (it) => it.to([TYPES.bucket], "bucket", `s3:Put${setting}`),
  read: (it) => it.to([TYPES.bucket], "bucket", `s3:Get${setting}`),
  update: (it) => it.to([TYPES.bucket], "bucket", `s3:Put${setting}`),
  delete: (it) => it.to([TYPES.bucket], "bucket", taken ?? `s3:Put${setting}`),
});

/** What the provider reads of each bucket, whatever the program sets. */
const BUCKET_READS = [
  ...["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketWebsite"],
  ...["s3:GetBucketLogging", "s3:GetBucketVersioning", "s3:GetBucketPolicy", "s3:GetBucketRequestPayment"],
  ...["s3:GetBucketObjectLockConfiguration", "s3:GetAccelerateConfiguration", "s3:GetEncryptionConfiguration"],
  ...[
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListTagsForResource",
    "s3:GetBucketTagging",
  ],
];

/** What the AWS provider asks load balancing, ACM, WAF, Route 53 and S3 for. */
export const EDGE_CALLS: CallTable = {
  [TYPES.loadBalancer]: {
    create: (it) => [
      ...it.self("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:ModifyLoadBalancerAttributes"),
      ...it.ask(it.own, ["elasticloadbalancing:AddTags"], it.requested),
      ...it.servedBy("elasticloadbalancing.amazonaws.com"),
    ],
    read: (it) =>
      it.see(
        ...["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes"],
        ...["elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeTags"],
      ),
    update: (it) => [
      ...only(it.changes("securityGroups"), () => it.self("elasticloadbalancing:SetSecurityGroups")),
      ...only(it.changes("subnets"), () => it.self("elasticloadbalancing:SetSubnets")),
      ...only(it.changes("ipAddressType"), () => it.self("elasticloadbalancing:SetIpAddressType")),
      ...only(it.changesBut("tags", "tagsAll", "securityGroups", "subnets", "ipAddressType"), () =>
        it.self("elasticloadbalancing:ModifyLoadBalancerAttributes"),
      ),
      ...elbTags(it),
    ],
    delete: (it) => it.self("elasticloadbalancing:DeleteLoadBalancer"),
  },
  [TYPES.targetGroup]: {
    create: (it) => [
      ...it.self("elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes"),
      ...it.ask(it.own, ["elasticloadbalancing:AddTags"], it.requested),
    ],
    read: (it) =>
      it.see(
        ...["elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes"],
        "elasticloadbalancing:DescribeTags",
      ),
    update: (it) => [
      ...only(it.changes("healthCheck"), () => it.self("elasticloadbalancing:ModifyTargetGroup")),
      ...only(it.changesBut("tags", "tagsAll", "healthCheck"), () =>
        it.self("elasticloadbalancing:ModifyTargetGroupAttributes"),
      ),
      ...elbTags(it),
    ],
    delete: (it) => it.self("elasticloadbalancing:DeleteTargetGroup"),
  },
  [TYPES.listener]: {
    create: (it) => [
      ...balancer(it, "loadBalancerArn", "elasticloadbalancing:CreateListener"),
      ...it.ask(it.own, ["elasticloadbalancing:AddTags"], it.requested),
    ],
    read: (it) =>
      it.see(
        ...["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes"],
        "elasticloadbalancing:DescribeTags",
      ),
    update: (it) => [
      ...only(it.changes("certificateArn", "defaultActions", "port", "protocol", "sslPolicy"), () =>
        it.self("elasticloadbalancing:ModifyListener"),
      ),
      ...only(it.changes("tcpIdleTimeoutSeconds", "routingHttpResponseServerEnabled"), () =>
        it.self("elasticloadbalancing:ModifyListenerAttributes"),
      ),
      ...elbTags(it),
    ],
    delete: (it) => it.self("elasticloadbalancing:DeleteListener"),
  },
  [TYPES.listenerRule]: {
    create: (it) => [
      ...it.to([TYPES.listener], "listenerArn", "elasticloadbalancing:CreateRule"),
      ...it.ask(it.own, ["elasticloadbalancing:AddTags"], it.requested),
    ],
    read: (it) => it.see("elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags"),
    update: (it) => [
      ...only(it.changes("priority"), () => it.self("elasticloadbalancing:SetRulePriorities")),
      ...only(it.changes("actions", "conditions"), () => it.self("elasticloadbalancing:ModifyRule")),
      ...elbTags(it),
    ],
    delete: (it) => it.self("elasticloadbalancing:DeleteRule"),
  },
  [TYPES.certificate]: {
    create: (it) => [
      ...it.ask("*", ["acm:RequestCertificate"], it.requested),
      ...it.ask(it.own, ["acm:AddTagsToCertificate"], it.requested),
    ],
    read: (it) => it.self("acm:DescribeCertificate", "acm:ListTagsForCertificate"),
    update: (it) => [
      ...only(it.changes("options"), () => it.self("acm:UpdateCertificateOptions")),
      ...it.tagging("acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"),
    ],
    delete: (it) => it.self("acm:DescribeCertificate", "acm:DeleteCertificate"),
  },
  [TYPES.certificateValidation]: {
    create: (it) => it.to([TYPES.certificate], "certificateArn", "acm:DescribeCertificate"),
    read: (it) => it.to([TYPES.certificate], "certificateArn", "acm:DescribeCertificate"),
    delete: () => [],
  },
  [TYPES.webAcl]: {
    create: (it) => [
      ...[it.own, managedRules(it)].flatMap((arn) => it.ask(arn, ["wafv2:CreateWebACL"], it.requested)),
      ...it.ask(it.own, ["wafv2:TagResource"], it.requested),
    ],
    read: (it) => it.self("wafv2:GetWebACL", "wafv2:ListTagsForResource"),
    update: (it) => [
      ...only(it.changes("defaultAction", "description", "rules", "visibilityConfig"), () => [
        ...it.self("wafv2:UpdateWebACL"),
        ...it.ask(managedRules(it), ["wafv2:UpdateWebACL"]),
      ]),
      ...it.tagging("wafv2:TagResource", "wafv2:UntagResource"),
    ],
    delete: (it) => it.self("wafv2:DeleteWebACL"),
  },
  [TYPES.webAclAssociation]: {
    create: (it) => [
      ...firewall(it, "webAclArn", "wafv2:AssociateWebACL"),
      ...balancer(it, "resourceArn", "wafv2:AssociateWebACL"),
      ...it.see("elasticloadbalancing:SetWebAcl"),
    ],
    read: (it) => [
      ...balancer(it, "resourceArn", "wafv2:GetWebACLForResource"),
      ...firewall(it, "webAclArn", "wafv2:GetWebACLForResource", "wafv2:GetWebACL"),
    ],
    delete: (it) => [
      ...balancer(it, "resourceArn", "wafv2:DisassociateWebACL"),
      ...it.see("elasticloadbalancing:SetWebAcl"),
    ],
  },
  [TYPES.webAclLogging]: {
    create: (it) => [
      ...firewall(it, "resourceArn", "wafv2:PutLoggingConfiguration"),
      ...it.see("logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies"),
      ...it.see("logs:DescribeLogGroups"),
      ...it.servedBy("wafv2.amazonaws.com"),
    ],
    read: (it) => firewall(it, "resourceArn", "wafv2:GetLoggingConfiguration"),
    update: (it) => firewall(it, "resourceArn", "wafv2:PutLoggingConfiguration"),
    delete: (it) => [
      ...firewall(it, "resourceArn", "wafv2:DeleteLoggingConfiguration"),
      ...it.see("logs:DeleteLogDelivery"),
    ],
  },
  [TYPES.zone]: {
    create: (it) => [
      ...it.ask("*", ["route53:CreateHostedZone"]),
      ...it.self("route53:ChangeTagsForResource"),
      ...settled(it),
    ],
    read: (it) => it.self("route53:GetHostedZone", "route53:ListTagsForResource"),
    update: (it) => [
      ...only(it.changes("comment"), () => it.self("route53:UpdateHostedZoneComment")),
      ...it.tagging("route53:ChangeTagsForResource", "route53:ChangeTagsForResource"),
    ],
    // The provider turns off what signs the zone, where something does.
    delete: (it) => it.self("route53:GetDNSSEC", "route53:DeleteHostedZone"),
  },
  [TYPES.record]: recordCalls,
  [TYPES.queryLog]: {
    create: (it) => zone(it, "zoneId", "route53:CreateQueryLoggingConfig"),
    read: (it) => it.self("route53:GetQueryLoggingConfig"),
    delete: (it) => it.self("route53:DeleteQueryLoggingConfig"),
  },
  [TYPES.keySigningKey]: {
    create: (it) => [
      ...zone(it, "hostedZoneId", "route53:CreateKeySigningKey"),
      ...it.using("keyManagementServiceArn", "kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:CreateGrant"),
      ...settled(it),
    ],
    read: (it) => zone(it, "hostedZoneId", "route53:GetDNSSEC"),
    update: (it) => [
      ...zone(
        it,
        "hostedZoneId",
        it.text("status") === "INACTIVE" ? "route53:DeactivateKeySigningKey" : "route53:ActivateKeySigningKey",
      ),
      ...settled(it),
    ],
    delete: (it) => [
      ...zone(it, "hostedZoneId", "route53:DeactivateKeySigningKey", "route53:DeleteKeySigningKey"),
      ...settled(it),
    ],
  },
  [TYPES.hostedZoneDnsSec]: {
    create: (it) => [...zone(it, "hostedZoneId", "route53:EnableHostedZoneDNSSEC"), ...settled(it)],
    read: (it) => zone(it, "hostedZoneId", "route53:GetDNSSEC"),
    delete: (it) => [...zone(it, "hostedZoneId", "route53:DisableHostedZoneDNSSEC"), ...settled(it)],
  },
  [TYPES.bucket]: {
    create: (it) => it.ask(it.own, ["s3:CreateBucket", "s3:TagResource", "s3:PutBucketTagging"]),
    read: (it) => it.self(...BUCKET_READS),
    update: (it) => it.tagging("s3:TagResource", "s3:UntagResource"),
    delete: (it) => [
      ...it.self("s3:DeleteBucket"),
      ...only(it.is("forceDestroy"), () => [
        ...it.self("s3:ListBucketVersions"),
        ...it.ask(`${it.own}/*`, ["s3:DeleteObject", "s3:DeleteObjectVersion"]),
      ]),
    ],
  },
  [TYPES.bucketPolicy]: bucketPart("BucketPolicy", "s3:DeleteBucketPolicy"),
  [TYPES.bucketPublicAccessBlock]: bucketPart("BucketPublicAccessBlock"),
  [TYPES.bucketEncryption]: bucketPart("EncryptionConfiguration"),
  [TYPES.bucketVersioning]: bucketPart("BucketVersioning"),
  [TYPES.bucketLifecycle]: bucketPart("LifecycleConfiguration"),
};
