import * as pulumi from "@pulumi/pulumi";
import { Cutover } from "./apps/cutover.ts";
import { DatabaseJobs } from "./apps/database-jobs.ts";
import { guardFromDestroy } from "./apps/destroy-guard.ts";
import { entryHook } from "./apps/entry.ts";
import { Gates } from "./apps/gates.ts";
import { createMonitoring } from "./apps/monitoring.ts";
import { Namespaces } from "./apps/namespaces.ts";
import { previousOutputs, stackOutputs } from "./apps/outputs.ts";
import { Identities } from "./apps/platform.ts";
import { Promotion } from "./apps/promotion.ts";
import { createServices } from "./apps/services.ts";
import { Cache } from "./infra/cache.ts";
import { Cluster } from "./infra/cluster.ts";
import { Database } from "./infra/database.ts";
import { Edge } from "./infra/edge.ts";
import { Keys } from "./infra/keys.ts";
import { Network } from "./infra/network.ts";
import { assertZones, awsProvider, madeBy, tagWithOrigin } from "./infra/provider.ts";
import { boundedBy } from "./infra/roles.ts";
import { endsWithNetwork, guardOptions, loadConfig, tellOfPlainRun, withholdDebugLog } from "./infra/run.ts";
import { Secrets } from "./infra/secrets.ts";
import { pullSecret } from "./stacks/docker-config.ts";
import { imagesIn } from "./stacks/schema.ts";
import { servicesOf } from "./stacks/services.ts";

/** All of Sparki on AWS, from an empty account to a promoted release, in the order in which it comes to be. */
export default async function deployment() {
  withholdDebugLog();
  tellOfPlainRun();
  guardOptions();
  const stack = pulumi.getStack();
  const config = loadConfig();
  const { domain, release, permissionsBoundary } = config;
  const provider = awsProvider(stack, config);
  await assertZones(config.network.zones, provider);
  const transformations = [madeBy(release.id), tagWithOrigin, boundedBy(permissionsBoundary)];
  const aws = { providers: [provider], transformations };
  const place = { stack, accountId: config.accountId, region: config.region, protect: config.protection };

  const keys = new Keys("keys", place, aws);
  const network = new Network("network", { ...place, ...config.network, keys }, aws);
  if (endsWithNetwork()) return { network: network.inside };
  const inside = { beforeEntry: entryHook, release: release.id, permissionsBoundary, keys, network };
  const cluster = new Cluster("cluster", { ...place, ...config.cluster, ...inside }, aws);
  const database = new Database("database", { ...place, ...config.database, keys, network, cluster }, aws);
  const cache = new Cache("cache", { ...place, ...config.cache, keys, network, cluster }, aws);
  const services = servicesOf(config);
  const edge = new Edge("edge", { ...place, domain, services, keys, network, cluster }, aws);
  const secrets = new Secrets("secrets", { stack, keys, cache, ...config.database }, aws);

  const identities = new Identities("identities", { ...place, keys, cluster, database, secrets }, aws);
  const resources = { network, cluster, database, cache, secrets, edge, identities };
  const platform = { config, ...resources };
  const namespaces = new Namespaces("namespaces", {
    provider: cluster.provider,
    networkCidr: config.network.cidr,
    pullSecret: pullSecret([...imagesIn(config).values()]),
  });
  const before = previousOutputs();
  const gates = new Gates(platform);

  const jobs = new DatabaseJobs("database-jobs", { platform, place: namespaces.services.engine, start: gates.start });
  const monitoring = createMonitoring({ platform, place: namespaces.monitoring, stack });
  const around = { platform, namespaces, gates, monitoring: monitoring.release, before };
  const workloads = createServices({ ...around, prepared: { engine: [jobs] } });
  const promotion = new Promotion("promotion", {
    config,
    services: workloads,
    monitoring,
    before,
    gate: gates.promotion,
  });
  const cutover = new Cutover("cutover", { stack, domain, edge, promotion, gate: gates.cutover }, aws);
  const everything = [
    keys,
    ...Object.values(resources),
    namespaces,
    jobs,
    ...workloads.values(),
    monitoring.release,
    promotion,
    cutover,
  ];
  guardFromDestroy("destroy-guard", { protect: config.protection, everything });

  return stackOutputs({ platform, promotion, cutover, gates, before });
}
