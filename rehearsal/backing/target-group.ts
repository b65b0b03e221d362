import { Agent, get } from "node:http";
import { callerHeaders } from "../../tools/callers.ts";
import type { TargetGroupState } from "../services.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `address:port`, which no two targets of a group share. */
export function keyOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** As AWS's default: two failures in a row take a target out. */
const UNHEALTHY_THRESHOLD = 2;

/** A target's health: a new one is healthy after one success; later it changes only after the thresholds, in a row. */
export class Health {
  #healthy = false;
  #isNew = true;
  #streak = 0;

  get healthy(): boolean {
    return this.#healthy;
  }

  /** Takes one check's result in; says whether the health changed. */
  record(succeeded: boolean, healthyThreshold: number): boolean {
    this.#streak = succeeded === this.#healthy ? 0 : this.#streak + 1;
    const needed = succeeded ? (this.#isNew ? 1 : healthyThreshold) : UNHEALTHY_THRESHOLD;
    if (this.#streak < needed) return false;
    this.#healthy = succeeded;
    this.#isNew = false;
    this.#streak = 0;
    return true;
  }
}

/** Whether the target answers 200 on the path within the limit, on a connection of its own. */
function check({ address, port }: Endpoint, path: string, limitMilliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { "user-agent": "ELB-HealthChecker/2.0", connection: "close", ...callerHeaders };
    const request = get({ host: address, port, path, headers, agent: false, timeout: limitMilliseconds });
    request.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}

export interface Target extends Endpoint {
  readonly agent: Agent;
  readonly health: Health;
}

/** Checks never come faster than this, however small the time scale. */
const MIN_INTERVAL_SECONDS = 0.3;
/** Twice AWS's default: a machine that is busy with all of a rehearsal answers late, and is no target that is away. */
const CHECK_LIMIT_MILLISECONDS = 10_000;
/** Requests take the time they take, whatever the time scale: what is in flight gets at least this. */
const MIN_DRAIN_SECONDS = 5;
/** Until each node of a load balancer knows that a target was deregistered: AWS promises no time, this is a long one. */
const NOTICE_SECONDS = 10;

/**
 * The targets of one target group: checked by a timer of their own, picked only while healthy. One that leaves is picked
 * until the balancer has noticed, then drained.
 */
export class TargetGroup {
  readonly #timeScale: number;
  readonly #onHealth: () => void;
  readonly #targets = new Map<string, Target>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  #settings: TargetGroupState | undefined;
  #turn = 0;

  constructor(timeScale: number, onHealth: () => void) {
    this.#timeScale = timeScale;
    this.#onHealth = onHealth;
  }

  /** Takes the group's settings; the first ones start the checks. */
  configure(settings: TargetGroupState): void {
    const isFirst = this.#settings === undefined;
    this.#settings = settings;
    if (isFirst) for (const key of this.#targets.keys()) void this.#checkAndRepeat(key);
  }

  setTargets(endpoints: readonly Endpoint[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
    for (const key of this.#targets.keys()) if (!wanted.has(key)) this.#deregister(key);
    for (const [key, endpoint] of wanted) this.#register(key, endpoint);
    this.#onHealth();
  }

  /** The healthy targets in turn, as AWS's default algorithm; undefined when none is healthy. */
  pick(): Target | undefined {
    const healthy = [...this.#targets.values()].filter(({ health }) => health.healthy);
    this.#turn += 1;
    return healthy[this.#turn % healthy.length];
  }

  healthyKeys(): readonly string[] {
    return [...this.#targets].filter(([, { health }]) => health.healthy).map(([key]) => key);
  }

  close(): void {
    for (const key of this.#targets.keys()) this.#remove(key, 0);
  }

  #register(key: string, { address, port }: Endpoint): void {
    this.#stay(key);
    if (this.#targets.has(key)) return;
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
    this.#targets.set(key, { address, port, agent, health: new Health() });
    if (this.#settings) void this.#checkAndRepeat(key);
  }

  #deregister(key: string): void {
    if (this.#leaving.has(key)) return;
    const leave = () => {
      this.#remove(key);
      this.#onHealth();
    };
    this.#leaving.set(key, setTimeout(leave, NOTICE_SECONDS * this.#timeScale * 1000).unref());
  }

  #stay(key: string): void {
    clearTimeout(this.#leaving.get(key));
    this.#leaving.delete(key);
  }

  #remove(key: string, drainSeconds = this.#drainSeconds()): void {
    this.#stay(key);
    const target = this.#targets.get(key);
    this.#targets.delete(key);
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (target) setTimeout(() => target.agent.destroy(), drainSeconds * 1000).unref();
  }

  #drainSeconds(): number {
    return Math.max(MIN_DRAIN_SECONDS, (this.#settings?.deregistrationDelaySeconds ?? 0) * this.#timeScale);
  }

  async #checkAndRepeat(key: string): Promise<void> {
    const target = this.#targets.get(key);
    const settings = this.#settings;
    if (target === undefined || settings === undefined) return;
    const { path, intervalSeconds, healthyThreshold } = settings.healthCheck;
    const succeeded = await check(target, path, CHECK_LIMIT_MILLISECONDS);
    if (this.#targets.get(key) !== target) return;
    if (target.health.record(succeeded, healthyThreshold)) this.#onHealth();
    const pause = Math.max(MIN_INTERVAL_SECONDS, intervalSeconds * this.#timeScale);
    this.#timers.set(
      key,
      setTimeout(() => void this.#checkAndRepeat(key), pause * 1000),
    );
  }
}
