import type { Counts } from "./evidence.ts";
import type { Objective } from "./objective.ts";

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

/** Something that counts requests for objectives. */
export interface MetricSource {
  /** Cumulative counts of each objective since that time (seconds since 1970). */
  countsSince(objectives: readonly Objective[], since: number): Promise<Reading<CountsByObjective>>;
}

/** Why a reading has no value, in words. */
export function problemOfReading(reading: Exclude<Reading<unknown>, { kind: "value" }>): string {
  switch (reading.kind) {
    case "no-data":
      return "the metrics source has no data";
    case "not-a-number":
      return `the metrics are not numbers: ${reading.reason}`;
    case "stale":
      return `the newest sample is ${Math.round(reading.ageSeconds)} s old`;
    case "unreachable":
      return `the metrics source does not answer: ${reading.reason}`;
  }
}
