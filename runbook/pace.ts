import type { StackConfig } from "../stacks/schema.ts";

/** How fast and how long a gate looks. */
export interface Pace {
  readonly syntheticRequestsPerSecond: number;
  readonly lookEverySeconds: number;
  readonly deadlineSeconds: number;
  readonly healthDeadlineSeconds: number;
}

/** Real servers on one machine answer at most so many requests a second, however fast the modelled time runs. */
const FASTEST_REQUESTS_PER_SECOND = 1_500;
/** Real pods need real time to start, and a real gate to count. */
const SHORTEST_DEADLINE_SECONDS = 60;

/**
 * The stack's own pace, or that pace with time compressed by SPARKI_TIME_SCALE (0.01: a modelled second takes 10 ms),
 * which a rehearsal sets: more requests a second, for a shorter time.
 */
export function paceOf(gate: StackConfig["gate"], env: Readonly<Record<string, string | undefined>>): Pace {
  const scale = Number(env.SPARKI_TIME_SCALE ?? 1);
  const scaled = (minutes: number) =>
    scale === 1 ? minutes * 60 : Math.max(SHORTEST_DEADLINE_SECONDS, minutes * 60 * scale);
  return {
    syntheticRequestsPerSecond:
      scale === 1
        ? gate.syntheticRequestsPerSecond
        : Math.min(FASTEST_REQUESTS_PER_SECOND, gate.syntheticRequestsPerSecond / scale),
    lookEverySeconds: scale === 1 ? 5 : 0.5,
    deadlineSeconds: scaled(gate.deadlineMinutes),
    healthDeadlineSeconds: scaled(gate.healthDeadlineMinutes),
  };
}
