import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ROUTE53_REGION } from "../stacks/schema.ts";
import { type Keys, keyPolicy } from "./keys.ts";
import { LoadBalancer, type LoadBalancerArgs } from "./load-balancer.ts";
import { createLogGroup } from "./log-group.ts";
import type { Condition } from "./roles.ts";

interface ZoneArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly domain: string;
  /** Of the region that Route 53 logs in. */
  readonly logKeyArn: pulumi.Input<string>;
  readonly protect: boolean;
}

/** The domain's hosted zone, signed and with its queries logged; the parent zone delegates to its name servers. */
class Zone extends pulumi.ComponentResource {
  readonly zoneId: pulumi.Output<string>;
  readonly nameServers: pulumi.Output<string[]>;

  constructor(name: string, args: ZoneArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Zone", name, {}, options);
    const zone = new aws.route53.Zone(
      `${name}-zone`,
      { name: args.domain, comment: `Sparki ${args.stack}` },
      { parent: this, protect: args.protect },
    );
    createQueryLog(this, name, zone, args);
    createSigning(this, name, zone, args);

    this.zoneId = zone.zoneId;
    this.nameServers = zone.nameServers;
    this.registerOutputs();
  }
}

/** What Route 53 wants in a region of its own; nothing where that is the stack's. */
function inItsRegion({ region }: ZoneArgs): { readonly region?: string } {
  return region === ROUTE53_REGION ? {} : { region: ROUTE53_REGION };
}

function createQueryLog(parent: Zone, name: string, zone: aws.route53.Zone, args: ZoneArgs): void {
  const logGroup = createLogGroup(parent, `${name}-queries`, {
    name: `/aws/route53/${args.domain}`,
    logKeyArn: args.logKeyArn,
    ...inItsRegion(args),
  });
  const policy = new aws.cloudwatch.LogResourcePolicy(
    `${name}-query-delivery`,
    {
      ...inItsRegion(args),
      policyName: `sparki-${args.stack}-route53-query-logs`,
      policyDocument: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "route53.amazonaws.com" },
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: pulumi.interpolate`${logGroup.arn}:*`,
            Condition: ofOwnZones(args.accountId),
          },
        ],
      }),
    },
    { parent },
  );
  new aws.route53.QueryLog(
    `${name}-query-log`,
    { zoneId: zone.zoneId, cloudwatchLogGroupArn: logGroup.arn },
    { parent, dependsOn: [policy] },
  );
}

/** Route 53 signs with an asymmetric P-256 key of us-east-1 only (AWS limit). */
function createSigning(parent: Zone, name: string, zone: aws.route53.Zone, args: ZoneArgs): void {
  const key = new aws.kms.Key(
    `${name}-dnssec`,
    {
      ...inItsRegion(args),
      description: `Sparki ${args.stack}: DNSSEC signing of ${args.domain}`,
      customerMasterKeySpec: "ECC_NIST_P256",
      keyUsage: "SIGN_VERIFY",
      deletionWindowInDays: 30,
      policy: keyPolicy(args.accountId, signingStatements(args.accountId)),
    },
    { parent, protect: args.protect },
  );
  const signingKey = new aws.route53.KeySigningKey(
    `${name}-ksk`,
    // Letters, digits and underscores only (CreateKeySigningKey).
    { name: `sparki_${args.stack.replaceAll("-", "_")}`, hostedZoneId: zone.zoneId, keyManagementServiceArn: key.arn },
    { parent },
  );
  new aws.route53.HostedZoneDnsSec(
    `${name}-signed`,
    { hostedZoneId: signingKey.hostedZoneId },
    { parent, dependsOn: [signingKey] },
  );
}

