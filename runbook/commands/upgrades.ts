import { DeployError } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Lists what ends when in a stack, the soonest first, and what to do before: the versions of Kubernetes,
PostgreSQL and Redis by AWS's dates, the age of passwords and of the restore tests, exemptions and
approvals. It reads the stack's config and the facts in this repository; it works offline, and changes
nothing.

${exitCodesText({
  done: "nothing ends soon",
  refused: "something has ended, ends soon, or its end is not known",
  usage: "usage or config",
})}

Examples:
  npx sparki upgrades
  npx sparki upgrades --within 60 --json     for a schedule in CI`;

const DAYS = "30";

/** `sparki upgrades`: what of a stack ends when, and what to do before. */
export const upgrades: Command = {
  name: "upgrades",
  summary: "when versions, passwords and exemptions end, and what to do before",
  description: DESCRIPTION,
  options: [{ flags: "--within <days>", help: "treat as due what ends within this many days", default: DAYS }],
  run,
};

async function run({ options, ports }: CommandInput): Promise<CommandResult> {
  const withinDays = daysIn(options.within);
  const { readStack } = await import("../preflight/stack-file.ts");
  const { openScreen } = await import("../report/screen.ts");
  const { upgradesOf, upgradesText } = await import("../upgrades/upgrades.ts");
  const { stack, config } = readStack(options.stack, ports);
  const screen = await openScreen(ports);
  const today = new Date(ports.clock.now() * 1000).toISOString().slice(0, 10);
  const document = upgradesOf(stack, config, today, withinDays);
  ports.stderr.write(upgradesText(document, screen.paint));
  return { exitCode: document.exitCode, json: document };
}

function daysIn(text: string | boolean | undefined): number {
  if (typeof text === "string" && /^\d{1,4}$/.test(text)) return Number(text);
  throw new DeployError("SPARKI_USAGE", `--within is ${JSON.stringify(text)}; expected a number of days, up to 9999`, {
    hint: "npx sparki upgrades --within 30",
  });
}
