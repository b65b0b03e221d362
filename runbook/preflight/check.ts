import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, type ExitCodeOf, messageOf } from "../../shared/deploy-error.ts";
import { duration } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import type { Answers, PreflightContext } from "./context.ts";

/** The parts of the runbook's checklist, in its order. */
export const GROUPS = ["Infrastructure", "Application", "Communication", "Observability"] as const;

export type Group = (typeof GROUPS)[number];

/** Skipped means that there is nothing to look at yet, or no means to look; only `fail` stops a deployment. */
export type Status = "pass" | "warn" | "fail" | "skipped";

/** What one look came to; the reason says what was found, the fix is what to do about it. */
export interface Finding {
  readonly status: Status;
  readonly reason: string;
  readonly fix?: string;
  /** A warning about how it was checked: what it checked is proven well. */
  readonly advisory?: true;
  /** What the finding rests on, such as log lines, each shortened. */
  readonly evidence?: readonly string[];
}

/** One line of the checklist as a value. */
export interface Check extends Look<PreflightContext> {
  /** Stable, for the JSON document and the docs. */
  readonly id: string;
  readonly group: Group;
  /** One sentence for the docs: what holds when it passes. */
  readonly proves: string;
}

export function pass(reason: string): Finding {
  return { status: "pass", reason };
}

export function skipped(reason: string): Finding {
  return { status: "skipped", reason };
}

export function warn(reason: string, fix: string): Finding {
  return { status: "warn", reason, fix };
}

export function fail(reason: string, fix: string): Finding {
  return { status: "fail", reason, fix };
}

/** One thing to look at, with the longest that it may take. */
export interface Look<Context> {
  /** Stable, for the JSON document and the docs. */
  readonly id: string;
  readonly title: string;
  /** After this it has failed, whatever it still waits for. */
  readonly timeLimitSeconds: number;
  /** Resolves with what was found; a rejection counts as a failure with its message. `signal` aborts at the time limit. */
  run(context: Context, signal: AbortSignal): Promise<Finding>;
}

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

interface Titled extends Finding {
  readonly title: string;
}

const WIDTH = 80;
const INDENT = 10;

/** A word for each status, so that nothing is told by colour or sign alone. */
const WORDS: Readonly<Record<Status, string>> = { pass: "✓ pass", warn: "! warn", fail: "✗ FAIL", skipped: "- skip" };

/** The checklist as a table for a person: by group, every check with what was found and how to fix it. */
export function preflightText(report: PreflightReport, paint: Paint): string {
  const groups = GROUPS.map((group) => {
    const own = report.checks.filter((check) => check.group === group);
    return own.length === 0 ? [] : ["", paint.strong(group), ...own.flatMap((check) => findingLines(check, paint))];
  });
  return `${[...groups.flat(), "", summary(report, paint)].join("\n")}\n`;
}

/** One finding with its title: a word for its status, the reason, what it rests on, and how to fix it. */
export function findingLines({ status, title, reason, fix, evidence = [] }: Titled, paint: Paint): string[] {
  const word = status === "fail" ? paint.bad(WORDS.fail) : status === "pass" ? paint.good(WORDS.pass) : WORDS[status];
  const [first = "", ...rest] = wrap(`${title}: ${reason}`);
  const fixes = fix === undefined ? [] : wrap(`fix: ${fix}`);
  const told = evidence.flatMap((line) => wrap(`- ${line}`));
  return [`  ${word}  ${first}`, ...[...rest, ...told, ...fixes].map((line) => `${" ".repeat(INDENT)}${line}`)];
}

function summary({ checks, outcome, seconds, stack }: PreflightReport, paint: Paint): string {
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  const counts = `${count("pass")} passed, ${count("warn")} warned, ${count("skipped")} skipped, ${count("fail")} failed`;
  const verdict =
    outcome === "passed" ? paint.good(`Preflight of ${stack} passed`) : paint.bad(`Preflight of ${stack} failed`);
  const next = outcome === "passed" ? "" : "\nNothing was changed. Fix what failed, then run it again.";
  return `${verdict}: ${counts}, in ${duration(seconds)}.${next}`;
}

/** Lines that fit, beside a finding's indent unless told otherwise; a word that is too long by itself, such as an ARN, is left whole for copying. */
export function wrap(text: string, width = WIDTH - INDENT): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(" ")) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}
