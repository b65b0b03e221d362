import type { Phase, Verdict } from "./gate.ts";

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

/** The decision tree until the new release serves everyone. */

/** Phases before the release serves everyone. */
const BEFORE: readonly Phase[] = ["preflight", "infrastructure", "database", "one-box", "fleet", "cutover"];

const TRACKS: readonly Phase[] = ["one-box", "fleet"];

const RULES_BEFORE_PROMOTION: readonly Rule[] = [
  {
    phases: BEFORE,
    verdicts: ["pass"],
    when: {},
    action: "proceed",
    reason: "everything is proven: the next phase may start",
  },
  {
    phases: ["preflight"],
    verdicts: ["fail"],
    when: {},
    action: "stop",
    reason: "a check failed before anything was changed",
  },
  {
    phases: BEFORE,
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: true },
    action: "wait",
    reason: "not decided yet: check again until the deadline",
  },
  {
    phases: ["preflight"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false },
    action: "hold",
    reason: "not proven safe to start: nothing was changed",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false, destroyRequested: false },
    action: "stop",
    reason: "not ready in time: what was created is kept, and a later run continues with it",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["fail"],
    when: { destroyRequested: false },
    action: "stop",
    reason: "failed: what was created is kept, and a later run continues with it",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["fail"],
    when: { destroyRequested: true, hasState: false },
    action: "destroy",
    reason: "failed, and nothing holds data yet: what was created is destroyed, as requested",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["fail"],
    when: { destroyRequested: true, hasState: true },
    action: "stop",
    reason: "failed, but a database or cache exists: nothing is destroyed, and a later run continues with it",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false, destroyRequested: true, hasState: false },
    action: "destroy",
    reason: "not ready in time, and nothing holds data yet: what was created is destroyed, as requested",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false, destroyRequested: true, hasState: true },
    action: "stop",
    reason:
      "not ready in time, but a database or cache exists: nothing is destroyed, and a later run continues with it",
  },
  {
    phases: ["database"],
    verdicts: ["fail"],
    when: {},
    action: "stop",
    reason: "the migration or the seed failed: nothing is half-applied, and the old release is still serving",
  },
  {
    phases: ["database"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false },
    action: "stop",
    reason:
      "the database could not be changed in time: the old release is still serving, and a later run continues with it",
  },
  {
    phases: TRACKS,
    verdicts: ["fail"],
    when: { canRollBack: true, rollbackTried: false },
    action: "rollback",
    reason: "the new release is proven bad: roll back to the last verified one",
  },
  {
    phases: TRACKS,
    verdicts: ["fail"],
    when: { canRollBack: false, rollbackTried: false },
    action: "stop",
    reason: "the new release is proven bad and there is none to roll back to: it is not promoted",
    page: true,
  },
  {
    phases: TRACKS,
    verdicts: ["fail"],
    when: { rollbackTried: true },
    action: "escalate",
    reason: "still bad after a rollback: a person decides",
    page: true,
  },
  {
    phases: TRACKS,
    verdicts: ["inconclusive"],
    when: { timeLeft: false },
    action: "hold",
    reason: "the new release is not proven good: it is not promoted, and nothing more is changed",
  },
  {
    phases: TRACKS,
    verdicts: ["error"],
    when: { timeLeft: false },
    action: "hold",
    reason: "the new release could not be checked: it is not promoted, and nothing more is changed",
  },
  {
    phases: ["cutover"],
    verdicts: ["fail", "error", "inconclusive"],
    when: { timeLeft: false },
    action: "hold",
    reason: "the public entrance is not proven: DNS keeps its old answer",
  },
  {
    phases: ["cutover"],
    verdicts: ["fail"],
    when: { timeLeft: true },
    action: "wait",
    reason: "the public entrance does not respond yet: check again until the deadline",
  },
];

/** The decision tree once the new release serves everyone, and on the rollback. */
const RULES_AFTER_PROMOTION: readonly Rule[] = [
  {
    phases: ["promoted"],
    verdicts: ["pass"],
    when: {},
    action: "proceed",
    reason: "the release meets its objectives: watching continues to its end",
  },
  {
    phases: ["promoted"],
    verdicts: ["fail"],
    when: { settling: true },
    action: "wait",
    reason: "errors after the promotion: five minutes to settle",
  },
  {
    phases: ["promoted"],
    verdicts: ["fail"],
    when: { settling: false, highErrors: true, sustained: false },
    action: "wait",
    reason: "more than 1 % fail, but not yet for five minutes",
  },
  {
    phases: ["promoted"],
    verdicts: ["fail"],
    when: { settling: false, highErrors: true, sustained: true, canRollBack: true, rollbackTried: false },
    action: "rollback",
    reason: "more than 1 % have failed for five minutes: roll back to the last verified release",
  },
  {
    phases: ["promoted"],
    verdicts: ["fail"],
    when: { settling: false, highErrors: true, sustained: true, canRollBack: false, rollbackTried: false },
    action: "escalate",
    reason: "more than 1 % have failed for five minutes and there is no release to roll back to: a person decides",
    page: true,
  },
  {
    phases: ["promoted"],
    verdicts: ["fail"],
    when: { settling: false, highErrors: true, sustained: true, rollbackTried: true },
    action: "escalate",
    reason: "errors continue after a rollback: a person decides",
    page: true,
  },
  {
    phases: ["promoted"],
    verdicts: ["fail"],
    when: { settling: false, highErrors: false },
    action: "escalate",
    reason: "an objective is missed with less than 1 % failing: a person decides",
    page: true,
  },
  {
    phases: ["promoted"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: true },
    action: "wait",
    reason: "nothing is proven against the release: check again",
  },
  {
    phases: ["promoted"],
    verdicts: ["inconclusive"],
    when: { timeLeft: false },
    action: "hold",
    reason: "promoted, but too little traffic to prove it good: nothing more is changed",
  },
  {
    phases: ["promoted"],
    verdicts: ["error"],
    when: { timeLeft: false },
    action: "escalate",
    reason: "the serving release cannot be checked: a person decides",
    page: true,
  },
  {
    phases: ["rollback"],
    verdicts: ["pass"],
    when: {},
    action: "stop",
    reason: "the previous release is live and verified",
  },
  {
    phases: ["rollback"],
    verdicts: ["fail"],
    when: {},
    action: "stop",
    reason: "the rollback failed: everything is frozen and a person is paged",
    page: true,
  },
  {
    phases: ["rollback"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: true },
    action: "wait",
    reason: "the previous release is not proven yet: check again until the deadline",
  },
  {
    phases: ["rollback"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false },
    action: "stop",
    reason: "the previous release could not be proven in time: everything is frozen and a person is paged",
    page: true,
  },
];

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
  /** For people: why, with what was met. */
  readonly reason: string;
  /** A person must investigate now. */
  readonly page: boolean;
  /** The tree's own reason, where `reason` says more. */
  readonly rule?: string;
  /** The gate that passed, of a decision to continue after one. */
  readonly gate?: string;
}

/** The decision with what was met told beside the tree's own reason. */
export function withFinding(decision: Decision, found: string): Decision {
  return { ...decision, reason: `${decision.reason} (${found})`, rule: decision.rule ?? decision.reason };
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
