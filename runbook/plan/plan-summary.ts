import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Plan } from "./plan.ts";
import type { PlanFiles } from "./plan-files.ts";
import { deployCommand, planFacts, riskCounts } from "./plan-text.ts";
import { RISK_TITLES } from "./risk.ts";

/** 0 a plan that can be approved; 1 a policy refuses it; 2 its config does; 4 the preview could not end. */
export function planExitCode({
  outcome,
  failure = "",
  policy,
}: Pick<Plan, "outcome" | "failure" | "policy">): 0 | 1 | 2 | 4 {
  if (outcome === "succeeded") return 0;
  if (policy.violations.some(({ level }) => level === "mandatory")) return 1;
  return /SPARKI_(CONFIG|USAGE)/.test(failure) ? 2 : 4;
}

/** The plan in a few lines for a terminal: what it is, where the report is, its hash and the next command. */
export function planSummary(plan: Plan, files: PlanFiles, paint: Paint): string {
  const width = Math.max(...planFacts(plan).map(([what]) => what.length));
  const isGood = planExitCode(plan) === 0;
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
          paint.bad("Not to be deployed as it is: see the preview's reason above."),
          `Next:   mend that, then npx sparki plan --stack ${plan.stack}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
