import * as pulumi from "@pulumi/pulumi";
import { Certificate } from "./certificate.ts";
import { Firewall } from "./firewall.ts";
import type { Keys } from "./keys.ts";
import { LoadBalancer, type LoadBalancerArgs } from "./load-balancer.ts";
import { Zone } from "./zone.ts";

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
