import type { CloudProcess } from "../../rehearsal/cloud-process.ts";
import type { TimedFaults } from "../../rehearsal/scenarios.ts";
import type { Watcher } from "../io/engine.ts";

/** Runs `work`, whose watcher sees the engine's events, with faults in the cloud from their moment on until it has ended. */
export async function withFaults<T>(
  cloud: Pick<CloudProcess, "ask">,
  faults: TimedFaults | undefined,
  work: (watch: Watcher) => Promise<T>,
): Promise<T> {
  if (faults === undefined) return work(() => {});
  const { at, hold } = faults;
  let broken: Promise<unknown> | undefined;
  const breakNow = () => {
    broken ??= cloud.ask("POST", "/faults", hold);
    // Awaited when the work has ended; until then nobody may call it unhandled.
    broken.catch(() => undefined);
  };
  if (at === undefined) breakNow();
  await broken;
  try {
    const result = await work(({ steps }) => {
      if (steps.some(({ name, op, status }) => name === at && op !== "same" && status === "running")) breakNow();
    });
    await broken;
    return result;
  } finally {
    await cloud.ask("POST", "/faults", {});
  }
}
