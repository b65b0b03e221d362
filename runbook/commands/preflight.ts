import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandOption, type CommandResult, exitCodesText } from "../command.ts";
import type { Answers, Confirmation, Question } from "../preflight/context.ts";
import { STEPS, stepNamed, stepsText } from "../preflight/phases/steps.ts";

const DESCRIPTION = `Goes through the runbook's checklist before a deployment, and changes nothing.

Every item is a check that passes, warns, fails with how to fix it, or is skipped with the
reason; they run side by side, each with a time limit. Two things only a person can confirm:
that the engineers on call are confirmed, and that the maintenance window is announced. The
command asks for them, or takes them as flags without an interactive terminal.

Reads AWS credentials as the AWS command line does, and other credentials from the environment:
SPARKI_REGISTRY_TOKEN, GITHUB_TOKEN, SPARKI_STORM_TOKEN, SPARKI_SLACK_TOKEN or _WEBHOOK.

With --phase it checks one step of docs/bootstrap.md instead, by its number or its name: what the step must have left
behind. What cannot be checked from here is unknown, and counts as not done.

${stepsText()}

${exitCodesText({
  done: "nothing failed; with --phase: the step is done",
  refused: "a check failed; with --phase: the step is open or unknown",
  usage: "its config is wrong",
})}

Examples:
  npx sparki preflight
  npx sparki preflight --phase 5
  npx sparki preflight --phase delivery --json
  npx sparki preflight --stack staging --on-call-confirmed --window-announced --json`;

const QUESTIONS: Readonly<Record<Question, { readonly option: string; readonly asked: string }>> = {
  "on-call-confirmed": { option: "onCallConfirmed", asked: "Are the engineers on call confirmed and briefed?" },
  "window-announced": {
    option: "windowAnnounced",
    asked: "Is the maintenance window announced, and does support know?",
  },
};

/** What only a person knows, as flags; `answersTo` reads them. */
export const CONFIRMATIONS: readonly CommandOption[] = [
  { flags: "--on-call-confirmed", help: "the engineers on call are confirmed and briefed" },
  { flags: "--window-announced", help: "the maintenance window is announced, and support knows" },
];

/** What only a person knows of an update that was killed; `providersSince` reads it. */
export const ABANDONED: CommandOption = {
  flags: "--abandoned",
  help: "the machine of an update that was killed is gone: do not wait for its Helm operations",
};

/** `sparki preflight`: the checklist before a deployment, and what of it failed. */
export const preflight: Command = {
  name: "preflight",
  summary: "run the runbook's checklist, each item an automatic check with its reason",
  description: DESCRIPTION,
  options: [
    { flags: "--phase <step>", help: "check one step of docs/bootstrap.md, by its number or its name" },
    ...CONFIRMATIONS,
  ],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  if (options.phase !== undefined) return checkPhase(String(options.phase), { options, ports });
  const { CHECKLIST } = await import("../preflight/checklist.ts");
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { preflightText, runPreflight } = await import("../preflight/check.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { signal, stderr } = ports;
  const { stack, fullName, config } = readStack(options.stack, ports);
  const answers = await answersTo(options, signal);
  const opened = await openOwnPreflight({ stack, fullName, config, answers }, ports);
  try {
    const screen = await openScreen(ports);
    const report = await runPreflight(opened.context, CHECKLIST, screen, signal);
    stderr.write(preflightText(report, screen.paint));
    return { exitCode: report.exitCode, json: report };
  } finally {
    await opened.close();
  }
}

/** One step of docs/bootstrap.md; throws SPARKI_USAGE for a step that the page does not have. */
async function checkPhase(
  named: string,
  { options, ports }: Pick<CommandInput, "options" | "ports">,
): Promise<CommandResult> {
  const step = stepNamed(named);
  if (step === undefined)
    throw new DeployError(
      "SPARKI_USAGE",
      `--phase is ${JSON.stringify(named)}; expected 1 to ${STEPS.length} or one of ${STEPS.map(({ id }) => id).join(", ")}`,
      { hint: "npx sparki preflight --help lists the steps" },
    );
  const { readStack } = await import("../preflight/stack-file.ts");
  const { openPhases } = await import("../preflight/phases/open-phases.ts");
  const { phaseText, runPhase } = await import("../preflight/phases/phases.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { signal, stderr } = ports;
  const { stack, fullName, config } = readStack(options.stack, ports);
  const answers = step.id === "checklist" ? await answersTo(options, signal) : NOBODY_ASKED;
  const opened = await openPhases({ stack, fullName, config, answers }, ports);
  try {
    const screen = await openScreen(ports);
    const report = await runPhase(step.id, opened.context, screen, signal);
    stderr.write(phaseText(report, screen.paint));
    return { exitCode: report.exitCode, json: report };
  } finally {
    await opened.close();
  }
}

/** What the flags say; a person is asked for the rest. */
export async function answersTo(options: CommandInput["options"], signal: AbortSignal): Promise<Answers> {
  const answer = async (question: Question): Promise<Confirmation> => {
    const { option, asked } = QUESTIONS[question];
    if (options[option] === true) return { confirmed: true, how: "flag" };
    const { askYesNo } = await import("../../io/prompt.ts");
    const said = await askYesNo(asked, signal);
    return said === undefined ? { confirmed: false, how: "nobody to ask" } : { confirmed: said, how: "asked" };
  };
  const onCall = await answer("on-call-confirmed");
  return { "on-call-confirmed": onCall, "window-announced": await answer("window-announced") };
}
