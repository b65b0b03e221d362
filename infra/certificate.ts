import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface CertificateArgs {
  readonly domain: string;
  readonly zoneId: pulumi.Input<string>;
}

/** A certificate for the domain, proven and renewed by its DNS record; resolves only once it is issued. */
export class Certificate extends pulumi.ComponentResource {
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
