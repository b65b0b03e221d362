import { stateWord, todoLines } from "../preflight/phases/phase-report.ts";
import { findingLines } from "../preflight/preflight-text.ts";
import type { Paint } from "../report/screen.ts";
import type { BootstrapReport } from "./bootstrap-run.ts";
import type { SurveyedStep } from "./survey.ts";

/** The list as a person reads it: a line a step, what is wrong with those that are not done, and what comes next. */
export function bootstrapText({ stack, steps, next }: BootstrapReport, paint: Paint): string {
  const lines = steps.flatMap((step) => stepLines(step, paint));
  const end =
    next === null
      ? [paint.good(`All ${steps.length} steps are done: ${stack} is deployed from CI.`)]
      : [paint.strong(`Next is step ${next.number}:`), ...todoLines(next.id, stack)];
  return `${[...lines, "", ...end].join("\n")}\n`;
}

function stepLines({ number, title, state, waitsFor, checks }: SurveyedStep, paint: Paint): string[] {
  const waits = waitsFor.length === 0 ? "" : `, after step ${waitsFor.join(" and ")}`;
  const head = `  ${String(number).padStart(2)}  ${title}: ${stateWord(state, paint)}${waits}`;
  const wrong = checks.filter(({ status }) => status === "fail" || (status === "skipped" && state === "unknown"));
  return [head, ...wrong.flatMap((check) => findingLines(check, paint)).map((line) => `  ${line}`)];
}
