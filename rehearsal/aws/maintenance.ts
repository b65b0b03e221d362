import type { Properties } from "../provider/properties.ts";
import { TYPES } from "./types.ts";
import { flag, text } from "./values.ts";
import type { WorldResource } from "./world.ts";

/** Changes that wait for the maintenance window unless they are asked for at once, by the provider's own names. */
const WAITING: Readonly<Record<string, readonly string[]>> = {
  [TYPES.database]: [
    ..."allocatedStorage engineVersion instanceClass iops storageThroughput storageType multiAz port".split(" "),
    ..."caCertIdentifier licenseModel networkType dedicatedLogVolume".split(" "),
  ],
  [TYPES.replicationGroup]: ["engineVersion", "nodeType", "automaticFailoverEnabled", "multiAzEnabled"],
};
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY = 24 * 3600;

/** What of an update takes effect now, and what waits. */
export interface Split {
  readonly now: Properties;
  readonly later: Properties;
}

/** Parts the inputs of an update: what waits keeps its old value. */
export function splitUpdate(type: string, before: Properties, asked: Properties): Split {
  const waits = flag(asked, "applyImmediately") ? [] : (WAITING[type] ?? []);
  const changed = waits.filter(
    (key) => before[key] !== undefined && JSON.stringify(before[key]) !== JSON.stringify(asked[key]),
  );
  const pick = (from: Properties) =>
    Object.fromEntries(changed.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
  return { now: { ...asked, ...pick(before) }, later: pick(asked) };
}

/**
 * Seconds until a weekly window such as `sun:05:00-sun:06:00` opens next.
 * @param now milliseconds since the epoch
 */
export function secondsUntilWindow(window: string, now: number): number {
  const [, day = "sun", hour = "0", minute = "0"] = /^([a-z]{3}):(\d\d):(\d\d)-/.exec(window) ?? [];
  const date = new Date(now);
  const start = DAYS.indexOf(day) * DAY + Number(hour) * 3600 + Number(minute) * 60;
  const passed = date.getUTCDay() * DAY + date.getUTCHours() * 3600 + date.getUTCMinutes() * 60 + date.getUTCSeconds();
  return (start - passed + 7 * DAY) % (7 * DAY);
}

/** When the window of a resource opens; AWS gives one to who names none. */
export function windowOf({ inputs }: Pick<WorldResource, "inputs">): string {
  return text(inputs, "maintenanceWindow") ?? "sun:05:00-sun:06:00";
}

/** The resource once what waited for its window has taken effect, or as it is. */
export function matured(resource: WorldResource, nowModelSeconds: number): WorldResource {
  const { waiting, ...rest } = resource;
  if (waiting === undefined || waiting.dueAtModelSeconds > nowModelSeconds) return resource;
  return { ...rest, inputs: { ...rest.inputs, ...waiting.inputs } };
}

/** What AWS is working on, by resource: a caller that stops waiting does not stop the work. */
export class Ongoing {
  readonly #work = new Map<string, Promise<void>>();

  begin(resource: Identity, work: Promise<void>): void {
    const key = keyOf(resource);
    const tracked = work.finally(() => {
      if (this.#work.get(key) === tracked) this.#work.delete(key);
    });
    tracked.catch(() => undefined);
    this.#work.set(key, tracked);
  }

  /** Resolves once nothing is going on for the resource, whether it went well or not. */
  async ended(resource: Identity): Promise<void> {
    await this.#work.get(keyOf(resource))?.catch(() => undefined);
  }

  /** Settles as the work does; rejects when the caller is canceled before. */
  async waitFor(resource: Identity, signal: AbortSignal): Promise<void> {
    const { promise, dispose } = cancellation(signal);
    try {
      await Promise.race([this.#work.get(keyOf(resource)), promise]);
    } finally {
      dispose();
    }
  }

  async allEnded(): Promise<void> {
    await Promise.allSettled(this.#work.values());
  }
}

interface Identity {
  readonly type: string;
  readonly id: string;
}

function keyOf({ type, id }: Identity): string {
  return `${type} ${id}`;
}

function cancellation(signal: AbortSignal): { promise: Promise<never>; dispose: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error("context canceled while AWS is still working on it"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  promise.catch(() => undefined);
  return { promise, dispose: () => signal.removeEventListener("abort", abort) };
}
