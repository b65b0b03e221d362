import type { Probe } from "./objects.ts";

/** Milliseconds that a kubelet's waits really take at a time scale; each keeps a floor, below which machines stutter. */
export interface Timing {
  probePeriod(probe: Probe): number;
  /** Starting is computing, not waiting: it gets the time that it was given. */
  startupProbePeriod(probe: Probe): number;
  probeDelay(probe: Probe): number;
  probeTimeout(probe: Probe): number;
  /** From SIGTERM to SIGKILL. */
  grace(seconds: number): number;
  preStopSleep(seconds: number): number;
  imagePull(): number;
  /** Before the next start of a container that ended `failures` times in a row. */
  restartDelay(failures: number): number;
  /** Between two looks for rotated secrets. */
  secretRotation(): number;
  /** Before a node's pods are asked to leave again. */
  evictionRetry(): number;
  /** A container that ran this long counts as recovered. */
  stableRun(): number;
  /** From the loss of a node until the pods that were on it are made elsewhere. */
  podReplacement(): number;
  /** Before an image is tried again that could not be pulled `failures` times. */
  pullRetry(failures: number): number;
}

/**
 * The node controller's grace period, and the toleration that every pod has by default:
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions.
 */
const LOST_NODE_SECONDS = 50 + 300;
const IMAGE_PULL_SECONDS = 8;
/** The secrets-store driver's default. */
const ROTATION_POLL_SECONDS = 120;
/** The kubelet's own back-off: 10 s, doubled up to 5 minutes; scaled, it starts at no less than a second. */
const BACK_OFF = { firstSeconds: 10, firstFloorSeconds: 1, lastSeconds: 300, lastFloorSeconds: 30 };

export function timingAt(timeScale: number): Timing {
  /** Scaled, but never under the floor, unless the full wait is itself shorter. */
  const scaled = (seconds: number, floorSeconds: number) =>
    1000 * Math.max(seconds * timeScale, Math.min(seconds, floorSeconds));
  const first = scaled(BACK_OFF.firstSeconds, BACK_OFF.firstFloorSeconds);
  const last = scaled(BACK_OFF.lastSeconds, BACK_OFF.lastFloorSeconds);
  const backOff = (failures: number) => Math.min(first * 2 ** Math.max(0, failures - 1), last);
  return {
    probePeriod: (probe) => scaled(probe.periodSeconds ?? 10, 1),
    startupProbePeriod: (probe) => 1000 * (probe.periodSeconds ?? 10),
    probeDelay: (probe) => scaled(probe.initialDelaySeconds ?? 0, 0),
    // The machine may be busier than a node: five seconds at least.
    probeTimeout: (probe) => 1000 * Math.max(probe.timeoutSeconds ?? 1, 5),
    grace: (seconds) => scaled(seconds, 5),
    preStopSleep: (seconds) => scaled(seconds, 2),
    imagePull: () => scaled(IMAGE_PULL_SECONDS, 0),
    restartDelay: (failures) => (failures <= 1 ? 0 : backOff(failures - 1)),
    secretRotation: () => scaled(ROTATION_POLL_SECONDS, 5),
    evictionRetry: () => scaled(5, 0.5),
    stableRun: () => scaled(600, 10),
    podReplacement: () => scaled(LOST_NODE_SECONDS, 3),
    pullRetry: backOff,
  };
}

/** Seconds of a pod's grace that its preStop hook leaves to the process; a kubelet leaves 2 at least. */
export function graceAfterHook(graceSeconds: number, hookSeconds: number): number {
  return Math.max(2, graceSeconds - hookSeconds);
}

/** Resolves after the time, or at once when the signal aborts. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}
