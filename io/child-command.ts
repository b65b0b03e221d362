import { type ChildProcess, spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";
import { DeployError } from "../shared/deploy-error.ts";

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
    const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  };
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
