import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Shows a stack's state on one screen: what is live and since when, what users see now, whether
deployments are refused and why, who is changing it now, what was done last, who is on call, and what
to do next. It checks once as \`sparki watch\` does, and changes nothing.

${exitCodesText({
  done: "live and healthy",
  refused: "live but unhealthy",
  usage: "usage or config",
  held: "not enough requests to decide, or nothing is live",
  outside: "a check could not run",
  rollback: "frozen: a rollback was not proven",
})}

Examples:
  npx sparki status
  npx sparki status --stack staging --json`;

/** `sparki status`: how a stack is now, and what to do next. */
export const status: Command = {
  name: "status",
  summary: "the stack's state on one screen, and what to do next",
  description: DESCRIPTION,
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { resolveTools } = await import("../../tools/resolve.ts");
  const { openTarget } = await import("../deploy/real-target.ts");
  const { timeScaleOf } = await import("../../gates/live/pace.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { readStatus } = await import("../status/read-status.ts");
  const { statusText } = await import("../status/status.ts");
  const { env, signal, stderr } = ports;
  const tools = await resolveTools(["pulumi", "helm"], { env, progress: lineProgress(stderr), signal });
  const screen = await openScreen(ports);
  const target = await openTarget(options.stack, ports, screen, false);
  try {
    const found = await readStatus(target, { tools, timeScale: timeScaleOf(env) });
    stderr.write(statusText(found, screen.paint));
    return { exitCode: found.exitCode, json: found };
  } finally {
    await target.close();
  }
}
