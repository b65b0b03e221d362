import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

/** How long an act takes at AWS, in model seconds. */
export interface Latency {
  readonly min: number;
  readonly typical: number;
  readonly max: number;
}

export function latency(min: number, typical: number, max: number): Latency {
  return { min, typical, max };
}

/** Seconds from published logs and issues; `small` and what is not measured there from memory. */
export const TIMINGS = {
  small: latency(1, 3, 20),
  quick: latency(1, 2, 6),
  natGateway: latency(85, 105, 125),
  natGatewayDelete: latency(40, 60, 120),
  endpoint: latency(30, 60, 150),
  vpc: latency(1, 3, 15),
  cluster: latency(503, 615, 1200),
  clusterUpdate: latency(120, 300, 900),
  clusterDelete: latency(69, 205, 522),
  addon: latency(14, 15, 56),
  database: latency(302, 443, 512),
  databaseMultiZone: latency(840, 1000, 2400),
  databaseUpdate: latency(30, 60, 600),
  databaseDelete: latency(120, 240, 600),
  cache: latency(358, 480, 3600),
  cacheUpdate: latency(30, 90, 900),
  cacheDelete: latency(180, 300, 900),
  certificateValidation: latency(0, 90, 4500),
  loadBalancer: latency(139, 142, 172),
  record: latency(20, 35, 60),
} as const;

/** Share of draws that fall near the maximum, whatever the spread around the typical value. */
const TAIL = 0.015;

/**
 * Seconds drawn log-normally around the typical value, within minimum and maximum, now and then near the maximum.
 * @param uniforms two independent numbers from 0 up to 1, and a third that decides on the tail.
 */
export function draw({ min, typical, max }: Latency, [first, second, tail]: readonly [number, number, number]): number {
  if (tail < TAIL) return max - 0.1 * (max - typical) * first;
  const normal = Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  // The minimum of the few logs there are is taken as two deviations down.
  const spread = min > 0 ? Math.log(typical / min) / 2 : 0.5;
  return Math.min(max, Math.max(min, typical * Math.exp(spread * normal)));
}

/** Three numbers from 0 up to 1 that depend only on the seed and the key: the order of acts does not matter. */
export function uniforms(seed: number, key: string): [number, number, number] {
  const digest = createHash("sha256").update(`${seed}:${key}`).digest();
  const part = (offset: number) => digest.readUInt32BE(offset) / 2 ** 32;
  return [part(0), part(4), part(8)];
}

/** Model time: real seconds divided by the time scale, counted on from where the last run of the world ended. */
export class ModelClock {
  readonly timeScale: number;
  readonly #offsetSeconds: number;
  readonly #startedAt = performance.now();

  constructor(timeScale: number, offsetSeconds = 0) {
    this.timeScale = timeScale;
    this.#offsetSeconds = offsetSeconds;
  }

  /** Model seconds since the world began. */
  now(): number {
    if (this.timeScale === 0) return this.#offsetSeconds;
    return this.#offsetSeconds + (performance.now() - this.#startedAt) / 1000 / this.timeScale;
  }

  /** Waits that many model seconds; rejects with the signal's reason when it is aborted first. */
  async wait(seconds: number, signal?: AbortSignal): Promise<void> {
    await delay(seconds * 1000 * this.timeScale, undefined, signal === undefined ? {} : { signal });
  }
}
