import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";
import type { Topic } from "../diagnosis/examination.ts";

const DESCRIPTION = `Runs the troubleshooting guide for you, and changes nothing.

Checks pods, events, log lines, limits and usage, secrets, security groups, connections, the
cache, error rates and latency, all at once. The likely cause comes first, with its
evidence and the next command; possible consequences come after it.

${exitCodesText({
  done: "nothing is wrong",
  refused: "something is wrong",
  usage: "usage or config",
  outside: "something could not be checked, and nothing else is wrong",
})}

Examples:
  npx sparki diagnose                       everything
  npx sparki diagnose database              connections refused or failing
  npx sparki diagnose latency --json`;

/** `sparki diagnose`: what is wrong, the likely cause first. */
export const diagnose: Command = {
  name: "diagnose",
  summary: "the troubleshooting guide, run for you",
  description: DESCRIPTION,
  arguments: [{ name: "topic", required: false, help: "database, errors or latency; all of them when left out" }],
  run,
};

async function run({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const { TOPICS } = await import("../diagnosis/examination.ts");
  const topics = args[0] === undefined ? TOPICS : [topicOf(args[0], TOPICS)];
  const { diagnose: examine, diagnosisText, EXAMINATIONS } = await import("../diagnosis/diagnose.ts");
  const { openPrometheus } = await import("../../io/prometheus.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { readStack } = await import("../preflight/stack-file.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { signal, stderr } = ports;
  const { stack, fullName, config } = readStack(options.stack, ports);
  const opened = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  try {
    const screen = await openScreen(ports);
    const metrics = openPrometheus(opened.network, config.storm.prometheusUrl);
    const context = { ...opened.context, metrics };
    const found = await examine(context, { topics, examinations: EXAMINATIONS }, screen, signal);
    stderr.write(diagnosisText(found, screen.paint));
    return { exitCode: found.exitCode, json: found };
  } finally {
    await opened.close();
  }
}

function topicOf(text: string, topics: readonly Topic[]): Topic {
  const found = topics.find((topic) => topic === text);
  if (found !== undefined) return found;
  throw new DeployError(
    "SPARKI_USAGE",
    `there is no topic ${JSON.stringify(text)}; expected one of ${topics.join(", ")}`,
    {
      hint: "npx sparki diagnose --help",
    },
  );
}
