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
