import { type Addresses, PORTS } from "../addresses.ts";
import { CertificateAuthority, openDatabaseAuthorities } from "../certificates.ts";
import type { Processes } from "../processes.ts";
import type { ClusterAccess, Services } from "../services.ts";
import { Caches, type Tools } from "./cache.ts";
import { Databases } from "./database.ts";
import { NameServer } from "./dns.ts";
import { LoadBalancers } from "./load-balancer.ts";
import {
  type AlertmanagerSettings,
  type RunningAlertmanager,
  type RunningPrometheus,
  startAlertmanager,
  startPrometheus,
} from "./prometheus-alertmanager.ts";
import { seededRandom } from "./random.ts";

export interface BackingOptions {
  /** The name of the stack that is rehearsed. */
  readonly stack: string;
  readonly runDirectory: string;
  readonly addresses: Addresses;
  readonly tools: Tools;
  readonly processes: Processes;
  /** Real seconds of a modelled second. */
  readonly timeScale: number;
  readonly seed: number;
  /** The run's token. */
  readonly token: string;
}

export interface Backing extends Omit<Services, "cluster"> {
  readonly database: Databases;
  readonly cache: Caches;
  readonly loadBalancer: LoadBalancers;
  readonly names: NameServer;
  /** Starts the real Prometheus, over the cluster's pods when there is one; resolves once it answers. */
  startPrometheus(access?: ClusterAccess): Promise<RunningPrometheus>;
  /** Starts the real Alertmanager; resolves once it answers. */
  startAlertmanager(settings: AlertmanagerSettings): Promise<RunningAlertmanager>;
  /** Stops every server; what the databases hold stays on disk. */
  stop(): Promise<void>;
}

/** Makes ready what stands behind the models of AWS: the name server answers at once, the others start when asked for. */
export async function startBacking(options: BackingOptions): Promise<Backing> {
  const { addresses, timeScale, seed } = options;
  const authority = await CertificateAuthority.open(options.runDirectory);
  const names = new NameServer(seededRandom(seed));
  const authorities = await openDatabaseAuthorities(options.runDirectory, authority);
  const shared = { ...options, authority, authorities };
  const database = new Databases(shared);
  const cache = new Caches(shared);
  const loadBalancer = new LoadBalancers({ authority, addresses, timeScale, seed });
  await names.listen(addresses.dns, PORTS.dns);
  return {
    database,
    cache,
    loadBalancer,
    names,
    startPrometheus: (access) => startPrometheus({ ...options, authority }, access),
    startAlertmanager: (settings) => startAlertmanager({ ...options, authority }, settings),
    stop: async () => {
      await Promise.all([database.stopAll(), cache.stopAll(), loadBalancer.stopAll(), names.close()]);
    },
  };
}
