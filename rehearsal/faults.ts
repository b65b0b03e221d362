import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { V1Node } from "@kubernetes/client-node";
import { toLoopback } from "./addresses.ts";
import type { FaultInjection } from "./aws/fault-injection.ts";
import { USED_ACCOUNT, type World } from "./aws/world.ts";
import type { Backing } from "./backing/serve.ts";
import type { Users } from "./backing/users.ts";
import { KubernetesApi } from "./cluster/api.ts";
import type { RehearsedClusters } from "./cluster/cluster.ts";
import type { Pod } from "./cluster/objects.ts";
import { type Faults, faultsSchema, type HandChange, parsed, type Stoppable } from "./control.ts";
import type { Storm } from "./storm.ts";
import { waitFor } from "./waiting.ts";

interface Pausable {
  suspend(): Promise<void>;
  resume(): Promise<void>;
}

export interface FaultTargets {
  readonly runDirectory: string;
  /** Of its loopback network. */
  readonly slot: number;
  readonly stack: string;
  /** What the load balancers know of the targets of all their groups. */
  readonly targets: () => readonly { readonly address: string; readonly healthy: boolean }[];
  readonly account: {
    readonly world: World;
    readonly faults: FaultInjection;
    deleteCluster(): Promise<void>;
    /** Makes what waits for a maintenance window. */
    openWindows(): Promise<void>;
    /** Issues every certificate again, for so many days. */
    renewCertificates(days?: number): Promise<void>;
  };
  readonly backing: Pick<Backing, "cache" | "database" | "loadBalancer" | "names">;
  readonly storm: Storm;
  /** What tells Prometheus of the cluster and of AWS. */
  readonly exporters: Pausable;
  readonly zones: Pick<Zones, "isDown" | "set">;
  readonly users: Pick<Users, "ask">;
  readonly slack: { isDown: boolean };
  /** How many days certificates were left with last; undefined is as ACM issues them. */
  readonly certificates: { days: number | undefined };
}

/** Makes exactly the faults of a request hold; an empty one ends them all. Throws what is wrong with the request. */
export async function applyFaults(targets: FaultTargets, body: unknown): Promise<void> {
  const {
    down,
    fleet,
    users,
    userPaths,
    gateRequests,
    refused,
    creations,
    changed,
    state,
    slow,
    certificateDays,
    signer,
    slack,
    names,
    cluster,
    nodes,
    zone,
    windows,
    account: profile,
  } = parsed(faultsSchema, body);
  const { backing, storm, account } = targets;
  for (const change of changed) changeByHand(account.world, change);
  account.faults.set({ refused, creations, slow });
  account.world.profile = { ...USED_ACCOUNT, ...profile };
  backing.names.setSigner(signer);
  backing.names.setStale(names === "stale");
  targets.slack.isDown = slack === "down";
  disturbState(targets, state);
  if (certificateDays !== targets.certificates.days) await account.renewCertificates(certificateDays);
  targets.certificates.days = certificateDays;
  const servers: Readonly<Record<Stoppable, Pausable>> = {
    cache: backing.cache,
    database: backing.database,
    exporters: targets.exporters,
    metrics: storm,
  };
  for (const [name, server] of Object.entries(servers)) {
    if (down.some((each) => each === name)) await server.suspend();
    else if (!targets.zones.isDown(name)) await server.resume();
  }
  await targets.zones.set(zone);
  if (cluster === "deleted") await account.deleteCluster();
  backing.loadBalancer.limitGateRequests(gateRequests);
  await misbehave(targets, fleet);
  await closeNodes(targets, nodes === "closed");
  targets.users.ask(users, userPaths);
  // Users are there already when it begins.
  if (windows === "open") await account.openWindows();
}

function changeByHand(world: World, { type, having, to }: HandChange): void {
  const wanted = Object.entries(having);
  const found = world.ofType(type).filter(({ inputs }) => wanted.every(([key, value]) => inputs[key] === value));
  if (found.length === 0) throw new Error(`there is no ${type} with ${JSON.stringify(having)} to change`);
  for (const resource of found) world.put({ ...resource, inputs: { ...resource.inputs, ...to } });
}

