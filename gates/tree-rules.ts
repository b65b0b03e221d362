import type { Verdict } from "./verdict.ts";

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

/** Where a deployment is; `promoted` begins with the cutover's end, `rollback` is the way back and its proof. */
export type Phase = (typeof PHASES)[number];

export type Action = "proceed" | "wait" | "hold" | "rollback" | "destroy" | "escalate" | "stop";

/** What the rules ask of a state. */
export interface Facts {
  readonly timeLeft: boolean;
  readonly canRollBack: boolean;
  readonly hasState: boolean;
  readonly destroyRequested: boolean;
  readonly rollbackTried: boolean;
  /** Within five minutes of the promotion. */
  readonly settling: boolean;
  /** More than 1 % of requests fail now. */
  readonly highErrors: boolean;
  /** More than 1 % of requests have failed for five minutes. */
  readonly sustained: boolean;
}

export const FACTS = [
  "timeLeft",
  "canRollBack",
  "hasState",
  "destroyRequested",
  "rollbackTried",
  "settling",
  "highErrors",
  "sustained",
] as const satisfies readonly (keyof Facts)[];

export interface Rule {
  readonly phases: readonly Phase[];
  readonly verdicts: readonly Verdict[];
  readonly when: Partial<Facts>;
  readonly action: Action;
  readonly reason: string;
  readonly page?: true;
}
