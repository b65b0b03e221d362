import { type Command, type CommandInput, type CommandOption, type CommandResult, exitCodesText } from "../command.ts";
import type { Answers, Confirmation, Question } from "../preflight/context.ts";

const DESCRIPTION = `Goes through the runbook's checklist before a deployment, and changes nothing.

Every item is a check that passes, warns, fails with how to fix it, or is skipped with the
reason; they run side by side, each with a time limit. Two things only a person can confirm:
that the engineers on call are confirmed, and that the maintenance window is announced. The
command asks for them, or takes them as flags without an interactive terminal.

Reads AWS credentials as the AWS command line does, and other credentials from the environment:
SPARKI_REGISTRY_TOKEN, GITHUB_TOKEN, SPARKI_STORM_TOKEN, SPARKI_SLACK_TOKEN or _WEBHOOK.

${exitCodesText({
  done: "nothing failed",
  refused: "a check failed",
  usage: "its config is wrong",
})}

Examples:
  npx sparki preflight
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

/** `sparki preflight`: the checklist before a deployment, and what of it failed. */
export const preflight: Command = {
  name: "preflight",
  summary: "run the runbook's checklist, each item an automatic check with its reason",
  description: DESCRIPTION,
  options: CONFIRMATIONS,
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { CHECKLIST } = await import("../preflight/checklist.ts");
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { preflightText } = await import("../preflight/preflight-text.ts");
  const { runPreflight } = await import("../preflight/side-by-side.ts");
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
