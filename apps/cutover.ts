import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Edge } from "../infra/edge.ts";
import type { Promotion } from "./promotion.ts";

export interface CutoverArgs {
  readonly stack: string;
  readonly domain: string;
  readonly edge: Edge;
  /** The domain answers with the new stack only once a release was promoted. */
  readonly promotion: Promotion;
  /** Runs before the record changes: no name points to an entrance that does not serve. */
  readonly gate: pulumi.ResourceHook;
}

/** Points the domain at the load balancer, as a weighted record, so that an older answer can stand beside it. */
export class Cutover extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: CutoverArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Cutover", name, {}, options);
    const { loadBalancer, zone } = args.edge;
    const record = new aws.route53.Record(
      `${name}-record`,
      {
        zoneId: zone.zoneId,
        name: args.domain,
        type: "A",
        setIdentifier: `sparki-${args.stack}`,
        weightedRoutingPolicies: [{ weight: 100 }],
        aliases: [
          {
            name: loadBalancer.dnsName,
            zoneId: loadBalancer.canonicalZoneId,
            evaluateTargetHealth: true,
          },
        ],
      },
      { parent: this, dependsOn: [args.promotion], hooks: { beforeCreate: [args.gate], beforeUpdate: [args.gate] } },
    );
    this.url = pulumi.interpolate`https://${record.fqdn}`;
    this.registerOutputs();
  }
}
