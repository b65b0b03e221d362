import { RULES } from "./tree-rules.ts";
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

export interface TreeState {
  readonly phase: Phase;
  /** The worst of the phase's checks; a step that failed is `fail`, one that could not be tried is `error`. */
  readonly verdict: Verdict;
  /** Since the phase began, and how long it may take. */
  readonly elapsedSeconds: number;
  readonly deadlineSeconds: number;
  /** A verified release exists whose images are there and whose schema the database still fits. */
  readonly canRollBack: boolean;
  /** A database or a cache was created. */
  readonly hasState: boolean;
  readonly destroyRequested: boolean;
  /** This deployment has already gone back once. */
  readonly rollbackTried: boolean;
  /** How long more than 1 % of requests have failed without a break; 0 when they do not now. */
  readonly highErrorSeconds: number;
}

export interface Decision {
  readonly phase: Phase;
  readonly action: Action;
  readonly reason: string;
  /** A person must look now. */
  readonly page: boolean;
}

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

export const SETTLE_SECONDS = 300;
export const SUSTAINED_SECONDS = 300;
/** More errors than this, sustained, roll a promoted release back (runbook, section 4). */
export const HIGH_ERROR_RATIO = 0.01;

/** What a deployment does next, and why; the same state always gets the same answer. */
export function decide(state: TreeState): Decision {
  const rule = rulesFor(state.phase, state.verdict, factsOf(state))[0];
  if (rule === undefined) throw new Error(`the decision tree has no rule for ${JSON.stringify(state)}`);
  return { phase: state.phase, action: rule.action, reason: rule.reason, page: rule.page === true };
}

/** The facts of a state; a time that is no number counts as run out, never as time left. */
export function factsOf(state: TreeState): Facts {
  return {
    timeLeft: state.elapsedSeconds < state.deadlineSeconds,
    canRollBack: state.canRollBack,
    hasState: state.hasState,
    destroyRequested: state.destroyRequested,
    rollbackTried: state.rollbackTried,
    settling: state.elapsedSeconds < SETTLE_SECONDS,
    highErrors: state.highErrorSeconds > 0,
    sustained: state.highErrorSeconds >= SUSTAINED_SECONDS,
  };
}

/** Every rule that holds: always one. */
export function rulesFor(phase: Phase, verdict: Verdict, facts: Facts): Rule[] {
  return RULES.filter(
    (rule) => rule.phases.includes(phase) && rule.verdicts.includes(verdict) && holds(rule.when, facts),
  );
}

function holds(when: Partial<Facts>, facts: Facts): boolean {
  return FACTS.every((fact) => when[fact] === undefined || when[fact] === facts[fact]);
}
