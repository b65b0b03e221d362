import { createInterface } from "node:readline/promises";

/** Whether a person sits at this terminal. */
export function isAnybodyThere(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks a person for yes or no; undefined when nobody sits at this terminal. */
export async function askYesNo(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  if (!isAnybodyThere()) return undefined;
  // Answers are asked for on stderr: stdout belongs to --json.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
