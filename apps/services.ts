import * as pulumi from "@pulumi/pulumi";
import { DNS_ADDRESS } from "../infra/cluster.ts";
import { DEREGISTRATION_DELAY_SECONDS } from "../infra/load-balancer.ts";
import { type ServiceName, serviceOf, servicesOf, type Track, trackName } from "../stacks/services.ts";
import type { Gates } from "./gates.ts";
import type { Namespaces } from "./namespaces.ts";
import type { Platform } from "./platform.ts";
import { Workload, type WorkloadArgs } from "./workload.ts";

export interface ServicesArgs {
  readonly platform: Platform;
  readonly namespaces: Namespaces;
  readonly gates: Gates;
  /** Makes the pods scraped: a gate reads their counts, and without them it holds. */
  readonly monitoring: pulumi.Resource;
  /** The stack's outputs as the last update left them. */
  readonly before: pulumi.StackReference;
  /** What a service's pods wait for beside other services, such as the engine's for its migrations. @default nothing */
  readonly prepared: Readonly<Partial<Record<ServiceName, readonly pulumi.Resource[]>>>;
}

/**
 * Every service of Sparki as a one-box and a fleet, each after those that must have the release before it. Before the first
 * promotion no user can meet two releases at once: a service that keeps no data is then made beside the others, as soon as
 * there is what its gate needs, the entrance and the monitoring.
 */
export function createServices(args: ServicesArgs): ReadonlyMap<ServiceName, Workload> {
  const isFirst = args.before.getOutput("promotion").apply((promotion) => promotion === undefined);
  const beside: readonly pulumi.Resource[] = [args.platform.edge, args.monitoring];
  const workloads = new Map<ServiceName, Workload>();
  const fleetOf = (name: string) => {
    const found = [...workloads].find(([each]) => each === name);
    if (found === undefined) throw new Error(`a service waits for ${name}, which does not come before it`);
    return found[1].fleet;
  };
  for (const name of servicesOf(args.platform.config)) {
    const { after, stores } = serviceOf(name);
    const others = after.map(fleetOf);
    const canBeBeside = others.length > 0 && stores.length === 0;
    const order = canBeBeside ? isFirst.apply((first) => [...(first ? beside : others)]) : others;
    workloads.set(name, createService(name, args, order));
  }
  return workloads;
}

/** What of the other services comes before one. */
type Order = WorkloadArgs["after"];

function createService(
  name: ServiceName,
  { platform, namespaces, gates, prepared }: ServicesArgs,
  order: Order,
): Workload {
  const { config, cluster, identities } = platform;
  const { stores } = serviceOf(name);
  return new Workload(name, {
    chart: name,
    provider: cluster.provider,
    place: namespaces.services[name],
    // Known in every preview: of values that are not, the Kubernetes provider tells the policies nothing.
    image: config.release.images[name],
    release: config.release,
    platform: platformValues(name, platform),
    oneBox: { ...config[name], replicas: 1, maxReplicas: 1, ...entered({ workload: name, kind: "one-box" }, platform) },
    fleet: { ...config[name], ...entered({ workload: name, kind: "fleet" }, platform) },
    // Whichever of a release changes first, a service or the schema, begins with it.
    start: gates.start,
    gate: gates.fleets[name],
    after: pulumi
      .output(order)
      .apply((others) => [...(stores.length > 0 ? [identities] : []), ...(prepared[name] ?? []), ...others]),
  });
}

/** The target group of a track that users reach. */
function entered(track: Track, { edge }: Platform): { readonly targetGroupArn?: pulumi.Output<string> } {
  const targetGroupArn = edge.loadBalancer.targetGroupArns.get(trackName(track));
  return targetGroupArn === undefined ? {} : { targetGroupArn };
}

/** What a service's chart is told of the platform: no more of it than the service uses. */
function platformValues(name: ServiceName, { config, network, database, cache, secrets }: Platform) {
  const { stores, entrance } = serviceOf(name);
  const [hasDatabase, hasCache] = [stores.includes("database"), stores.includes("cache")];
  return {
    zones: config.network.zones.length,
    deregistrationDelaySeconds: DEREGISTRATION_DELAY_SECONDS,
    network: {
      vpcCidr: config.network.cidr,
      ...(entrance && { loadBalancerCidrs: network.publicCidrs }),
      ...(hasDatabase && { databaseCidrs: network.databaseCidrs }),
      ...(hasCache && { cacheCidrs: network.databaseCidrs }),
      ...(stores.length > 0 && { dnsCidrs: [`${DNS_ADDRESS}/32`] }),
    },
    ...(hasDatabase && {
      database: {
        host: database.host,
        port: database.port,
        name: database.databaseName,
        secretArn: secrets.application.secretArn,
      },
    }),
    ...(hasCache && {
      cache: {
        host: cache.host,
        port: cache.port,
        secretArn: secrets.cacheSecretArn,
        tokenSince: config.cache.authTokenSince,
      },
    }),
  };
}
