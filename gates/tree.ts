import { type Action, FACTS, type Facts, type Phase, type Rule } from "./tree-rules.ts";
import { RULES_AFTER_PROMOTION } from "./tree-rules-after.ts";
import { RULES_BEFORE_PROMOTION } from "./tree-rules-before.ts";
import type { Verdict } from "./verdict.ts";

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

/** The rules of the decision tree: exactly one holds in every state, so their order does not matter. */
export const RULES: readonly Rule[] = [...RULES_BEFORE_PROMOTION, ...RULES_AFTER_PROMOTION];
