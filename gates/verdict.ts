/** What a gate can say, worst first: proven bad, could not look, not proven yet, proven good. */
export const VERDICTS = ["fail", "error", "inconclusive", "pass"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The worst of the verdicts; of none, `inconclusive`: nothing was proven. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? "inconclusive";
}

/** One objective's verdict with the evidence it rests on; kept with the release and shown in every report. */
export interface GateResult {
  readonly gate: string;
  readonly objective: string;
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
