import { rehearsalVariables } from "../../io/rehearsal-variables.ts";
import type { StackConfig } from "../../stacks/schema.ts";

/** How fast and how long a gate looks. */
export interface Pace {
  /** To each track that the gate asks. */
  readonly syntheticRequestsPerSecond: number;
  /** In flight at most, to each track. */
  readonly syntheticConcurrency: number;
  /** Whether its requests take as long as the release says, and not as long as they do on a machine that rehearses it all. */
  readonly isServerTimed: boolean;
  readonly lookEverySeconds: number;
  readonly deadlineSeconds: number;
  readonly healthDeadlineSeconds: number;
  /** How long the database or the cache may be away before the release is refused. */
  readonly outageSeconds: number;
  /** How long a metrics source may give no usable answer. */
  readonly sourceRetrySeconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Real servers on one machine answer at most so many requests a second, however fast the modelled time runs. */
const FASTEST_REQUESTS_PER_SECOND = 1_500;
/** Real servers of a busy machine need real time to answer as often as a gate must count. */
const SHORTEST_DEADLINE_SECONDS = 180;
/** Real pods need real time to start. */
const SHORTEST_HEALTH_DEADLINE_SECONDS = 60;
const SHORTEST_OUTAGE_SECONDS = 20;
const SHORTEST_RETRY_SECONDS = 20;

const OUTAGE_SECONDS = 120;
const SOURCE_RETRY_SECONDS = 60;

/** So many tracks are asked at the same time at most: what the firewall lets one client send is for all of them. */
export const TRACKS_AT_ONCE = 2;

/** Real seconds for a modelled one: 1, or what a rehearsal sets as SPARKI_TIME_SCALE. */
export function timeScaleOf(env: Environment): number {
  return Number(rehearsalVariables(env).SPARKI_TIME_SCALE ?? 1);
}

/** What a wait takes at a time scale; what is real needs the shortest at least, unless time is not compressed. */
export function realSeconds(
  seconds: number,
  { timeScale, shortest }: { readonly timeScale: number; readonly shortest: number },
): number {
  return timeScale === 1 ? seconds : Math.max(shortest, seconds * timeScale);
}

/**
 * The stack's own pace, or that pace with time compressed by SPARKI_TIME_SCALE (0.01: a modelled second takes 10 ms),
 * which a rehearsal sets: more requests a second, for a shorter time. A machine's limit is for all `tracks` together.
 */
export function paceOf(gate: StackConfig["gate"], env: Environment, tracks = 1): Pace {
  const scale = timeScaleOf(env);
  const scaled = (seconds: number, shortest: number) => realSeconds(seconds, { timeScale: scale, shortest });
  return {
    syntheticRequestsPerSecond:
      scale === 1
        ? gate.syntheticRequestsPerSecond
        : Math.min(FASTEST_REQUESTS_PER_SECOND / tracks, gate.syntheticRequestsPerSecond / scale),
    // On a machine that is busy itself, more requests in flight would only wait for each other.
    syntheticConcurrency: scale === 1 ? 32 : 8,
    isServerTimed: scale !== 1,
    lookEverySeconds: scale === 1 ? 5 : 0.5,
    deadlineSeconds: scaled(gate.deadlineMinutes * 60, SHORTEST_DEADLINE_SECONDS),
    healthDeadlineSeconds: scaled(gate.healthDeadlineMinutes * 60, SHORTEST_HEALTH_DEADLINE_SECONDS),
    outageSeconds: scaled(OUTAGE_SECONDS, SHORTEST_OUTAGE_SECONDS),
    sourceRetrySeconds: scaled(SOURCE_RETRY_SECONDS, SHORTEST_RETRY_SECONDS),
  };
}
