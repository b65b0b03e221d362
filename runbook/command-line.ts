import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommanderError, Command as Parser } from "commander";
import { assertTemporaryFolder } from "../io/disk.ts";
import { EXIT, exitCodeOf } from "../shared/deploy-error.ts";
import { nearest } from "../shared/nearest.ts";
import { openOutput, type Stream, writeDocument } from "../shared/text/output.ts";
import { namingInFull, stackNameIn } from "../stacks/stack-name.ts";
import type { Command, CommandResult, Ports } from "./command.ts";

import { PROJECT_DIRECTORY } from "./project.ts";
import { filled } from "./report/columns.ts";
import { failureDocument, failureText, usageFailure } from "./report/failure.ts";

const COMMON_OPTIONS = [
  [
    "--stack <name>",
    "the stack whose config is used, by its short or full name: prod, my-org/prod, my-org/sparki/prod",
  ],
  ["--json", "write one JSON document to stdout, and nothing else"],
  ["--yes", "do not ask for a confirmation"],
  ["--debug", "show stack traces"],
] as const;

const { version: VERSION }: { version: string } = JSON.parse(
  readFileSync(join(PROJECT_DIRECTORY, "package.json"), "utf8"),
);

const EXAMPLES = `
Examples:
  npx sparki rehearse                 deploy prod's own config to a simulated AWS on this machine
  npx sparki rehearse --list          list the scenarios and faults
  npx sparki rehearse error-spike     a bad second release, stopped by its gate
  npx sparki cloud                    only serve the simulated AWS, for plain pulumi commands

Exit codes:
${Object.values(EXIT)
  .map(({ code, meaning, when }) => `  ${code}  ${meaning}: ${when}`)
  .join("\n")}`;

/** Loads the commands that an argument list names, or all of them when it names none. */
type Load = (argv: readonly string[]) => Promise<readonly Command[]>;

/** The ports as a process has them; all that is written goes through an Output. */
type ProcessPorts = Omit<Ports, "stdout" | "stderr"> & { readonly stdout: Stream; readonly stderr: Stream };

/** Runs one command line and resolves with the exit code; whatever goes wrong is told once, as text or as JSON. */
export async function runCommandLine(
  argv: readonly string[],
  { stdout, stderr, ...others }: ProcessPorts,
  load: Load = loadCommands,
): Promise<number> {
  const naming = namingOf(argv);
  const ports: Ports = { ...others, stdout: openOutput(stdout, naming), stderr: openOutput(stderr, naming) };
  try {
    const result = await parseAndRun(argv, ports, load);
    if (argv.includes("--json") && result.json !== undefined) writeDocument(ports.stdout, result.json);
    return result.exitCode;
  } catch (error) {
    ports.stderr.write(failureText(error, argv.includes("--debug")));
    if (argv.includes("--json")) writeDocument(ports.stdout, failureDocument(error));
    return exitCodeOf(error);
  }
}

/** A command that is shown to be run next means the stack that this one was given. */
function namingOf(argv: readonly string[]): (text: string) => string {
  const index = argv.findLastIndex((word) => /^--stack(=|$)/.test(word));
  const given = argv[index]?.slice("--stack=".length) || argv[index + 1];
  const name = index < 0 || given === undefined ? undefined : stackNameIn(given);
  return name === undefined ? (text) => text : namingInFull(name);
}

async function parseAndRun(argv: readonly string[], ports: Ports, load: Load): Promise<CommandResult> {
  let result: CommandResult = { exitCode: EXIT.done.code, json: undefined };
  let answer = "";
  let named: string | undefined;
  const parser = frame((text) => {
    answer += text;
  });
  for (const command of await load(argv)) {
    addCommand(parser, command, async (args, options) => {
      assertTemporaryFolder();
      result = await command.run({ args, options, ports });
    });
  }
  try {
    named = commandNamed(argv, parser);
    await assertCommand(named, parser, load);
    await parser.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (!ANSWERS.has(error.code)) throw usageFailure(error.message, named);
    if (!argv.includes("--json")) ports.stdout.write(answer);
    result = { exitCode: EXIT.done.code, json: { text: answer } };
  }
  return result;
}

