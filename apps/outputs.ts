import * as pulumi from "@pulumi/pulumi";
import type { StackOutputs } from "../stacks/outputs.ts";
import type { Cutover } from "./cutover.ts";
import type { Gates } from "./gates.ts";
import type { Platform } from "./platform.ts";
import type { Promotion } from "./promotion.ts";

export interface OutputsArgs {
  readonly platform: Platform;
  readonly promotion: Promotion;
  readonly cutover: Cutover;
  readonly gates: Gates;
  readonly before: pulumi.StackReference;
}

/** The stack's outputs as `stacks/outputs.ts` promises them. */
export function stackOutputs(args: OutputsArgs): {
  readonly [Key in keyof StackOutputs]: pulumi.Input<StackOutputs[Key]>;
} {
  const { network, cluster, database, cache, edge } = args.platform;
  const { loadBalancer } = edge;
  return {
    network: network.inside,
    url: args.cutover.url,
    nameServers: edge.zone.nameServers,
    loadBalancer: pulumi.output({ arn: loadBalancer.arn, dnsName: loadBalancer.dnsName }),
    cluster: { name: cluster.name },
    kubeconfig: cluster.kubeconfig,
    database: pulumi.output({ host: database.host, port: database.port, name: database.databaseName }),
    cache: pulumi.output({ host: cache.host, port: cache.port }),
    promotion: args.promotion.record,
    gates: args.gates.evidence(args.promotion, args.before),
  };
}

/** The stack's own outputs as the last update left them: what was promoted, and on what evidence. */
export function previousOutputs(): pulumi.StackReference {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  return new pulumi.StackReference("previous-outputs", { name });
}
