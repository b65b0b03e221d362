export interface ProbeThresholds {
  /** Consecutive successes after which it passes. @default 1 */
  readonly successThreshold?: number | undefined;
  /** Consecutive failures after which it fails. @default 3 */
  readonly failureThreshold?: number | undefined;
}

/** What consecutive results of one probe amount to; a value, so each result gives a new one. */
export interface ProbeState {
  readonly successes: number;
  readonly failures: number;
  /** Undefined until either threshold is reached for the first time. */
  readonly verdict: "pass" | "fail" | undefined;
}

export const UNPROBED: ProbeState = { successes: 0, failures: 0, verdict: undefined };

/** The state after one more result; the verdict only changes when a threshold is reached. */
export function observed(state: ProbeState, succeeded: boolean, thresholds: ProbeThresholds): ProbeState {
  const successes = succeeded ? state.successes + 1 : 0;
  const failures = succeeded ? 0 : state.failures + 1;
  if (successes >= (thresholds.successThreshold ?? 1)) return { successes, failures, verdict: "pass" };
  if (failures >= (thresholds.failureThreshold ?? 3)) return { successes, failures, verdict: "fail" };
  return { successes, failures, verdict: state.verdict };
}
