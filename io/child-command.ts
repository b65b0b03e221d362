import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { DeployError } from "../shared/deploy-error.ts";
import { WITHOUT_PROMPTS } from "./seal/environment.ts";
import { onSecondSignal } from "./signals.ts";

export interface CommandOutput {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** @default our own */
  readonly cwd?: string;
  /** Written to its stdin. */
  readonly input?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Runs one program with these arguments; resolves however it ends, and rejects only when it cannot be started. */
export type CommandRunner = (args: readonly string[], options?: CommandOptions) => Promise<CommandOutput>;

/** The code with which a program that was just started ends; rejects with SPARKI_OUTSIDE when it cannot be started. */
export function exitOf(child: ChildProcess, path: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", (cause) =>
      reject(new DeployError("SPARKI_OUTSIDE", `${path} cannot be run: ${cause.message}`, { cause })),
    );
    child.on("close", resolve);
  });
}

/** A runner of the program at `path` (or of that name on PATH) in this environment. */
export function commandRunner(path: string, env: Readonly<Record<string, string | undefined>>): CommandRunner {
  return async (args, { cwd, input = "", signal } = {}) => {
    const options = {
      env: { ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    };
    const child = spawn(path, [...args], { ...options, stdio: ["pipe", "pipe", "pipe"] });
    // A program that reads nothing may be gone before all is written.
    child.stdin.on("error", () => {}).end(input);
    const exited = exitOf(child, path);
    // As it is: a decoder of streams would leave out a byte order mark.
    const [code, stdout, stderr] = await Promise.all([exited, buffer(child.stdout), text(child.stderr)]);
    return { code, stdout: stdout.toString("utf8"), stderr };
  };
}

/** The AWS command line on PATH, which asks nobody anything: prompts that a person's own profile has on would wait for ever. */
export function awsCommand(env: Readonly<Record<string, string | undefined>>): CommandRunner {
  return commandRunner("aws", { ...env, ...WITHOUT_PROMPTS });
}

/** Runs a program whose output is bytes; one that is not there ended with null and said nothing. */
export async function commandBytes(
  path: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<{ readonly code: number | null; readonly stdout: Buffer }> {
  const child = spawn(path, [...args], { cwd, env: { ...env }, stdio: ["ignore", "pipe", "ignore"] });
  const exited = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", resolve);
  });
  const [code, stdout] = await Promise.all([exited, buffer(child.stdout)]);
  return { code, stdout };
}

/**
 * Runs a program that people see and may answer, on this process's own terminal; resolves with its code and what it wrote to
 * stdout. A signal is passed on, but not the Ctrl-C that reaches it by the terminal anyway.
 */
export async function runShown(
  path: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Pick<CommandOutput, "code" | "stdout">> {
  const child = spawn(path, [...args], { cwd, env: { ...env }, stdio: ["inherit", "pipe", "inherit"] });
  const signals = process.stdin.isTTY === true ? (["SIGTERM"] as const) : (["SIGTERM", "SIGINT"] as const);
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  try {
    const exited = exitOf(child, path);
    const [code, stdout] = await Promise.all([exited, text(child.stdout)]);
    return { code, stdout };
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}

interface LoggedCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the program writes goes here, and nowhere else; what was there before is replaced. */
  readonly logFile: string;
  /** Interrupts it: what is in flight finishes and is saved. */
  readonly signal: AbortSignal;
  /** What has to be run once it was ended at once by a second signal, such as a command that takes a lock away. */
  readonly unlocking: string;
}

/**
 * Runs a program that ends in its own time even when we are killed: it is in a group of its own and writes to a file, not to
 * a pipe that breaks with us. Resolves with its exit code and all that it wrote; rejects when it cannot be started.
 */
export async function loggedCommand(
  command: LoggedCommand,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const { path, args, cwd, env, logFile, signal, unlocking } = command;
  signal.throwIfAborted();
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, "w", 0o600);
  const child = spawn(path, [...args], { cwd, env: { ...env }, stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  const interrupt = () => child.kill("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  const forget = onSecondSignal(() => child.kill("SIGKILL"), unlocking);
  try {
    const code = await exitOf(child, path);
    return { code, text: readFileSync(logFile, "utf8") };
  } finally {
    signal.removeEventListener("abort", interrupt);
    forget();
  }
}
