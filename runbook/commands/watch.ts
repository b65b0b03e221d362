import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Watches what was promoted for its first day: every 5 minutes for an hour, every 15 minutes to 4
hours, every hour to 24 hours. A problem is checked again a minute later.

Each check covers error rate and latency by the gate's statistics, burn rates, error budget, a
comparison with what the release's gates measured when it was promoted, pods and restarts, ERROR
log lines, the public entrance through DNS and TLS, and dashboards. The decision tree judges the
result: more than 1 % of requests failing for 5 minutes means a rollback, other missed objectives
page a person. Without --yes a rollback is only reported. Time counts from the promotion, by the
stack's history: a watch that is started later, or again, continues where it should be. Ctrl-C
ends it with a summary.

${exitCodesText({
  done: "watched for the whole first day, healthy throughout",
  refused: "rolled back",
  usage: "nothing was promoted",
  held: "anomalies that persisted, or not enough requests",
  outside: "a check could not run, or interrupted",
  rollback: "the rollback failed",
})}

Examples:
  npx sparki watch                          reports, and changes nothing
  npx sparki watch --yes                    rolls back by itself
  npx sparki watch --once --json            one check, for a schedule in CI (docs/watch.md)`;

/** `sparki watch`: looks at a promoted release for a day, and does what the decision tree says. */
export const watch: Command = {
  name: "watch",
  summary: "watch a promoted release for its first day",
  description: DESCRIPTION,
  options: [{ flags: "--once", help: "check once and exit" }],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const { lineProgress } = await import("../../tools/progress.ts");
  const { resolveTools } = await import("../../tools/resolve.ts");
  const { openTarget } = await import("../deploy/real-target.ts");
  const { timeScaleOf } = await import("../../gates/live/pace.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { openWatch, readPromoted } = await import("../watch/open-watch.ts");
  const { runWatch, watchText } = await import("../watch/watch-run.ts");
  const { clock, env, signal, stderr } = ports;
  const tools = await resolveTools(["pulumi", "helm"], { env, progress: lineProgress(stderr), signal });
  const screen = await openScreen(ports);
  const target = await openTarget(options.stack, ports, screen, false);
  try {
    const promoted = await readPromoted(target);
    if (promoted === undefined) throw nothingPromoted(target.stack);
    const timeScale = timeScaleOf(env);
    const isTerminal = "isTTY" in stderr && stderr.isTTY === true && !env.CI;
    const watched = openWatch(target, { tools, timeScale, config: await target.config(), isTerminal });
    screen.line(screen.paint.strong(`• watch ${promoted.release.id} on ${target.stack}`));
    const settings = { isOnce: options.once === true, mayRollBack: options.yes === true, timeScale, clock, signal };
    const done = await runWatch(promoted, watched, settings);
    stderr.write(watchText(done, target.stack, screen.paint));
    const notifications = await target.notifications.all();
    return { exitCode: done.exitCode, json: { stack: target.stack, ...done, notifications } };
  } finally {
    await target.close();
  }
}

function nothingPromoted(stack: string): DeployError {
  return new DeployError("SPARKI_USAGE", `nothing was ever promoted on ${stack}: there is nothing to watch`, {
    hint: `npx sparki deploy --stack ${stack}`,
  });
}
