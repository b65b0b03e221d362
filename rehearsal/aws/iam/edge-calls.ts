import { TYPES } from "../types.ts";
import { type About, type CallTable, only, type TypeCalls } from "./about.ts";

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
