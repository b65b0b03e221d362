import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Firewall } from "./firewall.ts";
import { GLOBAL_REGION, isGlobalRegion, type Keys, keyPolicy } from "./keys.ts";
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
  return isGlobalRegion(region) ? {} : { region: GLOBAL_REGION };
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
