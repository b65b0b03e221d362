import type { EvidenceByObjective } from "../beside-fleet.ts";
import {
  type CountsByObjective,
  type MetricSource,
  NO_COUNTS,
  problemOfReading,
  problemOfStep,
  type Reading,
} from "../evidence.ts";
import type { Objective } from "../objective.ts";
import { countsByObjective, type TrafficCounts } from "../traffic.ts";
import type { Verdict } from "../verdict.ts";

/** Requests that the gate makes itself while it runs. */
export interface TrafficSource {
  start(): void;
  counts(): TrafficCounts;
  /** Why requests reach the release no more, and so do not count; undefined while they do. */
  problem?(): string | undefined;
  stop(): Promise<void>;
}

export interface TrackSources {
  /** Users' requests to the track; undefined where there can be none yet. */
  readonly users?: MetricSource | undefined;
  readonly synthetic?: TrafficSource | undefined;
}

/** A source that gives no usable counts: since when, why, and what a gate may say at most. */
export interface Trouble {
  readonly since: number;
  readonly reason: string;
  readonly verdict: Verdict;
}

/** What is known of one track at the latest look. */
export interface TrackEvidence {
  readonly byObjective: EvidenceByObjective;
  readonly trouble: Trouble | undefined;
}

/** A look function for one track's sources: each call reads them again at `now`, keeping the last usable counts. */
export function trackEvidence(sources: TrackSources, objectives: readonly Objective[], started: number) {
  const none = Object.fromEntries(objectives.map(({ name }) => [name, NO_COUNTS]));
  let users: CountsByObjective = none;
  let trouble: Trouble | undefined;
  return async (now: number): Promise<TrackEvidence> => {
    const reading = await sources.users?.countsSince(objectives, started);
    const ofUsers = reading && troubleIn(reading, users);
    if (reading?.kind === "value" && ofUsers === undefined) users = reading.value;
    const found = ofUsers ?? troubleOf(sources.synthetic);
    trouble = found && { ...found, since: trouble?.since ?? now };
    const synthetic = sources.synthetic && countsByObjective(objectives, sources.synthetic.counts());
    return { byObjective: merge(objectives, sources.users && users, synthetic), trouble };
  };
}

function troubleOf(synthetic: TrafficSource | undefined): Omit<Trouble, "since"> | undefined {
  const reason = synthetic?.problem?.();
  return reason === undefined ? undefined : { verdict: "inconclusive", reason };
}

function troubleIn(reading: Reading<CountsByObjective>, before: CountsByObjective): Omit<Trouble, "since"> | undefined {
  if (reading.kind === "value") {
    const backwards = Object.entries(reading.value).flatMap(([name, counts]) => {
      const problem = problemOfStep(before[name] ?? NO_COUNTS, counts);
      return problem === undefined ? [] : [`${name}: ${problem}`];
    });
    return backwards.length === 0 ? undefined : { verdict: "error", reason: `counters went backwards: ${backwards}` };
  }
  if (reading.kind === "no-data") return undefined;
  return { verdict: reading.kind === "unreachable" ? "error" : "inconclusive", reason: problemOfReading(reading) };
}

function merge(
  objectives: readonly Objective[],
  users: CountsByObjective | undefined,
  synthetic: CountsByObjective | undefined,
): EvidenceByObjective {
  return Object.fromEntries(
    objectives.map(({ name }) => [
      name,
      {
        ...(users && { users: users[name] ?? NO_COUNTS }),
        ...(synthetic && { synthetic: synthetic[name] ?? NO_COUNTS }),
      },
    ]),
  );
}
