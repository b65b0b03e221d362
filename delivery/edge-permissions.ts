import { type Grant, MARKED, OWN, on, see, serviceLinked, when } from "./grants.ts";

const elb = (kind: string) => `arn:aws:elasticloadbalancing:{region}:{account}:${kind}`;
const BALANCER = elb("loadbalancer/app/sparki-{stack}/*");
const TARGETS = elb("targetgroup/sparki-{stack}-*/*");
const LISTENERS = elb("listener/app/sparki-{stack}/*/*");
const RULES = elb("listener-rule/app/sparki-{stack}/*/*/*");
const ELB_TAGS = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"] as const;
const CERTIFICATES = ["arn:aws:acm:{region}:{account}:certificate/*"];
const waf = (kind: string) => `arn:aws:wafv2:{region}:{account}:regional/${kind}`;
const FIREWALL = waf("webacl/sparki-{stack}/*");
const ZONES = ["arn:aws:route53:::hostedzone/*"];
const BUCKET = ["arn:aws:s3:::sparki-{stack}-access-logs-{account}"];
const DNSSEC_KEYS = ["arn:aws:kms:{global}:{account}:key/*"];
const global = (...actions: readonly string[]): Grant => ({ actions, resources: ["*"] });

/** Names of the domain, and of nothing else that the account has. */
const OF_THE_DOMAIN = {
  "ForAllValues:StringLike": {
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["{domain}", "*.{domain}"],
  },
};

const bucket = (...actions: readonly string[]) => [on(BUCKET, "s3:ListBucket", ...actions)];

