import type { Decision } from "../../gates/tree.ts";
import type { GateResult, Verdict } from "../../gates/verdict.ts";
import type { LiveRelease } from "../../io/live-release.ts";
import type { EngineResult, Step, Violation } from "../../records/engine-record.ts";
import type { Dependencies } from "../../records/state.ts";
import type { Release } from "../../stacks/schema.ts";
import type { Notification } from "../notify/notifications.ts";
import type { PlanFiles } from "../plan/plan-files.ts";
import type { PreflightReport } from "../preflight/check.ts";
import { criticalSteps } from "../report/timeline.ts";
import type { Proof } from "../rollback/rollback-proof.ts";
import type { VerifyReport } from "../verify/verify.ts";
import type { Deployment } from "./deployment.ts";
import type { Outcome } from "./ending.ts";

/** What a rollback came to; only `pass` says that its release serves again. */
export interface Rollback {
  readonly release: Release;
  /** Undefined when even the preview could not be made. */
  readonly deployment: Deployment | undefined;
  /** Undefined when there was nothing to prove yet. */
  readonly proof: Proof | undefined;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly decision: Decision;
  /** From its beginning to the end of its proof. */
  readonly seconds: number;
}

/** What became of a deploy: its outcome, what was decided on the way, and the rollback where there was one. */
export interface Conclusion extends Outcome {
  readonly rollback: Rollback | undefined;
  /** What the promotion record named when the update had ended, before any rollback; null when nothing was promoted. */
  readonly live: Release | null;
  /** Undefined when it did not come to that: also for a promotion that the pods or the entrance do not show. */
  readonly verify?: VerifyReport | undefined;
  readonly decisions: readonly Decision[];
}

/** Where the plan of a deploy can be read. */
export interface PlanRecord {
  readonly hash: string;
  readonly files: PlanFiles;
  /** How long the plan expects it to take at AWS; the one figure that every page gives for it. */
  readonly expected?: { readonly typicalSeconds: number; readonly longestSeconds: number };
}

/** The parts of a conclusion that nothing verified, and that rolled nothing back. */
export const UNVERIFIED = { rollback: undefined, verify: undefined };

/** A deploy from its preview to its end, the rollback included where there was one. */
export interface DeployRun extends Conclusion {
  readonly release: Release;
  /** What was live before; null for a first deploy. */
  readonly previous: Release | null;
  /** Undefined when it was refused before the checklist. */
  readonly preflight?: PreflightReport | undefined;
  /** Undefined when it was refused before the plan. */
  readonly plan?: PlanRecord | undefined;
  readonly deployment: Deployment;
}

/** A release as documents show it. */
type Described = Pick<Release, "id" | "gitSha" | "images">;

/** One resource operation as documents show it. */
export interface DocumentStep extends Omit<Step, "urn"> {
  /** It is one of those that decided when the update ended. */
  readonly critical?: true;
}

/** The one JSON document of a deploy, rehearsed or real; seconds are of the wall clock unless their name says model. */
export interface DeployDocument extends Outcome {
  readonly stack: string;
  readonly release: Described;
  /** The release that was live before; null for a first deploy. */
  readonly previous: Described | null;
  /** Of the deploy itself; a rollback has its own. */
  readonly steps: readonly DocumentStep[];
  readonly gates: readonly GateResult[];
  readonly decisions: readonly Decision[];
  /** Null when nothing was rolled back to. */
  readonly rollback: RollbackDocument | null;
  /** The checklist before it; null when the deploy was refused before. */
  readonly preflight: PreflightReport | null;
  /** What was planned and deployed; null when it was refused before. */
  readonly plan: PlanRecord | null;
  /** What was verified of the release once it was live; null for one that never was. */
  readonly verify: VerifyReport | null;
  readonly notifications: readonly Notification[];
  readonly policy: { readonly checked: number; readonly violations: readonly Violation[] };
  /** As the Kubernetes API reports the running pods at the end. */
  readonly live: LiveRelease;
  readonly timing: DeployTiming;
}

/** The rollback to the release before, and the proof that it serves again. */
export interface RollbackDocument {
  readonly release: Described;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly steps: readonly DocumentStep[];
  readonly gates: readonly GateResult[];
  readonly seconds: number;
}

export interface DeployTiming {
  readonly wallSeconds: number;
  /** From the end of the bad track's rollout until it was refused; null when nothing was. */
  readonly detectSeconds: number | null;
  /** From the decision to the end of the proof; null without a rollback. */
  readonly rollbackSeconds: number | null;
  readonly previewSeconds: number;
  readonly upSeconds: number;
}

/** What only who ran the deploy knows. */
export interface DeployCircumstances {
  readonly stack: string;
  readonly live: LiveRelease;
  readonly notifications: readonly Notification[];
  readonly wallSeconds: number;
  /** Of what is in the state; without them no step is known to be critical. */
  readonly dependencies?: Dependencies;
}

export function deployDocument(run: DeployRun, circumstances: DeployCircumstances): DeployDocument {
  const { outcome, exitCode, reason, release, previous, deployment, rollback, decisions } = run;
  const { stack, live, notifications, wallSeconds } = circumstances;
  const { preview, up, gates } = deployment;
  return {
    stack,
    outcome,
    exitCode,
    reason,
    release,
    previous,
    steps: stepsOf(up, circumstances.dependencies),
    gates,
    decisions,
    rollback: rollbackDocument(rollback),
    notifications,
    preflight: run.preflight ?? null,
    plan: run.plan ?? null,
    verify: run.verify ?? null,
    policy: (up ?? preview)?.policy ?? { checked: 0, violations: [] },
    live,
    timing: {
      wallSeconds,
      detectSeconds: detectSeconds(up),
      rollbackSeconds: rollback?.seconds ?? null,
      previewSeconds: preview?.seconds ?? 0,
      upSeconds: up?.seconds ?? 0,
    },
  };
}

/** What a document tells of a rollback; null without one. */
export function rollbackDocument(rollback: Rollback | undefined): RollbackDocument | null {
  if (rollback === undefined) return null;
  const { release, deployment, proof, verdict, reason, seconds } = rollback;
  const gates = [...(deployment?.gates ?? []), ...(proof?.gates ?? [])];
  return { release, verdict, reason, steps: stepsOf(deployment?.up), gates, seconds };
}

/** How long the refused part of a release had been out: from the end of the step before until the refusal. */
function detectSeconds(up: EngineResult | undefined): number | null {
  const refused = up?.steps.find(({ status }) => status === "failed");
  if (refused === undefined) return null;
  return (refused.endSeconds ?? refused.startSeconds) - refused.startSeconds;
}

/** The steps as a document shows them. */
function stepsOf(up: EngineResult | undefined, dependencies?: Dependencies): DocumentStep[] {
  const steps = up?.steps ?? [];
  const critical = dependencies === undefined ? undefined : criticalSteps(steps, dependencies);
  return steps.map((step) => {
    const { urn: _, ...shown } = step;
    return critical?.has(step) === true ? { ...shown, critical: true } : shown;
  });
}
