import { createInterface } from "node:readline/promises";
import { DeployError } from "../shared/deploy-error.ts";
import { terminalText } from "../shared/text/visible.ts";

/** Where a person may sit: the process, unless a test says otherwise. */
interface Place {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Whether this is an interactive terminal. */
function isAnybodyThere({ stdin, stderr }: Place = process): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/**
 * Asks a person for yes or no; undefined without an interactive terminal. Input that ends (Ctrl-D) is a no; an
 * interruption (Ctrl-C, a signal) throws SPARKI_OUTSIDE.
 */
export async function askYesNo(
  question: string,
  signal: AbortSignal,
  place: Place = process,
): Promise<boolean | undefined> {
  if (!isAnybodyThere(place)) return undefined;
  // Answers are asked for on stderr: stdout belongs to --json.
  const terminal = createInterface({ input: place.stdin, output: place.stderr });
  const interruption = new AbortController();
  // While a question is open a Ctrl-C is a key, and no signal.
  terminal.once("SIGINT", () => interruption.abort());
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("\n")));
  const either = AbortSignal.any([signal, interruption.signal]);
  try {
    const answer = await Promise.race([
      terminal.question(`${terminalText(question)} [y/N] `, { signal: either }),
      ended,
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (cause) {
    place.stderr.write("\n");
    if (either.aborted) throw interrupted(cause);
    if (cause instanceof Error && cause.name === "AbortError") return false;
    throw cause;
  } finally {
    terminal.close();
  }
}

function interrupted(cause: unknown): DeployError {
  return new DeployError("SPARKI_OUTSIDE", "cancelled at the prompt; nothing was changed", {
    hint: "run the same command again",
    cause,
  });
}

/** Throws SPARKI_USAGE where nobody could be asked; called before anything but the config is checked. */
export function assertSomebody(): void {
  if (isAnybodyThere()) return;
  throw new DeployError("SPARKI_USAGE", "this changes a stack, and there is no interactive terminal to confirm it on", {
    hint: "pass --yes to do it without a confirmation",
  });
}

/** Resolves once a person has said yes; throws SPARKI_USAGE for anything else. */
export async function confirm(question: string, signal: AbortSignal): Promise<void> {
  if ((await askYesNo(question, signal)) === true) return;
  throw new DeployError("SPARKI_USAGE", "not confirmed; nothing was changed");
}
