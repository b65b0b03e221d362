import { EXIT, type ExitCodeOf, isMistake } from "../../shared/deploy-error.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Plan } from "./plan.ts";
import type { PlanFiles } from "./plan-files.ts";
import { deployCommand, planFacts, riskCounts } from "./plan-text.ts";
import { RISK_TITLES } from "./planned.ts";

/** Done for a plan that can be approved, refused by a policy, a mistake in its config, or a preview that could not end. */
export function planExitCode({
  outcome,
  code,
  policy,
}: Pick<Plan, "outcome" | "code" | "policy">): ExitCodeOf<"done" | "refused" | "usage" | "outside"> {
  if (outcome === "succeeded") return EXIT.done.code;
  if (policy.violations.some(({ level }) => level === "mandatory")) return EXIT.refused.code;
  return isMistake(code) ? EXIT.usage.code : EXIT.outside.code;
}

/** The plan in a few lines for a terminal: what it is, where the report is, its hash and the next command. */
export function planSummary(plan: Plan, files: PlanFiles, paint: Paint): string {
  const width = Math.max(...planFacts(plan).map(([what]) => what.length));
  const isGood = planExitCode(plan) === EXIT.done.code;
  const loud = ["stateful", "disruptive"];
  const lines = [
    "",
    paint.strong(`Plan for ${plan.stack}`),
    ...planFacts(plan).map(([what, value]) => inColumns(`  ${what.padEnd(width)}  ${value}`)),
    "",
    ...riskCounts(plan).map(([risk, count]) => {
      const line = `  ${`${count}`.padStart(4)}  ${RISK_TITLES[risk]}`;
      return loud.includes(risk) ? paint.bad(line) : line;
    }),
    ...(plan.drift ?? []).map(({ name }) => paint.bad(`  changed by hand: ${name}`)),
    "",
    `Report: ${files.html}`,
    ...(isGood
      ? [`Hash:   ${plan.fingerprint.hash}`, `Next:   ${deployCommand(plan)}`]
      : [
          paint.bad("Cannot be deployed as it is: see the preview's reason above."),
          `Next:   fix that, then npx sparki plan --stack ${plan.stack}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
