import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Firewall } from "./firewall.ts";
import type { Keys } from "./keys.ts";
import { LoadBalancer, type LoadBalancerArgs } from "./load-balancer.ts";
import { Zone } from "./zone.ts";

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
