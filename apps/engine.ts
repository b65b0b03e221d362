import type * as pulumi from "@pulumi/pulumi";
import { DNS_ADDRESS } from "../infra/cluster.ts";
import { DEREGISTRATION_DELAY_SECONDS } from "../infra/load-balancer.ts";
import type { Place } from "./namespaces.ts";
import type { Platform } from "./platform.ts";
import { Workload } from "./workload.ts";

export interface EngineArgs {
  readonly platform: Platform;
  readonly place: Place;
  /** The image, once its migrations and seed have run. */
  readonly image: pulumi.Input<string>;
  readonly start: pulumi.ResourceHook;
  readonly gate: pulumi.ResourceHook;
}

/** The engine API, with its database and cache. */
export function createEngine(args: EngineArgs): Workload {
  const { config, cluster, network, database, cache, secrets, edge } = args.platform;
  const targets = edge.loadBalancer.targetGroupArns;
  return new Workload("engine", {
    chart: "engine",
    provider: cluster.provider,
    place: args.place,
    image: args.image,
    release: config.release,
    platform: {
      zones: config.network.zones.length,
      deregistrationDelaySeconds: DEREGISTRATION_DELAY_SECONDS,
      network: {
        vpcCidr: config.network.cidr,
        loadBalancerCidrs: network.publicCidrs,
        databaseCidrs: network.databaseCidrs,
        cacheCidrs: network.databaseCidrs,
        dnsCidrs: [`${DNS_ADDRESS}/32`],
      },
      database: {
        host: database.host,
        port: database.port,
        name: database.databaseName,
        secretArn: secrets.application.secretArn,
      },
      cache: { host: cache.host, port: cache.port, secretArn: secrets.cacheSecretArn },
    },
    oneBox: { ...config.engine, replicas: 1, maxReplicas: 1, targetGroupArn: targets["engine-one-box"] },
    fleet: { ...config.engine, targetGroupArn: targets["engine-fleet"] },
    start: args.start,
    gate: args.gate,
    after: [args.platform.identities],
  });
}
