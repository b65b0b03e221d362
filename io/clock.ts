import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../shared/clock.ts";

/** The machine's own clock: seconds since 1970, with the fraction. */
export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  sleep: async (seconds, signal) => {
    try {
      await delay(seconds * 1000, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** The promise's result; rejects with `<problem> within <seconds> s` when it has none after so many seconds. */
export async function within<T>(promise: Promise<T>, seconds: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${problem} within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
