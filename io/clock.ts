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
