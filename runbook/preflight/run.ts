import type { Screen } from "../report/screen.ts";
import type { Check } from "./check.ts";
import type { Answers, PreflightContext } from "./context.ts";
import { type Looked, lookSideBySide } from "./side-by-side.ts";

/** A check with what it found. */
export interface CheckResult extends Looked {
  readonly group: Check["group"];
}

/** The whole checklist with what was found; also the document of `--json`. */
export interface PreflightReport {
  readonly stack: string;
  readonly release: string;
  /** Passed as long as nothing failed; what was skipped or warned of is in the checks. */
  readonly outcome: "passed" | "failed";
  readonly exitCode: 0 | 1;
  readonly seconds: number;
  readonly checks: readonly CheckResult[];
  /** What people confirmed, and how. */
  readonly confirmations: Answers;
}

/** Runs all checks side by side, live on the screen; lasts as long as the slowest one and rejects only when aborted. */
export async function runPreflight(
  context: PreflightContext,
  checks: readonly Check[],
  screen: Screen,
  signal: AbortSignal,
): Promise<PreflightReport> {
  const { clock, config, stack, answers } = context;
  const start = clock.now();
  const looked = await lookSideBySide("preflight", checks, context, { screen, signal });
  const failed = looked.some(({ status }) => status === "fail");
  return {
    stack,
    release: config.release.id,
    outcome: failed ? "failed" : "passed",
    exitCode: failed ? 1 : 0,
    seconds: clock.now() - start,
    checks: checks.flatMap(({ group }, index) => {
      const found = looked[index];
      return found === undefined ? [] : [{ group, ...found }];
    }),
    confirmations: answers,
  };
}
