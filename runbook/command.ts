import type { Clock } from "../shared/clock.ts";
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
