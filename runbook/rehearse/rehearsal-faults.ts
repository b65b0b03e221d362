import type { Watcher } from "../../io/engine.ts";
import type { CloudProcess } from "../../rehearsal/cloud-process.ts";
import type { TimedFaults } from "../../rehearsal/scenario.ts";
import { neverBegan } from "./step-names.ts";

/**
 * Runs `work`, whose watcher sees the engine's events, with faults in the cloud from their moment on until it has ended,
 * or until `mend` where they are kept.
 * Throws SPARKI_USAGE when their step never began: then nothing was rehearsed.
 */
export async function withFaults<T>(
  cloud: Pick<CloudProcess, "ask">,
  faults: TimedFaults | undefined,
  work: (watch: Watcher) => Promise<T>,
): Promise<T> {
  if (faults === undefined) return work(() => {});
  const { at, after, hold, isKept = false } = faults;
  let broken: Promise<unknown> | undefined;
  const begun = new Set<string>();
  const breakNow = () => {
    broken ??= cloud.ask("POST", "/faults", hold);
    // Awaited when the work has ended; until then nobody may call it unhandled.
    broken.catch(() => undefined);
  };
  if (at === undefined && after === undefined) breakNow();
  await broken;
  try {
    const result = await work(({ steps }) => {
      const running = steps.filter(({ op, status }) => op !== "same" && status === "running");
      for (const { name } of running) begun.add(name);
      if (at !== undefined && begun.has(at)) breakNow();
      if (steps.some(({ name, op, status }) => name === after && op !== "same" && status === "done")) breakNow();
    });
    if (at !== undefined && begun.size > 0 && broken === undefined) throw neverBegan(at);
    await broken;
    return result;
  } finally {
    if (!isKept) await mend(cloud);
  }
}

/** Ends every fault in the cloud. */
export async function mend(cloud: Pick<CloudProcess, "ask">): Promise<void> {
  await cloud.ask("POST", "/faults", {});
}
