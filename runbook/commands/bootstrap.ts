import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import { stepsText } from "../preflight/phases/steps.ts";

const DESCRIPTION = `Takes an account from empty to deployments from CI, by the list in docs/bootstrap.md.

It checks which steps are done, does those that code can do (5, 7, 8 and 10) after asking, and stops at the first
one that a person has to do: it says who, what, and how to check it. It writes nothing down: where the account is
follows from the checks alone, so an interrupted run continues when the same command is run again.

${stepsText()}

PULUMI_BACKEND_URL names the backend of the states; without it that is the bucket that delivery makes.

${exitCodesText({
  done: "every step is done",
  usage: "usage or config, or not confirmed",
  held: "a step is left for a person, or could not be checked",
  outside: "an external failure, or interrupted; the same command continues",
})}

Examples:
  npx sparki bootstrap --dry-run
  npx sparki bootstrap --stack staging
  npx sparki bootstrap --dry-run --json`;

/** `sparki bootstrap`: from an empty account to deployments from CI, as far as code can. */
export const bootstrap: Command = {
  name: "bootstrap",
  summary: "take an empty account to deployments from CI, step by step",
  description: DESCRIPTION,
  options: [{ flags: "--dry-run", help: "only show which steps are done" }],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { join } = await import("node:path");
  const { assertSomebody, confirm } = await import("../../io/prompt.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openPhases } = await import("../preflight/phases/open-phases.ts");
  const { actRunner, bootstrapText, runBootstrap, Survey } = await import("../bootstrap/bootstrap-run.ts");
  const { CHECKOUT_DIRECTORY } = await import("../project.ts");
  const { timeScaleOf } = await import("../../gates/live/pace.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { signal, stderr, env, clock } = ports;
  const { stack, fullName, config } = readStack(options.stack, ports);
  const opened = await openPhases({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  try {
    const screen = await openScreen(ports);
    const agree = async (question: string) => {
      if (options.yes === true) return;
      assertSomebody();
      await confirm(question, signal);
    };
    const { context, pulumi } = opened;
    const logDirectory = join(CHECKOUT_DIRECTORY, ".sparki", "bootstrap");
    const acting = {
      context,
      signal,
      agree,
      scratch: join(logDirectory, "state"),
      timeScale: timeScaleOf(env),
      say: (text: string) => stderr.write(`${text}\n`),
    };
    const act = { ...acting, run: actRunner({ pulumi, env, logDirectory, clock, screen }, acting) };
    const survey = new Survey(context, screen, signal);
    const report = await runBootstrap(survey, act, { isDry: options.dryRun === true });
    stderr.write(bootstrapText(report, screen.paint));
    return { exitCode: report.exitCode, json: report };
  } finally {
    await opened.close();
  }
}
