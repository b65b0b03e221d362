import { levelsOf } from "./bounds.ts";
import { DEFAULT_ERROR_RATE, type GateResult, judgeGate, type Verdict, verdictOf, worst } from "./gate.ts";
import { type Counts, NO_COUNTS, type Objective } from "./objective.ts";
import { countsOf, NO_TRAFFIC, type TrafficCounts } from "./traffic.ts";

/** Counts of one interval that ended at `at` (seconds). */
export interface Interval extends TrafficCounts {
  readonly at: number;
}

export interface RecordingResult {
  readonly verdict: Verdict;
  /** When the gate would have stopped looking; null when it never did. */
  readonly decidedAt: number | null;
  readonly objectives: readonly GateResult[];
}

/** A gate that looks after every interval of a recording, and stops looking once it has decided. */
export interface RecordingGate {
  add(interval: Interval): void;
  result(): RecordingResult;
}

/** The gate of a run, with the recording as its one source. */
export function recordingGate(objectives: readonly Objective[], errorRate = DEFAULT_ERROR_RATE): RecordingGate {
  const levels = levelsOf(errorRate, objectives.length);
  let total: TrafficCounts = NO_TRAFFIC;
  let decidedAt: number | null = null;

  function look(at: number): void {
    const verdicts = objectives.map((objective) => verdictOf(objective, countsOf(objective, total), NO_COUNTS, levels));
    const verdict = worst(verdicts);
    if (verdict === "fail" || verdict === "pass") decidedAt = at;
  }

  return {
    add(interval) {
      if (decidedAt !== null) return;
      total = plus(total, interval);
      look(interval.at);
    },
    result() {
      const evidence = (objective: Objective): { users: Counts } => ({ users: countsOf(objective, total) });
      const byName = Object.fromEntries(objectives.map((objective) => [objective.name, evidence(objective)]));
      const results = judgeGate(objectives, byName, { gate: "judge", errorRate });
      return { verdict: worst(results.map(({ verdict }) => verdict)), decidedAt, objectives: results };
    },
  };
}

function plus(a: TrafficCounts, b: TrafficCounts): TrafficCounts {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    over100ms: a.over100ms + b.over100ms,
    over1s: a.over1s + b.over1s,
    over5s: a.over5s + b.over5s,
  };
}

const EXPECTED =
  'expected {"at", "requests", "errors", "over100ms", "over1s", "over5s"} with a time and whole counts, none above requests, over5s <= over1s <= over100ms';

/** One line of a recording, or in words what is wrong with it. */
export function parseInterval(line: string): Interval | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    const found = line.trim() === "" ? "empty" : `not JSON: ${line.slice(0, 80)}`;
    return `${found}; ${EXPECTED}`;
  }
  return isInterval(value) ? value : problemOf(value);
}

function isInterval(value: unknown): value is Interval {
  if (typeof value !== "object" || value === null) return false;
  if (!("at" in value && typeof value.at === "number" && Number.isFinite(value.at))) return false;
  if (!("requests" in value && isCount(value.requests, Number.MAX_SAFE_INTEGER))) return false;
  const most = value.requests;
  return (
    "errors" in value &&
    isCount(value.errors, most) &&
    "over100ms" in value &&
    isCount(value.over100ms, most) &&
    "over1s" in value &&
    isCount(value.over1s, value.over100ms) &&
    "over5s" in value &&
    isCount(value.over5s, value.over1s)
  );
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

function problemOf(value: unknown): string {
  return `${JSON.stringify(value).slice(0, 120)}; ${EXPECTED}`;
}
