import type { Occurrence } from "./events.ts";
import type { Pod } from "./objects.ts";
import type { Placement } from "./pod-fields.ts";
import { containersOf } from "./pod-identity.ts";
import { pause } from "./timing.ts";
import { MountError, mountInto, setUpVolumes, type VolumeSources } from "./volumes.ts";

export interface PodVolumesOptions {
  readonly root: string;
  readonly pod: Pod;
  readonly placement: Placement;
  readonly sources: VolumeSources;
  record(occurrence: Occurrence): void;
}

const RETRY = { firstMilliseconds: 500, lastMilliseconds: 5000 };

/** Sets up a pod's volumes, again and again until it succeeds; false when the signal aborted first. */
export async function mountVolumes(options: PodVolumesOptions, signal: AbortSignal): Promise<boolean> {
  const { root, pod, record } = options;
  for (let retry = RETRY.firstMilliseconds; !signal.aborted; retry = Math.min(retry * 2, RETRY.lastMilliseconds)) {
    try {
      await setUpVolumes(root, options, pod.spec?.volumes ?? []);
      for (const container of containersOf(pod)) await mountInto(root, container);
      return true;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      record({ type: "Warning", reason: "FailedMount", message: error.message });
      await pause(retry, signal);
    }
  }
  return false;
}

/** Writes secrets that were rotated into the running pod, looking every so often until the signal aborts. */
export async function keepSecretsFresh(
  options: PodVolumesOptions,
  everyMilliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const secrets = (options.pod.spec?.volumes ?? []).filter(({ csi }) => csi !== undefined);
  if (secrets.length === 0) return;
  while (!signal.aborted) {
    await pause(everyMilliseconds, signal);
    // A secret that is gone for a while leaves the pod with what it had.
    if (!signal.aborted) await setUpVolumes(options.root, options, secrets).catch(() => undefined);
  }
}