/** The stand-in application does what this file in its root says, and what its image says when there is none. */
async function misbehave(faulty: FaultTargets, behaviour: Faults["fleet"]): Promise<void> {
  const { runDirectory, storm } = faulty;
  if (storm.access === undefined) return;
  const api = new KubernetesApi(storm.access);
  try {
    const labelSelector = "app.kubernetes.io/instance=engine-fleet";
    const { items } = await api.list<Pod>("/api/v1/namespaces/sparki-engine/pods", { labelSelector });
    for (const { metadata } of items) {
      const file = join(runDirectory, "pods", metadata?.uid ?? "", "behaviour.json");
      if (behaviour === undefined) await rm(file, { force: true });
      else await writeFile(file, JSON.stringify(behaviour));
    }
    if (behaviour?.neverReady === true) await becomeUnhealthy(faulty, items);
  } finally {
    await api.close();
  }
}

const UNHEALTHY_SECONDS = 120;

/** Waits until no load balancer counts any of the pods as healthy: from then on it sends them no request. */
function becomeUnhealthy({ slot, targets }: FaultTargets, pods: readonly Pod[]): Promise<void> {
  const addresses = new Set(pods.map(({ status }) => toLoopback(status?.podIP ?? "", slot)));
  const isUnhealthy = async () => {
    const healthy = targets().filter((target) => target.healthy && addresses.has(target.address)).length;
    return healthy === 0 ? true : `${healthy} of the fleet's targets are healthy`;
  };
  return waitFor("a load balancer without a healthy target", isUnhealthy, { limitSeconds: UNHEALTHY_SECONDS });
}

/** Lets no node of the cluster take pods, as where none has joined; or all of them again. */
async function closeNodes({ storm }: FaultTargets, isClosed: boolean): Promise<void> {
  if (storm.access === undefined) return;
  const api = new KubernetesApi(storm.access);
  try {
    const { items } = await api.list<V1Node>("/api/v1/nodes");
    for (const { metadata, spec } of items)
      if ((spec?.unschedulable ?? false) !== isClosed)
        await api.patch(`/api/v1/nodes/${metadata?.name}`, "merge-patch", { spec: { unschedulable: isClosed } });
  } finally {
    await api.close();
  }
}

/** Where the file backend keeps the one project of a rehearsal. */
const PROJECT = "sparki";

/** Linux gives no process such a number. */
const NOBODY = 4_194_305;

/** Makes the place where a rehearsed stack's state is kept as the fault says, or as good as before without one. */
export function disturbState(
  { runDirectory, stack }: { readonly runDirectory: string; readonly stack: string },
  fault: "locked" | "unwritable" | undefined,
): void {
  const backend = join(runDirectory, "backend", ".pulumi");
  lock(join(backend, "locks", "organization", PROJECT, stack), fault === "locked");
  obstruct(join(backend, "stacks", PROJECT, `${stack}.json`), fault === "unwritable");
}

/** The lock of a deploy that someone began elsewhere. */
function lock(folder: string, isHeld: boolean): void {
  const file = join(folder, "rehearsed-fault.json");
  if (!isHeld) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(folder, { recursive: true });
  const holder = { pid: NOBODY, username: "ann", hostname: "desk", timestamp: new Date().toISOString() };
  writeFileSync(file, JSON.stringify(holder));
}

/** A folder that is not empty cannot be written over, by root neither; the file waits beside it. */
function obstruct(file: string, isObstructed: boolean): void {
  const kept = `${file}.kept`;
  if (isObstructed === existsSync(kept)) return;
  if (isObstructed) {
    renameSync(file, kept);
    mkdirSync(join(file, "in-the-way"), { recursive: true });
  } else {
    rmSync(file, { recursive: true });
    renameSync(kept, file);
  }
}

interface ZonesOptions {
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
