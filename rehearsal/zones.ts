import type { RehearsedClusters } from "./cluster/cluster.ts";

interface Pausable {
  suspend(): Promise<void>;
  resume(): Promise<void>;
}

export interface ZonesOptions {
  readonly clusters: Pick<RehearsedClusters, "zones" | "loseZone" | "findZones">;
  readonly database: Pausable;
  readonly cache: Pausable;
  /** Whether the database has a standby in another zone. */
  readonly hasStandby: () => boolean;
  /** Real seconds of a modelled one. */
  readonly timeScale: number;
}

/**
 * What a standby needs to take over: RDS names 60 to 120 s
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html), ElastiCache some seconds.
 */
const FAILOVER_SECONDS = { database: 90, cache: 30 };

type Stateful = keyof typeof FAILOVER_SECONDS;

/**
 * Zones that are lost: their nodes with all pods, and in the first zone the primaries of database and cache, whose standbys
 * take over; without a standby the database is away as long as its zone. A load balancer has one address here: that its
 * nodes in the zone go is not modelled, and neither is that connections into a lost zone are not refused but hang.
 */
export class Zones {
  readonly #options: ZonesOptions;
  readonly #down = new Set<Stateful>();
  #lost: string | undefined;
  #failover = new AbortController();

  constructor(options: ZonesOptions) {
    this.#options = options;
  }

  /** Whether a server is stopped by the loss of its zone. */
  isDown(server: string): boolean {
    return [...this.#down].some((each) => each === server);
  }

  /** Loses this zone and has every other one; without a zone has all. Throws for one that there is not. */
  async set(zone: string | undefined): Promise<void> {
    if (zone === this.#lost) return;
    const { clusters } = this.#options;
    const zones = await clusters.zones();
    if (zone !== undefined && !zones.includes(zone))
      throw new Error(`there is no zone ${zone}; expected one of ${zones.join(", ")}`);
    if (this.#lost !== undefined) await this.#find();
    this.#lost = zone;
    if (zone === undefined) return;
    await clusters.loseZone(zone);
    if (zone !== zones[0]) return;
    this.#failover = new AbortController();
    await Promise.all([this.#failOver("database"), this.#failOver("cache")]);
  }

  async #find(): Promise<void> {
    const { clusters, database, cache } = this.#options;
    this.#failover.abort();
    this.#down.clear();
    await Promise.all([clusters.findZones(), database.resume(), cache.resume()]);
  }

  /** Resolves once the primary is gone; its standby takes over by itself. */
  async #failOver(name: Stateful): Promise<void> {
    const { [name]: server, hasStandby, timeScale } = this.#options;
    const { signal } = this.#failover;
    this.#down.add(name);
    await server.suspend();
    if (name === "database" && !hasStandby()) return;
    const timer = setTimeout(
      () => {
        this.#down.delete(name);
        // Whoever waits for it sees that it does not answer.
        void server.resume().catch(() => undefined);
      },
      FAILOVER_SECONDS[name] * 1000 * timeScale,
    );
    signal.addEventListener("abort", () => clearTimeout(timer));
  }
}
