/** The decision tree until the new release serves everybody. */
import type { Phase, Rule } from "./tree-rules.ts";

/** Phases before the release serves everybody. */
const BEFORE: readonly Phase[] = ["preflight", "infrastructure", "database", "one-box", "fleet", "cutover"];
const TRACKS: readonly Phase[] = ["one-box", "fleet"];

export const RULES_BEFORE_PROMOTION: readonly Rule[] = [
  {
    phases: BEFORE,
    verdicts: ["pass"],
    when: {},
    action: "proceed",
    reason: "everything is proven: the next phase may begin",
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
    reason: "not decided yet: look again until the deadline",
  },
  {
    phases: ["preflight"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false },
    action: "hold",
    reason: "not proven safe to begin: nothing was changed",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false, destroyRequested: false },
    action: "stop",
    reason: "not ready in time: what was made is kept, and a later run goes on with it",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["fail"],
    when: { destroyRequested: false },
    action: "stop",
    reason: "failed: what was made is kept, and a later run goes on with it",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["fail"],
    when: { destroyRequested: true, hasState: false },
    action: "destroy",
    reason: "failed, and nothing holds data yet: what was made is destroyed, as requested",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["fail"],
    when: { destroyRequested: true, hasState: true },
    action: "stop",
    reason: "failed, but a database or cache exists: nothing is destroyed, and a later run goes on with it",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false, destroyRequested: true, hasState: false },
    action: "destroy",
    reason: "not ready in time, and nothing holds data yet: what was made is destroyed, as requested",
  },
  {
    phases: ["infrastructure"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false, destroyRequested: true, hasState: true },
    action: "stop",
    reason: "not ready in time, but a database or cache exists: nothing is destroyed, and a later run goes on with it",
  },
  {
    phases: ["database"],
    verdicts: ["fail"],
    when: {},
    action: "stop",
    reason: "the migration or the seed failed: nothing is half-applied, and the old release still serves",
  },
  {
    phases: ["database"],
    verdicts: ["error", "inconclusive"],
    when: { timeLeft: false },
    action: "stop",
    reason: "the database could not be changed in time: the old release still serves, and a later run goes on with it",
  },
  {
    phases: TRACKS,
    verdicts: ["fail"],
    when: { canRollBack: true, rollbackTried: false },
    action: "rollback",
    reason: "the new release is proven bad: back to the last verified one",
  },
  {
    phases: TRACKS,
    verdicts: ["fail"],
    when: { canRollBack: false, rollbackTried: false },
    action: "stop",
    reason: "the new release is proven bad and there is none to go back to: it is not promoted",
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
    reason: "the new release could not be looked at: it is not promoted, and nothing more is changed",
  },
  {
    phases: ["cutover"],
    verdicts: ["fail", "error", "inconclusive"],
    when: { timeLeft: false },
    action: "hold",
    reason: "the way in is not proven: the old answer keeps serving",
  },
  {
    phases: ["cutover"],
    verdicts: ["fail"],
    when: { timeLeft: true },
    action: "wait",
    reason: "the way in does not answer yet: look again until the deadline",
  },
];
