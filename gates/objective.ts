/** A promise about requests: the proportion of bad ones stays under a limit. */
export interface Objective {
  /** Unique within a gate; shown in reports, alerts and dashboards. */
  readonly name: string;
  readonly kind: ObjectiveKind;
  /** Upper limit of the proportion of bad requests, in (0, 1). */
  readonly maxRatio: number;
}

/** What makes a request bad: it failed, or it took longer than a number of seconds. */
export type ObjectiveKind = { readonly type: "errors" } | { readonly type: "slowerThan"; readonly seconds: number };

/** The objectives of the runbook, used where a stack's config sets none. */
export const RUNBOOK_OBJECTIVES: readonly Objective[] = [
  { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 },
  { name: "slower than 5 s", kind: { type: "slowerThan", seconds: 5 }, maxRatio: 0.01 },
  { name: "slower than 1 s", kind: { type: "slowerThan", seconds: 1 }, maxRatio: 0.05 },
  { name: "slower than 100 ms", kind: { type: "slowerThan", seconds: 0.1 }, maxRatio: 0.5 },
];

/** What is wrong with an objective, in words; undefined when it can be judged. */
export function problemOfObjective(objective: Objective): string | undefined {
  const { name, kind, maxRatio } = objective;
  if (!(maxRatio > 0 && maxRatio < 1)) return `${name}: maxRatio is ${maxRatio}; expected more than 0 and less than 1`;
  if (kind.type === "slowerThan" && !(kind.seconds > 0 && Number.isFinite(kind.seconds))) {
    return `${name}: seconds is ${kind.seconds}; expected a positive number`;
  }
  return undefined;
}

/** Cumulative counts since a gate began; only their totals matter, never how they were split into looks. */
export interface Counts {
  readonly requests: number;
  readonly bad: number;
}

/**
 * What a gate has seen for one objective. A source that is configured is present from the start, with zero counts
 * until it has data: a gate shares its error rate over the sources it was started with.
 */
export interface Evidence {
  readonly users?: Counts;
  readonly synthetic?: Counts;
}

export const NO_COUNTS: Counts = { requests: 0, bad: 0 };

/** The counts of all sources together. */
export function pooled(evidence: Evidence): Counts {
  return sum(evidence.users ?? NO_COUNTS, evidence.synthetic ?? NO_COUNTS);
}

export function sum(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, bad: a.bad + b.bad };
}

/** What makes counts unusable as evidence, in words; undefined when they can be judged. */
export function problemOfCounts(counts: Counts): string | undefined {
  const { requests, bad } = counts;
  if (!isCount(requests)) return `requests is ${requests}; expected a whole number, 0 or more`;
  if (!isCount(bad)) return `bad is ${bad}; expected a whole number, 0 or more`;
  if (bad > requests) return `${bad} bad of ${requests} requests; expected at most as many bad as requests`;
  return undefined;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** What makes `next` impossible after `previous` (a counter went backwards), in words; undefined when it can follow. */
export function problemOfStep(previous: Counts, next: Counts): string | undefined {
  if (next.requests < previous.requests) return `requests went from ${previous.requests} to ${next.requests}`;
  if (next.bad < previous.bad) return `bad went from ${previous.bad} to ${next.bad}`;
  return undefined;
}

/** What a source of metrics answers. Every way of not answering is its own, so that none can be taken for a zero. */
export type Reading<Value> =
  | { readonly kind: "value"; readonly value: Value }
  /** The source works and has no series for the question. */
  | { readonly kind: "no-data" }
  | { readonly kind: "not-a-number"; readonly reason: string }
  /** The newest sample is too old to say anything about now. */
  | { readonly kind: "stale"; readonly ageSeconds: number }
  /** The source did not answer, or refused the question. */
  | { readonly kind: "unreachable"; readonly reason: string };

export type CountsByObjective = Readonly<Record<string, Counts>>;

/** Counts, or those of a part: what is bad in it is bad, and nothing more is proven. */
export type CountsReading =
  | Reading<CountsByObjective>
  | { readonly kind: "partial"; readonly value: CountsByObjective; readonly reason: string };

/** Something that counts requests for objectives. */
export interface MetricSource {
  /** Cumulative counts of each objective since that time (seconds since 1970). */
  countsSince(objectives: readonly Objective[], since: number): Promise<CountsReading>;
}

/** Why a reading has no value, or not the whole one, in words. */
export function problemOfReading(reading: Exclude<Reading<unknown> | CountsReading, { kind: "value" }>): string {
  switch (reading.kind) {
    case "partial":
      return `the metrics are not whole: ${reading.reason}`;
    case "no-data":
      return "the metrics source has no data";
    case "not-a-number":
      return `the metrics are not numbers: ${reading.reason}`;
    case "stale":
      return `the newest sample is ${Math.round(reading.ageSeconds)} s old`;
    case "unreachable":
      return `the metrics source does not respond: ${reading.reason}`;
  }
}
