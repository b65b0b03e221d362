import type { Counts, CountsByObjective, Objective, ObjectiveKind } from "./objective.ts";

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
function fieldOf(kind: ObjectiveKind): keyof TrafficCounts | undefined {
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

/** How a request ended. */
export interface Ended {
  readonly failed: boolean;
  readonly seconds: number;
}

interface Sent {
  ended: boolean;
  outcome: Ended | undefined;
}

/**
 * Counts requests in the order in which they were sent, up to the oldest that is still open: good answers come at once
 * and bad ones late, so counts in the order of ending would look better than the release is, at every look.
 */
export class TrafficTally {
  readonly #sent: Sent[] = [];
  #counts = NO_TRAFFIC;

  get counts(): TrafficCounts {
    return this.#counts;
  }

  /** Enters a request as it is sent; call what is returned once it has ended, with nothing where it counts for nothing. */
  send(): (outcome: Ended | undefined) => void {
    const request: Sent = { ended: false, outcome: undefined };
    this.#sent.push(request);
    return (outcome) => {
      request.ended = true;
      request.outcome = outcome;
      this.#advance();
    };
  }

  #advance(): void {
    const open = this.#sent.findIndex(({ ended }) => !ended);
    const answered = this.#sent.splice(0, open === -1 ? this.#sent.length : open);
    for (const { outcome } of answered) if (outcome !== undefined) this.#counts = withOne(this.#counts, outcome);
  }
}

function withOne(counts: TrafficCounts, { failed, seconds }: Ended): TrafficCounts {
  return {
    requests: counts.requests + 1,
    errors: counts.errors + (failed ? 1 : 0),
    over100ms: counts.over100ms + (seconds > 0.1 ? 1 : 0),
    over1s: counts.over1s + (seconds > 1 ? 1 : 0),
    over5s: counts.over5s + (seconds > 5 ? 1 : 0),
  };
}
