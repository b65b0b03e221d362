import { setTimeout as sleep } from "node:timers/promises";

export interface RetryOptions {
  /** Seconds after which the last failure is thrown. */
  readonly seconds: number;
  /** Whether trying again can help. */
  readonly isTransient: (error: unknown) => boolean;
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

/** Tries until it succeeds, a failure is not transient, or the time is over; waits 50 ms at first, then up to 2 s, with jitter. */
export async function retry<T>(options: RetryOptions, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + options.seconds * 1000;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      const pause = Math.min(2000, 50 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      if (!options.isTransient(error) || performance.now() + pause > deadline) throw error;
      options.onRetry?.(error, attempt);
      await sleep(pause);
    }
  }
}