function signingStatements(accountId: string): Record<string, unknown>[] {
  const principal = { Service: "dnssec-route53.amazonaws.com" };
  return [
    {
      Sid: "Route53Signs",
      Effect: "Allow",
      Principal: principal,
      Action: ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
      Resource: "*",
      Condition: ofOwnZones(accountId),
    },
    {
      Sid: "Route53Grants",
      Effect: "Allow",
      Principal: principal,
      Action: "kms:CreateGrant",
      Resource: "*",
      // Asked for on behalf of an AWS resource, and without the account: Route 53's own example has no other condition here.
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

/** Hosted zones have no account in their ARN. */
function ofOwnZones(accountId: string): Condition {
  return {
    StringEquals: { "aws:SourceAccount": accountId },
    ArnLike: { "aws:SourceArn": "arn:aws:route53:::hostedzone/*" },
  };
}

interface FirewallArgs {
  readonly stack: string;
  readonly loadBalancerArn: pulumi.Input<string>;
  readonly logKeyArn: pulumi.Input<string>;
}

const MANAGED_RULES = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesCommonRuleSet",
  "AWSManagedRulesKnownBadInputsRuleSet",
  "AWSManagedRulesSQLiRuleSet",
] as const;

/** Where clients send documents: projects' files are larger than the 8 KB that AWS's common rules let through. */
const API_PATH = "/api/";
const COMMON_RULES = "AWSManagedRulesCommonRuleSet";
const LARGE_BODY_RULE = "SizeRestrictions_BODY";
/** What the common rules mark a request with whose body is over 8 KB, where that rule only counts. */
const LARGE_BODY_LABEL = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body";

/** Requests a client may send in 5 minutes: above what gates send (60 a second to each of two tracks, TRACKS_AT_ONCE, make 36,000). */
export const REQUESTS_PER_CLIENT = 40_000;

/** A web firewall in front of the load balancer: AWS's managed rules and a limit a client, logged. */
export class Firewall extends pulumi.ComponentResource {
  constructor(name: string, args: FirewallArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Firewall", name, {}, options);
    const acl = new aws.wafv2.WebAcl(
      `${name}-acl`,
      {
        name: `sparki-${args.stack}`,
        description: "Public entrance of Sparki",
        scope: "REGIONAL",
        defaultAction: { allow: {} },
        rules: [rateRule(), ...MANAGED_RULES.map(managedRule), largeBodyRule(MANAGED_RULES.length + 1)],
        visibilityConfig: visibility(`sparki-${args.stack}`),
      },
      { parent: this },
    );
    new aws.wafv2.WebAclAssociation(
      `${name}-association`,
      { resourceArn: args.loadBalancerArn, webAclArn: acl.arn },
      { parent: this },
    );
    // The name must start with aws-waf-logs- (AWS limit).
    const logGroup = createLogGroup(this, `${name}-logs`, {
      name: `aws-waf-logs-sparki-${args.stack}`,
      logKeyArn: args.logKeyArn,
    });
    new aws.wafv2.WebAclLoggingConfiguration(
      `${name}-logging`,
      {
        resourceArn: acl.arn,
        logDestinationConfigs: [logGroup.arn],
        redactedFields: [{ singleHeader: { name: "authorization" } }, { singleHeader: { name: "cookie" } }],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

function visibility(metricName: string) {
  return { cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName };
}

function managedRule(name: string, index: number) {
  const counted = { name: LARGE_BODY_RULE, actionToUse: { count: {} } };
  const overrides = name === COMMON_RULES ? { ruleActionOverrides: [counted] } : {};
  return {
    name,
    priority: index + 1,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name, ...overrides } },
    visibilityConfig: visibility(name),
  };
}

function rateRule() {
  return {
    name: "rate-per-client",
    priority: 0,
    action: { block: {} },
    statement: { rateBasedStatement: { limit: REQUESTS_PER_CLIENT, aggregateKeyType: "IP" } },
    visibilityConfig: visibility("rate-per-client"),
  };
}

/** Refuses a large body as the common rules would, but on the API's paths; it stands after the rule that marks them. */
function largeBodyRule(priority: number) {
  const isLarge = { labelMatchStatement: { scope: "LABEL", key: LARGE_BODY_LABEL } };
  const isApi = {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: "STARTS_WITH",
      searchString: API_PATH,
      textTransformations: [{ priority: 0, type: "NORMALIZE_PATH" }],
    },
  };
  return {
    name: "large-body-beside-api",
    priority,
    action: { block: {} },
    statement: { andStatement: { statements: [isLarge, { notStatement: { statement: isApi } }] } },
    visibilityConfig: visibility("large-body-beside-api"),
  };
}

interface CertificateArgs {
  readonly domain: string;
  readonly zoneId: pulumi.Input<string>;
}

/** A certificate for the domain, proven and renewed by its DNS record; resolves only once it is issued. */
class Certificate extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Certificate", name, {}, options);
    const certificate = new aws.acm.Certificate(
      `${name}-certificate`,
      { domainName: args.domain, validationMethod: "DNS", keyAlgorithm: "EC_prime256v1" },
      { parent: this },
    );
    const proof = certificate.domainValidationOptions.apply((options) => {
      const first = options[0];
      if (first === undefined) throw new Error(`ACM gave no validation record for ${args.domain}; expected one`);
      return first;
    });
    const record = new aws.route53.Record(
      `${name}-proof`,
      {
        zoneId: args.zoneId,
        name: proof.resourceRecordName,
        type: proof.resourceRecordType,
        records: [proof.resourceRecordValue],
        ttl: 300,
      },
      { parent: this },
    );
    const validation = new aws.acm.CertificateValidation(
      `${name}-issued`,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      { parent: this },
    );

    this.arn = validation.certificateArn;
    this.registerOutputs();
  }
}

export interface EdgeArgs extends Omit<LoadBalancerArgs, "certificateArn"> {
  readonly domain: string;
  readonly keys: Keys;
}

/** How the world reaches Sparki: zone, certificate, load balancer and firewall; no name points here before the cutover. */
export class Edge extends pulumi.ComponentResource {
  readonly zone: Zone;
  readonly loadBalancer: LoadBalancer;
  readonly certificateArn: pulumi.Output<string>;

  constructor(name: string, args: EdgeArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Edge", name, {}, options);
    const { stack, domain } = args;
    const zone = { stack, accountId: args.accountId, region: args.region, domain, protect: args.protect };
    const inside = { parent: this };
    this.zone = new Zone(`${name}-dns`, { ...zone, logKeyArn: args.keys.globalLogs.arn }, inside);
    const certificate = new Certificate(`${name}-tls`, { domain, zoneId: this.zone.zoneId }, inside);
    this.certificateArn = certificate.arn;
    this.loadBalancer = new LoadBalancer(`${name}-lb`, { ...args, certificateArn: certificate.arn }, inside);
    const guarded = { stack, loadBalancerArn: this.loadBalancer.arn, logKeyArn: args.keys.logs.arn };
    new Firewall(`${name}-waf`, guarded, inside);
    this.registerOutputs();
  }
}
