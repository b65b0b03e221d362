import type { Decision } from "../../gates/tree.ts";
import type { Verdict } from "../../gates/verdict.ts";
import type { Release } from "../../stacks/schema.ts";
import type { PlanFiles } from "../plan/plan-files.ts";
import type { PreflightReport } from "../preflight/side-by-side.ts";
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
