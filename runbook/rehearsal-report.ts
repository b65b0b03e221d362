import type { GateResult } from "../gates/verdict.ts";
import type { Replacement } from "../rehearsal/project.ts";
import type { ReleaseDescriptor } from "../rehearsal/scenarios.ts";
import type { EngineResult, Step, Violation } from "./engine-record.ts";
import type { LiveRelease } from "./io/live-release.ts";
import type { Outcome } from "./outcome.ts";
import type { Timeline } from "./report/timeline.ts";
import type { WorldReport } from "./report/world.ts";

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
  readonly notifications: readonly { readonly channel: string; readonly text: string }[];
  readonly policy: { readonly checked: number; readonly violations: readonly Violation[] };
  readonly live: LiveRelease;
  readonly world: WorldReport;
  readonly timing: Timing;
}

export interface Decision {
  readonly phase: string;
  readonly action: "proceed" | "hold" | "stop";
  readonly reason: string;
}

export interface Timing extends Timeline {
  readonly wallSeconds: number;
  /** From the end of the bad track's rollout until it was refused; null when nothing was. */
  readonly detectSeconds: number | null;
  /** Null while rolling back is not part of a deploy. */
  readonly rollbackSeconds: number | null;
  readonly cloudReadySeconds: number;
  readonly previewSeconds: number;
  readonly upSeconds: number;
}

/** One decision for each gate that ran, in order. */
export function decisionsOf(gates: readonly GateResult[]): Decision[] {
  const phases = [...new Set(gates.map(({ gate }) => gate))];
  return phases.map((phase) => {
    const results = gates.filter(({ gate }) => gate === phase);
    const refusing = results.find(({ verdict }) => verdict !== "pass");
    if (refusing === undefined)
      return { phase, action: "proceed", reason: `${results.length} of ${results.length} pass` };
    const action = refusing.verdict === "fail" ? "stop" : "hold";
    return { phase, action, reason: `${refusing.objective}: ${refusing.reason}` };
  });
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
