import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, type ExitCodeOf, messageOf } from "../../shared/deploy-error.ts";
import { duration } from "../report/columns.ts";
import type { Screen } from "../report/screen.ts";
import { type Check, type Finding, fail, type Look } from "./check.ts";
import type { Answers, PreflightContext } from "./context.ts";

/** What was found of one thing, with its name. */
export interface EndedCheck extends Finding {
  readonly id: string;
  readonly title: string;
  readonly seconds: number;
  /** It failed because nobody could look: it says nothing about what it was to look at. */
  readonly isBlind?: true;
}

type Found = Omit<EndedCheck, "id" | "title" | "seconds">;

const MAX_RUNNING = 12;

/** One machine that is all of AWS, the cluster and every service, and may do other things, answers so much more slowly. */
const REHEARSED_LIMIT = 4;

/**
 * Looks at everything side by side, live on the screen under the name; resolves with the findings in the order of the
 * looks, after as long as the slowest one, and rejects only when aborted.
 */
export async function runSideBySide<Context extends { readonly clock: Clock }>(
  name: string,
  looks: readonly Look<Context>[],
  context: Context,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<EndedCheck[]> {
  const { clock } = context;
  const start = clock.now();
  const running = new Set(looks);
  const region = () => {
    const lines = [...running].slice(0, MAX_RUNNING).map(({ title }) => `    ${title}`);
    const done = looks.length - running.size;
    return [`  ${name}: ${duration(clock.now() - start)}, ${done} of ${looks.length} done`, ...lines];
  };
  const end = screen.region(region);
  try {
    const found = await Promise.all(
      looks.map(async (look) => {
        const finding = await withinLimit(look, context, signal);
        running.delete(look);
        return { id: look.id, title: look.title, ...finding, seconds: clock.now() - start };
      }),
    );
    signal.throwIfAborted();
    return found;
  } finally {
    end();
  }
}

/** The finding, or that it took too long: a look that ignores its signal holds nobody up. */
async function withinLimit<Context extends { readonly clock: Clock }>(
  look: Look<Context>,
  context: Context,
  signal: AbortSignal,
): Promise<Found> {
  const over = new AbortController();
  const limit = context.clock.sleep(look.timeLimitSeconds, AbortSignal.any([over.signal, signal])).then(
    () =>
      blind(
        `not finished within ${duration(look.timeLimitSeconds)}`,
        "run it again; check whether the service responds",
      ),
    () => blind("interrupted", "run it again"),
  );
  const stop = new AbortController();
  const work = lookedAt(look, context, AbortSignal.any([stop.signal, signal]));
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
    stop.abort();
  }
}

async function lookedAt<Context>(look: Look<Context>, context: Context, signal: AbortSignal): Promise<Found> {
  try {
    return await look.run(context, signal);
  } catch (error) {
    const reason = messageOf(error);
    const hint = error instanceof DeployError ? error.hint : undefined;
    return blind(`could not check: ${reason}`, hint ?? "fix the cause that the reason names, then run it again");
  }
}

function blind(reason: string, fix: string): Found {
  return { ...fail(reason, fix), isBlind: true };
}

/** A check with what it found. */
export interface CheckResult extends EndedCheck {
  readonly group: Check["group"];
}

/** The whole checklist with what was found; also the document of `--json`. */
export interface PreflightReport {
  readonly stack: string;
  readonly release: string;
  /** Passed as long as nothing failed; what was skipped or warned of is in the checks. */
  readonly outcome: "passed" | "failed";
  readonly exitCode: ExitCodeOf<"done" | "refused">;
  readonly seconds: number;
  readonly checks: readonly CheckResult[];
  /** What people confirmed, and how. */
  readonly confirmations: Answers;
}

/** Runs all checks side by side, live on the screen; lasts as long as the slowest one and rejects only when aborted. */
export async function runPreflight<Context extends PreflightContext>(
  context: Context,
  checks: readonly (Look<Context> & Pick<Check, "group">)[],
  screen: Screen,
  signal: AbortSignal,
): Promise<PreflightReport> {
  const { clock, config, stack, answers } = context;
  const start = clock.now();
  const factor = context.isRehearsal ? REHEARSED_LIMIT : 1;
  const limited = checks.map((check) => ({ ...check, timeLimitSeconds: check.timeLimitSeconds * factor }));
  const looked = await runSideBySide("preflight", limited, context, { screen, signal });
  const failed = looked.some(({ status }) => status === "fail");
  return {
    stack,
    release: config.release.id,
    outcome: failed ? "failed" : "passed",
    exitCode: (failed ? EXIT.refused : EXIT.done).code,
    seconds: clock.now() - start,
    checks: checks.flatMap(({ group }, index) => {
      const found = looked[index];
      return found === undefined ? [] : [{ group, ...found }];
    }),
    confirmations: answers,
  };
}
