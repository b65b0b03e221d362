import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { exitOf } from "./child-command.ts";
import { onSecondSignal } from "./signals.ts";

export interface LoggedCommand {
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