/** What each resource type of the public entrance needs: load balancer, certificate, firewall, names and access logs. */
export const EDGE: Readonly<Record<string, readonly Grant[]>> = {
  "aws:lb/loadBalancer:LoadBalancer": [
    see(
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeCapacityReservation",
      "elasticloadbalancing:DescribeTags",
    ),
    on(
      [BALANCER],
      "elasticloadbalancing:CreateLoadBalancer",
      "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:SetSecurityGroups",
      "elasticloadbalancing:SetSubnets",
      "elasticloadbalancing:SetIpAddressType",
      "elasticloadbalancing:DeleteLoadBalancer",
      ...ELB_TAGS,
    ),
    serviceLinked("elasticloadbalancing.amazonaws.com"),
  ],
  "aws:lb/targetGroup:TargetGroup": [
    see(
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      "elasticloadbalancing:DescribeTags",
    ),
    on(
      [TARGETS],
      "elasticloadbalancing:CreateTargetGroup",
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:DeleteTargetGroup",
      ...ELB_TAGS,
    ),
  ],
  "aws:lb/listener:Listener": [
    see("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes"),
    on([BALANCER], "elasticloadbalancing:CreateListener"),
    on(
      [LISTENERS],
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes",
      "elasticloadbalancing:DeleteListener",
      ...ELB_TAGS,
    ),
  ],
  "aws:lb/listenerRule:ListenerRule": [
    see("elasticloadbalancing:DescribeRules"),
    on([LISTENERS], "elasticloadbalancing:CreateRule"),
    on(
      [RULES],
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:SetRulePriorities",
      "elasticloadbalancing:DeleteRule",
      ...ELB_TAGS,
    ),
  ],
  "aws:acm/certificate:Certificate": [
    when(MARKED, { actions: ["acm:RequestCertificate"], resources: ["*"] }),
    when(MARKED, on(CERTIFICATES, "acm:AddTagsToCertificate")),
    on(CERTIFICATES, "acm:DescribeCertificate", "acm:ListTagsForCertificate"),
    when(
      OWN,
      on(
        CERTIFICATES,
        "acm:UpdateCertificateOptions",
        "acm:AddTagsToCertificate",
        "acm:RemoveTagsFromCertificate",
        "acm:DeleteCertificate",
      ),
    ),
  ],
  "aws:acm/certificateValidation:CertificateValidation": [on(CERTIFICATES, "acm:DescribeCertificate")],
  "aws:wafv2/webAcl:WebAcl": [
    on([FIREWALL, waf("managedruleset/*/*")], "wafv2:CreateWebACL", "wafv2:UpdateWebACL"),
    on(
      [FIREWALL],
      "wafv2:GetWebACL",
      "wafv2:DeleteWebACL",
      "wafv2:TagResource",
      "wafv2:UntagResource",
      "wafv2:ListTagsForResource",
    ),
  ],
  "aws:wafv2/webAclAssociation:WebAclAssociation": [
    on([FIREWALL, BALANCER], "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource"),
    on([FIREWALL], "wafv2:GetWebACL"),
    see(
      "elasticloadbalancing:SetWebAcl",
      "elasticloadbalancing:CreateWebACLAssociation",
      "elasticloadbalancing:DeleteWebACLAssociation",
      "elasticloadbalancing:DescribeWebACLAssociation",
      "elasticloadbalancing:GetLoadBalancerWebACL",
    ),
  ],
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": [
    on(
      [FIREWALL],
      "wafv2:PutLoggingConfiguration",
      "wafv2:GetLoggingConfiguration",
      "wafv2:DeleteLoggingConfiguration",
    ),
    see(
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:PutResourcePolicy",
      "logs:DescribeResourcePolicies",
      "logs:DescribeLogGroups",
    ),
    serviceLinked("wafv2.amazonaws.com"),
  ],
  "aws:route53/zone:Zone": [
    global("route53:CreateHostedZone", "route53:ListHostedZones", "route53:ListHostedZonesByName"),
    on(
      ZONES,
      "route53:GetHostedZone",
      "route53:UpdateHostedZoneComment",
      "route53:DeleteHostedZone",
      "route53:ListResourceRecordSets",
      "route53:ChangeTagsForResource",
      "route53:ListTagsForResource",
      "route53:GetDNSSEC",
    ),
    on(["arn:aws:route53:::change/*"], "route53:GetChange"),
  ],
  "aws:route53/record:Record": [
    when(OF_THE_DOMAIN, on(ZONES, "route53:ChangeResourceRecordSets")),
    on(ZONES, "route53:GetHostedZone", "route53:ListResourceRecordSets"),
    on(["arn:aws:route53:::change/*"], "route53:GetChange"),
  ],
  "aws:route53/queryLog:QueryLog": [
    // The list is for what an interrupted update left: docs/recovery.md.
    on(ZONES, "route53:CreateQueryLoggingConfig", "route53:ListQueryLoggingConfigs"),
    on(["arn:aws:route53:::queryloggingconfig/*"], "route53:GetQueryLoggingConfig", "route53:DeleteQueryLoggingConfig"),
  ],
  "aws:route53/keySigningKey:KeySigningKey": [
    on(
      ZONES,
      "route53:CreateKeySigningKey",
      "route53:ActivateKeySigningKey",
      "route53:DeactivateKeySigningKey",
      "route53:DeleteKeySigningKey",
      "route53:GetDNSSEC",
    ),
    when(OWN, on(DNSSEC_KEYS, "kms:DescribeKey", "kms:GetPublicKey", "kms:Sign")),
    when({ ...OWN, Bool: { "kms:GrantIsForAWSResource": "true" } }, on(DNSSEC_KEYS, "kms:CreateGrant")),
    on(["arn:aws:route53:::change/*"], "route53:GetChange"),
  ],
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": [
    on(ZONES, "route53:EnableHostedZoneDNSSEC", "route53:DisableHostedZoneDNSSEC", "route53:GetDNSSEC"),
    on(["arn:aws:route53:::change/*"], "route53:GetChange"),
  ],
  "aws:s3/bucket:Bucket": [
    ...bucket(
      "s3:CreateBucket",
      "s3:DeleteBucket",
      "s3:ListBucketVersions",
      "s3:GetBucketLocation",
      "s3:GetBucketAcl",
      "s3:GetBucketCORS",
      "s3:GetBucketWebsite",
      "s3:GetBucketLogging",
      "s3:GetBucketVersioning",
      "s3:GetBucketPolicy",
      "s3:GetBucketRequestPayment",
      "s3:GetBucketObjectLockConfiguration",
      "s3:GetAccelerateConfiguration",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:GetBucketTagging",
      "s3:PutBucketTagging",
      "s3:ListTagsForResource",
      "s3:TagResource",
      "s3:UntagResource",
    ),
    // Of a stack without protection, whose bucket goes with what is in it.
    on(
      BUCKET.map((arn) => `${arn}/*`),
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
    ),
  ],
  "aws:s3/bucketPolicy:BucketPolicy": bucket("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucket(
    "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
  ),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucket(
    "s3:GetEncryptionConfiguration",
    "s3:PutEncryptionConfiguration",
  ),
  "aws:s3/bucketVersioning:BucketVersioning": bucket("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucket(
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
  ),
};
