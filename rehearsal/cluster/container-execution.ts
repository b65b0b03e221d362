import type { Processes } from "../processes.ts";
import { exitCodeOf } from "./container-state.ts";

/** Runs a command beside a container's process, with its environment; KILL once the limit is over. */
export async function executeBeside(
  processes: Processes,
  command: { readonly name: string; readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> },
  limitMilliseconds: number,
): Promise<{ code: number; output: string }> {
  const [program = "", ...args] = command.words;
  const chunks: Buffer[] = [];
  const child = await processes.start({
    name: command.name,
    command: program,
    args,
    env: command.env,
    onOutput: (_stream, chunk) => chunks.push(chunk),
  });
  const limit = setTimeout(() => child.signal("SIGKILL"), limitMilliseconds);
  const exit = await child.exited;
  clearTimeout(limit);
  return { code: exitCodeOf(exit), output: Buffer.concat(chunks).toString("utf8") };
}
