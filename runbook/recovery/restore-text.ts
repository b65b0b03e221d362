import { EXIT } from "../../shared/deploy-error.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { type DatabaseRestore, instanceNames, type Stage, timeOf } from "./restore-database.ts";

interface Intent {
  readonly stack: string;
  readonly at: number;
  readonly now: number;
  readonly stage: Stage;
}

const BEGUN: Readonly<Record<Exclude<Stage, "nothing">, string>> = {
  restored: "The instance was asked for already.",
  "between-names": "The names are half exchanged: the database has been unreachable since.",
  exchanged: "The restored instance serves already; the state does not name it yet.",
};

/** What will happen, and what is lost by it: what a person agrees to. */
export function restoreIntent({ stack, at, now, stage }: Intent): string {
  const { live, restored, before } = instanceNames(stack, at);
  const lost = duration(Math.max(0, now - at));
  return [
    `This takes the database of ${stack} back to ${timeOf(at)}, ${lost} ago:`,
    `  1. ${restored} is made beside the live instance and checked by drill.yaml; users are served meanwhile`,
    `  2. ${live} is renamed to ${before}, and ${restored} to ${live}: requests that need the database fail meanwhile`,
    "  3. the state names the restored instance; the next deployment sets its monitoring and maintenance window again",
    `Whatever was written to any table since then (${lost}, and until step 2) is only in ${before}, which stays and costs`,
    "as much as the live one until you delete it. Nothing is deleted.",
    ...(stage === "nothing" ? [] : [BEGUN[stage]]),
  ].join("\n");
}

/** What a restore came to, for a person. */
export function restoreText(document: DatabaseRestore, paint: Paint): string {
  const { stack, outcome, exitCode, failure, at, instances, checks, requests, next } = document;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = checks.map(({ name, passed, found, expected }) => {
    return `  ${passed ? paint.good("✓") : paint.bad("✗")} ${name}: ${found}; expected ${expected}`;
  });
  const counted = typeof requests === "string" ? `not known: ${requests}` : `${requests?.bad} of ${requests?.requests}`;
  return `${inColumns(
    [
      "",
      `${paint.strong(`database of ${stack}`)} as of ${at}: ${colour(outcome)} (exit ${exitCode})`,
      ...lines,
      ...(failure === null ? [] : [`  reason   ${failure.reason}: ${failure.message}`]),
      ...measured(document),
      ...(requests === null ? [] : [`  requests ${counted} failed, of users, during the recovery`]),
      ...(document.outageSeconds === null ? [] : [`  kept     ${instances.before}, with what was written since`]),
      `  next     ${next}`,
    ].join("\n"),
  )}\n`;
}

function measured({ recoverySeconds, outageSeconds, lostSeconds }: DatabaseRestore): string[] {
  const all = [
    ["recovered in", recoverySeconds],
    ["no database for", outageSeconds],
    ["not in use any more: the writes of", lostSeconds],
  ] as const;
  const known = all.flatMap(([what, seconds]) => (seconds === null ? [] : [`${what} ${duration(seconds)}`]));
  return known.length === 0 ? [] : [`  measured ${known.join("; ")}`];
}
