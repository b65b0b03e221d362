import { Command as Parser } from "commander";
import { exitCodeOf } from "../stacks/deploy-error.ts";
import type { Command, CommandResult, Ports } from "./command.ts";
import { loadCommands } from "./commands.ts";
import { filled } from "./report/columns.ts";
import { failureDocument, failureText, usageFailure } from "./report/failure.ts";

const COMMON_OPTIONS = [
  ["--stack <name>", "the stack whose config is used: prod or staging"],
  ["--json", "write one JSON document to stdout, and nothing else there"],
  ["--yes", "do not ask before changing anything"],
  ["--debug", "show stack traces"],
] as const;

const EXAMPLES = `
Examples:
  npx sparki rehearse                 deploy prod's own config to a simulated AWS on this machine
  npx sparki rehearse --list          the scenarios there are
  npx sparki rehearse error-spike     a bad second release, stopped by its gate
  npx sparki cloud                    only serve the simulated AWS, for plain pulumi commands

Exit codes: 0 done; 1 a gate failed; 2 usage or config; 3 held; 4 an outside fault, resumable; 5 rollback failed.`;

/** Runs one command line and resolves with the exit code; whatever goes wrong is told once, as text or as JSON. */
export async function runCommandLine(
  argv: readonly string[],
  ports: Ports,
  load: (argv: readonly string[]) => Promise<readonly Command[]> = loadCommands,
): Promise<number> {
  try {
    const result = await parseAndRun(argv, ports, await load(argv));
    if (argv.includes("--json") && result.json !== undefined) writeJson(ports, result.json);
    return result.exitCode;
  } catch (error) {
    ports.stderr.write(failureText(error, argv.includes("--debug")));
    if (argv.includes("--json")) writeJson(ports, failureDocument(error));
    return exitCodeOf(error);
  }
}

async function parseAndRun(
  argv: readonly string[],
  ports: Ports,
  commands: readonly Command[],
): Promise<CommandResult> {
  let result: CommandResult = { exitCode: 0, json: undefined };
  const parser = frame(ports);
  for (const command of commands) {
    addCommand(parser, command, async (args, options) => {
      result = await command.run({ args, options, ports });
    });
  }
  if (argv.length === 0) throw usageFailure(`no command given; expected one of ${commands.map(({ name }) => name)}`);
  try {
    await parser.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!isAnswer(error)) throw error instanceof Error && isCommanderError(error) ? usageFailure(error.message) : error;
  }
  return result;
}

function frame(ports: Ports): Parser {
  const parser = new Parser("sparki")
    .description(
      filled("Takes Sparki's production on AWS from nothing to serving, through gates; and rehearses it here."),
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => ports.stdout.write(text), writeErr: () => undefined })
    .configureHelp({ showGlobalOptions: true, helpWidth: 80 })
    .addHelpText("after", filled(EXAMPLES));
  for (const [flags, help] of COMMON_OPTIONS) parser.option(flags, help);
  return parser;
}

type Action = (
  args: readonly string[],
  options: Readonly<Record<string, string | boolean | undefined>>,
) => Promise<void>;

function addCommand(parser: Parser, command: Command, action: Action): void {
  const child = parser.command(command.name).summary(command.summary).description(filled(command.description));
  child.allowExcessArguments(false);
  for (const { name, required, help } of command.arguments ?? [])
    child.argument(required ? `<${name}>` : `[${name}]`, help);
  for (const option of command.options ?? []) child.option(option.flags, option.help, option.default);
  child.action(() => action(child.args, child.optsWithGlobals()));
}

/** Help was asked for and has been written: not a failure. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && isCommanderError(error) && error.code === "commander.helpDisplayed";
}

function isCommanderError(error: Error): error is Error & { code: string } {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("commander.");
}

function writeJson(ports: Ports, document: unknown): void {
  ports.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
