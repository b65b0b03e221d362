import type { GateResult, Verdict } from "../../gates/verdict.ts";
import { type Looked, lookSideBySide } from "../preflight/side-by-side.ts";
import type { Screen } from "../report/screen.ts";
import { budget, burns } from "./checks/budget.ts";
import { e2e } from "./checks/e2e.ts";
import { ReleaseObjectives } from "./checks/objectives.ts";
import { certificate, dns, outside } from "./checks/outside.ts";
import { pods } from "./checks/pods.ts";
import { cache, database, smoke } from "./checks/smoke.ts";
import { storm } from "./checks/storm.ts";
import { testProject } from "./checks/test-project.ts";
import { type Criterion, successTable } from "./success-table.ts";
import type { Verification, VerifyContext } from "./verification.ts";

/** All that was verified of a release; also the document of `--json`. */
export interface VerifyReport {
  readonly stack: string;
  readonly release: string;
  readonly outcome: "verified" | "unproven" | "failed";
  readonly exitCode: 0 | 1 | 3;
  readonly seconds: number;
  readonly checks: readonly Looked[];
  /** The objectives' counts and bounds; empty when they could not be judged. */
  readonly slos: readonly GateResult[];
  /** The runbook's success criteria. */
  readonly success: readonly Criterion[];
}

/** What is verified, in the order in which it is shown. */
export function verifications(objectives: ReleaseObjectives): readonly Verification[] {
  const reach = [pods, database, cache, dns, certificate, outside];
  return [...reach, smoke, e2e, testProject, ...objectives.checks, budget, ...burns, storm];
}

/** Verifies the release side by side, live on the screen; lasts as long as the slowest check and rejects only when aborted. */
export async function runVerify(
  context: VerifyContext,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<VerifyReport> {
  const { clock, config, stack } = context;
  const start = clock.now();
  const objectives = new ReleaseObjectives(context);
  // Where Storm runs elsewhere, the checklist looks at it before each deployment.
  const list = verifications(objectives).filter((each) => each !== storm || config.storm.inCluster === true);
  const checks = (await lookSideBySide("verify", list, context, { screen, signal })).map(unprovenWhereBlind);
  return {
    stack,
    release: config.release.id,
    ...ENDS[verdictOf(checks)],
    seconds: clock.now() - start,
    checks,
    slos: objectives.results,
    success: successTable(checks, config.objectives),
  };
}

const ENDS = {
  pass: { outcome: "verified", exitCode: 0 },
  inconclusive: { outcome: "unproven", exitCode: 3 },
  fail: { outcome: "failed", exitCode: 1 },
} as const;

/** What nobody could look at is not proven; it does not say that the release is not well. */
function unprovenWhereBlind(check: Looked): Looked {
  return check.isBlind === true ? { ...check, status: "warn" } : check;
}

/** `fail` when a check failed, `inconclusive` when one could not prove what it looks at, else `pass`. */
export function verdictOf(checks: readonly Pick<Looked, "status" | "advisory">[]): Exclude<Verdict, "error"> {
  if (checks.some(({ status }) => status === "fail")) return "fail";
  return checks.some(isUnproven) ? "inconclusive" : "pass";
}

function isUnproven({ status, advisory }: Pick<Looked, "status" | "advisory">): boolean {
  return status === "warn" && advisory !== true;
}

/** What did not pass, in one sentence; undefined when everything did. */
export function verifyProblem({ checks }: Pick<VerifyReport, "checks">): string | undefined {
  const verdict = verdictOf(checks);
  if (verdict === "pass") return undefined;
  const isWanted = verdict === "fail" ? ({ status }: Looked) => status === "fail" : isUnproven;
  const told = checks.filter(isWanted).map(({ title, reason }) => `${title}: ${reason}`);
  return told.join("; ");
}
