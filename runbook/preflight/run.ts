import { DeployError } from "../../stacks/deploy-error.ts";
import { duration } from "../report/duration.ts";
import type { Screen } from "../report/screen.ts";
import { type Check, type Finding, fail } from "./check.ts";
import type { Answers, PreflightContext } from "./context.ts";

/** A check with what it found. */
export interface CheckResult extends Finding {
  readonly id: string;
  readonly group: Check["group"];
  readonly title: string;
  readonly seconds: number;
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

const MAX_RUNNING = 12;

/** Runs all checks side by side, live on the screen; lasts as long as the slowest one and rejects only when aborted. */
export async function runPreflight(
  context: PreflightContext,
  checks: readonly Check[],
  screen: Screen,
  signal: AbortSignal,
): Promise<PreflightReport> {
  const { clock, stack } = context;
  const start = clock.now();
  const running = new Set<Check>(checks);
  const end = screen.region(() => regionOf(running, checks.length, clock.now() - start));
  const runOne = async (check: Check) => {
    const result = await resultOf(check, context, signal);
    running.delete(check);
    return result;
  };
  try {
    const results = await Promise.all(checks.map(runOne));
    signal.throwIfAborted();
    const failed = results.some(({ status }) => status === "fail");
    return {
      stack,
      release: context.config.release.id,
      outcome: failed ? "failed" : "passed",
      exitCode: failed ? 1 : 0,
      seconds: clock.now() - start,
      checks: results,
      confirmations: context.answers,
    };
  } finally {
    end();
  }
}

async function resultOf(check: Check, context: PreflightContext, signal: AbortSignal): Promise<CheckResult> {
  const start = context.clock.now();
  const finding = await withinLimit(check, context, signal);
  const { id, group, title } = check;
  return { id, group, title, ...finding, seconds: context.clock.now() - start };
}

/** The check's finding, or that it took too long: one that ignores its signal holds nobody up. */
async function withinLimit(check: Check, context: PreflightContext, signal: AbortSignal): Promise<Finding> {
  const over = new AbortController();
  const limit = context.clock.sleep(check.timeLimitSeconds, AbortSignal.any([over.signal, signal])).then(
    () =>
      fail(`not finished within ${duration(check.timeLimitSeconds)}`, "run it again; see whether the service answers"),
    () => fail("interrupted", "run it again"),
  );
  const stop = new AbortController();
  const work = lookedAt(check, context, AbortSignal.any([stop.signal, signal]));
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
    stop.abort();
  }
}

async function lookedAt(check: Check, context: PreflightContext, signal: AbortSignal): Promise<Finding> {
  try {
    return await check.run(context, signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = error instanceof DeployError ? error.hint : undefined;
    return fail(`could not look: ${reason}`, hint ?? "mend what the reason names, then run it again");
  }
}

function regionOf(running: ReadonlySet<Check>, count: number, seconds: number): string[] {
  const lines = [...running].slice(0, MAX_RUNNING).map(({ title }) => `    ${title}`);
  return [`  preflight: ${duration(seconds)}, ${count - running.size} of ${count} done`, ...lines];
}
