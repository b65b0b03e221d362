import { setTimeout as delay } from "node:timers/promises";

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
