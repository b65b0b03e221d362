/** What a gate can say, worst first: proven bad, could not look, not proven yet, proven good. */
export const VERDICTS = ["fail", "error", "inconclusive", "pass"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The worst of the verdicts; of none, `inconclusive`: nothing was proven. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? "inconclusive";
}

export const PHASES = [
  "preflight",
  "infrastructure",
  "database",
  "one-box",
  "fleet",
  "cutover",
  "promoted",
  "rollback",
] as const;

/** Where a deployment is; `promoted` begins with the cutover's end, `rollback` is the rollback and its proof. */
export type Phase = (typeof PHASES)[number];

/** What a gate judges, as facts beside the name that people read. */
export interface GateSubject {
  readonly gate: string;
  /** The part of a deployment that it guards; absent where nothing is deployed, as in a watch. */
  readonly phase?: Phase;
  /** Whose pods it judged; absent for what all services share, such as the entrance. */
  readonly service?: string;
  readonly track?: "one-box" | "fleet";
}

/** How a result was found: checked, or counted against an objective, a burn rate or other requests. */
const RESULT_KINDS = ["health", "objective", "burn-rate", "comparison"] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

/** The subject alone, of what has more beside it. */
export function subjectOf({ gate, phase, service, track }: GateSubject): GateSubject {
  return {
    gate,
    ...(phase !== undefined && { phase }),
    ...(service !== undefined && { service }),
    ...(track !== undefined && { track }),
  };
}

/** One objective's verdict with the evidence it rests on; kept with the release and shown in every report. */
export interface GateResult extends GateSubject {
  readonly kind: ResultKind;
  readonly objective: string;
  /** The config's own name of the objective, where `objective` says more, such as a burn rate's window. */
  readonly of?: string;
  readonly verdict: Verdict;
  /** All sources together. */
  readonly requests: number;
  readonly bad: number;
  /** bad / requests; null without requests. */
  readonly measured: number | null;
  readonly limit: number;
  /** Bounds of the true ratio that hold at every look together. */
  readonly lower: number;
  readonly upper: number;
  /** The fewest further requests, all good, after which it would pass; 0 once it does. */
  readonly needed: number;
  /** How many of the requests the gate made itself. */
  readonly synthetic: number;
  readonly reason: string;
  /** The cluster's own words for what a health gate found, such as a probe's answer. */
  readonly words?: string;
  /** How the bounds closed in while the gate looked; only in its log and in a deploy's document. */
  readonly looks?: readonly Look[];
}

/** What was known of one objective at one look. */
export interface Look {
  /** Since the gate began. */
  readonly seconds: number;
  readonly requests: number;
  readonly bad: number;
  readonly lower: number;
  readonly upper: number;
}
