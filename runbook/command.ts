import type { Clock } from "../shared/clock.ts";
import { EXIT, type ExitName } from "../shared/deploy-error.ts";
import type { Output } from "../shared/text/output.ts";

/** A command of `sparki` as a value: what it is called, what it takes, and what it does with the ports it is given. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Shown by `--help`: what it does, then examples. */
  readonly description: string;
  readonly arguments?: readonly CommandArgument[];
  /** Options besides the common `--stack`, `--json`, `--yes` and `--debug`. */
  readonly options?: readonly CommandOption[];
  /** Resolves with the outcome, a bad one included; throws a DeployError for a caller's mistake or a broken world. */
  run(input: CommandInput): Promise<CommandResult>;
}

export interface CommandArgument {
  readonly name: string;
  readonly required: boolean;
  readonly help: string;
}

export interface CommandOption {
  /** As the argument parser reads them, for example `--time-scale <factor>`. */
  readonly flags: string;
  readonly help: string;
  readonly default?: string;
}

export interface CommandInput {
  readonly args: readonly string[];
  /** By the option's name in camel case; the common options are here too. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly ports: Ports;
}

export interface CommandResult {
  readonly exitCode: number;
  /** The one document that `--json` writes to stdout; undefined writes nothing. */
  readonly json: unknown;
}

/** Everything of the outside world that a command may touch; a test passes its own. */
export interface Ports {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

const HELP_COLUMNS = 110;

/** What each end of a command means, in its own words; a command has no other end. */
export type Ends = Readonly<Partial<Record<ExitName, string>>>;

/** The paragraph of a command's help that says with which code it ends when, each end in the order of the codes. */
export function exitCodesText(ends: Ends): string {
  const isEnd = (name: string): name is ExitName => name in EXIT;
  const texts = Object.keys(EXIT).flatMap((name) => {
    const meaning = isEnd(name) ? ends[name] : undefined;
    return isEnd(name) && meaning !== undefined ? [`${EXIT[name].code} ${meaning}`] : [];
  });
  const lines: string[] = [];
  for (const word of `Exit codes: ${texts.join("; ")}.`.split(" ")) {
    const line = lines.pop();
    if (line === undefined) lines.push(word);
    else if (line.length + word.length < HELP_COLUMNS) lines.push(`${line} ${word}`);
    else lines.push(line, word);
  }
  return lines.join("\n");
}
