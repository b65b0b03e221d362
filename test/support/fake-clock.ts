import type { Clock } from "../../runbook/command.ts";

/** A clock that moves only when somebody sleeps, so that a test of an hour takes no time. */
export function fakeClock(start = 0): Clock {
  let now = start;
  return {
    now: () => now,
    sleep: async (seconds, signal) => {
      signal?.throwIfAborted();
      now += seconds;
    },
  };
}
