import type { GateResult, Verdict } from "../gates/verdict.ts";
import type { Replacement } from "../rehearsal/project.ts";
import type { ReleaseDescriptor } from "../rehearsal/scenarios.ts";
import type { Decision } from "./decisions.ts";
import type { EngineResult, Step, Violation } from "./engine-record.ts";
import type { LiveRelease } from "./io/live-release.ts";
import type { Notification } from "./notifications.ts";
import type { Outcome } from "./outcome.ts";
import type { Timeline } from "./report/timeline.ts";
import type { WorldReport } from "./report/world.ts";
import type { Rollback } from "./rollback-run.ts";

/** The one JSON document of `rehearse`; seconds are of the wall clock unless their name says model. */
export interface RehearsalReport {
  readonly scenario: string;
  readonly stack: string;
  readonly seed: number;
  readonly outcome: Outcome["outcome"];
  readonly exitCode: number;
  readonly reason: string;
  readonly release: ReleaseDescriptor;
  /** The release that was live before; null for a first deploy. */
  readonly previous: ReleaseDescriptor | null;
  /** What of the stack's config cannot exist off the cloud, and what stood in for it. */
  readonly replaced: readonly Replacement[];
  /** Of the last deploy. */
  readonly steps: readonly Omit<Step, "urn">[];
  readonly gates: readonly GateResult[];
  readonly decisions: readonly Decision[];
  /** Null when nothing was gone back to. */
  readonly rollback: RollbackReport | null;
  readonly notifications: readonly Notification[];
  readonly policy: { readonly checked: number; readonly violations: readonly Violation[] };
  readonly live: LiveRelease;
  readonly world: WorldReport;
  readonly timing: Timing;
}

/** The way back to the release before, and the proof that it serves again. */
export interface RollbackReport {
  readonly release: ReleaseDescriptor;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly steps: readonly Omit<Step, "urn">[];
  readonly gates: readonly GateResult[];
  readonly seconds: number;
}

export interface Timing extends Timeline {
  readonly wallSeconds: number;
  /** From the end of the bad track's rollout until it was refused; null when nothing was. */
  readonly detectSeconds: number | null;
  /** From the decision to the end of the proof; null without a rollback. */
  readonly rollbackSeconds: number | null;
  readonly cloudReadySeconds: number;
  readonly previewSeconds: number;
  readonly upSeconds: number;
}

/** What the document tells of a rollback; null without one. */
export function rollbackOf(rollback: Rollback | undefined): RollbackReport | null {
  if (rollback === undefined) return null;
  const { release, deployment, proof, verdict, reason, seconds } = rollback;
  const gates = [...(deployment?.gates ?? []), ...(proof?.gates ?? [])];
  return { release, verdict, reason, steps: stepsOf(deployment?.up), gates, seconds };
}

/** How long the refused part of a release had been out: from the end of the step before until the refusal. */
export function detectSeconds(up: EngineResult | undefined): number | null {
  const refused = up?.steps.find(({ status }) => status === "failed");
  if (refused === undefined) return null;
  return (refused.endSeconds ?? refused.startSeconds) - refused.startSeconds;
}

/** The steps as the document shows them. */
export function stepsOf(up: EngineResult | undefined): Omit<Step, "urn">[] {
  return (up?.steps ?? []).map(({ urn: _, ...step }) => step);
}