/** Help or the version was asked for, which is no failure; nothing else comes as far as the parser's help. */
const ANSWERS: ReadonlySet<string> = new Set(["commander.helpDisplayed", "commander.help", "commander.version"]);
const HELP = /^(-h|--help)$/;

/** The command that is to run, or whose help is asked for; empty for sparki's own help, undefined where none is named. */
function commandNamed(argv: readonly string[], parser: Parser): string | undefined {
  const { operands, unknown } = parser.parseOptions([...argv]);
  const [first, second = ""] = operands;
  if (first === "help") return second;
  if (first !== undefined) return first;
  if (unknown.some((each) => HELP.test(each))) return "";
  if (unknown[0] === undefined) return undefined;
  throw usageFailure(`unknown option '${unknown[0]}'`);
}

/** Throws SPARKI_USAGE with the command that is called alike, or with all of them. */
async function assertCommand(name: string | undefined, parser: Parser, load: Load): Promise<void> {
  if (name === "" || parser.commands.some((command) => command.name() === name)) return;
  const names = (await load([])).map((command) => command.name);
  const [meant] = name === undefined ? [] : nearest(name, names, 1);
  const rest = meant === undefined ? `; expected one of ${names.join(", ")}` : `. Did you mean ${meant}?`;
  throw usageFailure(`${name === undefined ? "no command given" : `unknown command '${name}'`}${rest}`);
}

function frame(answer: (text: string) => void): Parser {
  const parser = new Parser("sparki")
    .description(
      filled(
        "Deploys Sparki to AWS, from an empty account to serving, through gates; and rehearses it on this machine.",
      ),
    )
    .version(VERSION, "--version", "show the version")
    .exitOverride()
    .configureOutput({ writeOut: answer, writeErr: () => undefined })
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

/** Every command by name, loaded only when it is asked for, so that `--help` and a mistyped name answer at once. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  rehearse: async () => (await import("./commands/rehearse.ts")).rehearse,
  bootstrap: async () => (await import("./commands/bootstrap.ts")).bootstrap,
  preflight: async () => (await import("./commands/preflight.ts")).preflight,
  plan: async () => (await import("./commands/plan.ts")).plan,
  deploy: async () => (await import("./commands/deploy.ts")).deploy,
  verify: async () => (await import("./commands/verify.ts")).verify,
  rollback: async () => (await import("./commands/rollback.ts")).rollback,
  watch: async () => (await import("./commands/watch.ts")).watch,
  rotate: async () => (await import("./commands/rotate.ts")).rotate,
  drill: async () => (await import("./commands/drill.ts")).drill,
  rebuild: async () => (await import("./commands/rebuild.ts")).rebuild,
  recover: async () => (await import("./commands/recover.ts")).recover,
  housekeeping: async () => (await import("./commands/housekeeping.ts")).housekeeping,
  upgrades: async () => (await import("./commands/upgrades.ts")).upgrades,
  status: async () => (await import("./commands/status.ts")).status,
  history: async () => (await import("./commands/history.ts")).history,
  evidence: async () => (await import("./commands/evidence.ts")).evidence,
  reports: async () => (await import("./commands/reports.ts")).reports,
  diagnose: async () => (await import("./commands/diagnose.ts")).diagnose,
  conformance: async () => (await import("./commands/conformance.ts")).conformance,
  judge: async () => (await import("./commands/judge.ts")).judge,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  cloud: async () => (await import("./commands/cloud.ts")).cloud,
  controls: async () => (await import("./commands/controls.ts")).controls,
};

/** The commands that an argument list names, or all of them when it names none, as `--help` needs. */
export async function loadCommands(argv: readonly string[]): Promise<readonly Command[]> {
  const named = Object.keys(COMMANDS).filter((name) => argv.includes(name));
  const wanted = named.length > 0 && !argv.includes("help") ? named : Object.keys(COMMANDS);
  return Promise.all(wanted.flatMap((name) => COMMANDS[name]?.() ?? []));
}
