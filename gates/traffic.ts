import type { Counts } from "./evidence.ts";
import type { Objective, ObjectiveKind } from "./objective.ts";
import type { CountsByObjective } from "./reading.ts";

/** Counts of requests as the gate's own client, or a recording, keeps them. */
export interface TrafficCounts {
  readonly requests: number;
  readonly errors: number;
  readonly over100ms: number;
  readonly over1s: number;
  readonly over5s: number;
}

export const NO_TRAFFIC: TrafficCounts = { requests: 0, errors: 0, over100ms: 0, over1s: 0, over5s: 0 };

const SLOW_FIELDS: ReadonlyMap<number, keyof TrafficCounts> = new Map([
  [0.1, "over100ms"],
  [1, "over1s"],
  [5, "over5s"],
]);

/** The field that counts an objective's bad requests; undefined for a duration that is not counted. */
export function fieldOf(kind: ObjectiveKind): keyof TrafficCounts | undefined {
  return kind.type === "errors" ? "errors" : SLOW_FIELDS.get(kind.seconds);
}

/** An objective's counts within traffic; an uncounted duration gives NaN, which a gate calls an error. */
export function countsOf(objective: Objective, traffic: TrafficCounts): Counts {
  const field = fieldOf(objective.kind);
  return { requests: traffic.requests, bad: field === undefined ? Number.NaN : traffic[field] };
}

export function countsByObjective(objectives: readonly Objective[], traffic: TrafficCounts): CountsByObjective {
  return Object.fromEntries(objectives.map((objective) => [objective.name, countsOf(objective, traffic)]));
}
