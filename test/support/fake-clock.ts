import type { Clock } from "../../shared/clock.ts";

/** A clock that moves only when someone sleeps, so that a test of an hour takes no time. */
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

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that moves to the next moment someone waits for, once nothing else is left to do. */
export function idleClock(start = 0): Clock {
  let now = start;
  const sleepers = new Set<Sleeper>();
  const next = () => {
    const [first] = [...sleepers].sort((one, other) => one.at - other.at);
    if (first === undefined) return;
    now = Math.max(now, first.at);
    sleepers.delete(first);
    first.wake();
  };
  const sleep = (seconds: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const sleeper = { at: now + seconds, wake: resolve };
      signal?.addEventListener("abort", () => {
        sleepers.delete(sleeper);
        reject(signal.reason);
      });
      sleepers.add(sleeper);
      setImmediate(next);
    });
  return { now: () => now, sleep };
}
