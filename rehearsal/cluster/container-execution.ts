import type { Processes } from "../processes.ts";
import { exitCodeOf } from "./container-state.ts";

/** A shell's exit code for a program that cannot be started. */
const NOT_FOUND = 127;

/** Runs a command beside a container's process, with its environment; KILL once the limit is over. */
export async function executeBeside(
  processes: Processes,
  command: { readonly name: string; readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> },
  limitMilliseconds: number,
): Promise<{ code: number; output: string }> {
  const [program = "", ...args] = command.words;
  const chunks: Buffer[] = [];
  const onOutput = (_stream: string, chunk: Buffer) => void chunks.push(chunk);
  const started = processes.start({ name: command.name, command: program, args, env: command.env, onOutput });
  const child = await started.catch((error: Error) => error);
  if (child instanceof Error) return { code: NOT_FOUND, output: child.message };
  const limit = setTimeout(() => child.signal("SIGKILL"), limitMilliseconds);
  const exit = await child.exited;
  clearTimeout(limit);
  return { code: exitCodeOf(exit), output: Buffer.concat(chunks).toString("utf8") };
}
