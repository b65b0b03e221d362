import type * as pulumi from "@pulumi/pulumi";
import { DEREGISTRATION_DELAY_SECONDS } from "../infra/load-balancer.ts";
import type { Place } from "./namespaces.ts";
import type { Platform } from "./platform.ts";
import { Workload } from "./workload.ts";

export interface WebArgs {
  readonly platform: Platform;
  readonly place: Place;
  /** The web UI calls the engine: its one-box starts once the engine's fleet has the release. */
  readonly engine: Workload;
  readonly gate: pulumi.ResourceHook;
}

/** The web UI, without secrets or state. */
export function createWeb(args: WebArgs): Workload {
  const { config, cluster, network, edge } = args.platform;
  const targets = edge.loadBalancer.targetGroupArns;
  return new Workload("web", {
    chart: "web",
    provider: cluster.provider,
    place: args.place,
    image: config.release.images.web,
    release: config.release,
    platform: {
      zones: config.network.zones.length,
      deregistrationDelaySeconds: DEREGISTRATION_DELAY_SECONDS,
      network: { vpcCidr: config.network.cidr, loadBalancerCidrs: network.publicCidrs },
    },
    oneBox: { ...config.web, replicas: 1, maxReplicas: 1, targetGroupArn: targets["web-one-box"] },
    fleet: { ...config.web, targetGroupArn: targets["web-fleet"] },
    gate: args.gate,
    after: [args.engine.fleet],
  });
}
