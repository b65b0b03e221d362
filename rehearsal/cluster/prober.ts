import type { Probe } from "./objects.ts";
import { attempt, type ProbeTarget } from "./probe-attempt.ts";
import { observed, type ProbeState, UNPROBED } from "./probe-state.ts";
import { pause, type Timing } from "./timing.ts";

export interface Probing {
  readonly probe: Probe;
  readonly target: ProbeTarget;
  readonly timing: Timing;
  /** Called when the verdict changes; may end the probing by aborting its signal. */
  onVerdict(verdict: "pass" | "fail", failure: string | undefined): void;
  /** Called at every failure. */
  onFailure(failure: string): void;
}

/** Until something first answers, it is asked this often; failures still count once a period only. */
const FIRST_LOOK_MILLISECONDS = 200;

/** Probes until the signal aborts, at the probe's period. */
export async function probeUntil(signal: AbortSignal, probing: Probing): Promise<void> {
  const { probe, timing } = probing;
  const period = timing.probePeriod(probe);
  let state: ProbeState = UNPROBED;
  let lastCounted = Number.NEGATIVE_INFINITY;
  await pause(timing.probeDelay(probe), signal);
  while (!signal.aborted) {
    const failure = await attempt(probe, probing.target, timing.probeTimeout(probe));
    if (signal.aborted) return;
    const isDue = performance.now() - lastCounted >= period;
    if (failure === undefined || isDue) {
      lastCounted = performance.now();
      state = told(state, observed(state, failure === undefined, probe), failure, probing);
    }
    await pause(state.verdict === undefined ? Math.min(period, FIRST_LOOK_MILLISECONDS) : period, signal);
  }
}

function told(before: ProbeState, after: ProbeState, failure: string | undefined, probing: Probing): ProbeState {
  if (failure !== undefined) probing.onFailure(failure);
  if (after.verdict !== undefined && after.verdict !== before.verdict) probing.onVerdict(after.verdict, failure);
  return after;
}
