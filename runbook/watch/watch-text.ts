import { percent } from "../../gates/gate.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { WatchLook } from "./look.ts";
import { budgetText } from "./traffic.ts";
import type { WatchRun } from "./watch-run.ts";

/** A word for each verdict, so that nothing is told by colour alone. */
export const WORDS = { pass: "✓ well", inconclusive: "- open", error: "! BLIND", fail: "✗ BAD" } as const;

/** A look as a person reads it: when, how it was, what is wrong, and what is decided. */
export function lookLines(look: WatchLook, nextSeconds: number | undefined, paint: Paint): string[] {
  const { verdict, elapsedSeconds, problems, decision } = look;
  const isBad = verdict === "fail" || verdict === "error";
  const word = isBad ? paint.bad(WORDS[verdict]) : verdict === "pass" ? paint.good(WORDS.pass) : WORDS[verdict];
  const next = nextSeconds === undefined ? "" : `; next at T+${duration(nextSeconds)}`;
  const told = problems.length === 0 ? [] : problems.map((problem) => `      ${problem}`);
  const isPlain = decision.action === "proceed" || (decision.action === "wait" && problems.length === 0);
  const action = isPlain ? [] : [`      → ${decision.action}: ${decision.reason}`];
  const lines = [`  ${word}  T+${duration(elapsedSeconds)}  ${summary(look)}${next}`, ...told, ...action];
  return lines.flatMap((line) => inColumns(line).split("\n"));
}

/** What the newest requests and the checks said. */
export function summary({ rows, checks, budgetLeft }: WatchLook): string {
  const errors = rows.find(({ objective }) => objective.startsWith("errors"));
  const isSilent = errors?.verdict === "error";
  const ratio =
    errors === undefined || errors.measured === null
      ? "no requests"
      : `${percent(errors.measured)} of ${errors.requests} failed`;
  const passed = checks.filter(({ status }) => status === "pass").length;
  const looked = checks.filter(({ status }) => status !== "skipped").length;
  const counted = isSilent ? "requests not counted" : `${ratio}, ${budgetText({ budgetLeft })}`;
  return `${counted}, ${passed} of ${looked} checks`;
}

/** The end of a watch: what it came to, and how often it was how. */
export function watchText(run: WatchRun, stack: string, paint: Paint): string {
  const { outcome, exitCode, reason, release, looks } = run;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const counts = Map.groupBy(looks, ({ verdict }) => WORDS[verdict].slice(2).toLowerCase());
  const told = [...counts].map(([word, all]) => `${all.length} ${word}`).join(", ") || "none";
  const head = `${paint.strong(`watch ${stack} ${release.id}`)}: ${colour(outcome)} (exit ${exitCode})`;
  return inColumns(`\n${head}\n${reason}\n  looks: ${told}\n`);
}
