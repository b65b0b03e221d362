import { randomInt } from "node:crypto";
import { safeText } from "./outside.ts";
import { redactedLines } from "./secrets.ts";
import { bounded, ESCAPE } from "./visible.ts";

/** A number in our own colours that no text from outside can know: what carries it is ours, and no other sequence is let through. In groups
 * of four digits, so that whoever measures text sees a colour. */
const OWN = Array.from({ length: 4 }, () => randomInt(1_000, 10_000)).join(";");
const OWN_COLOUR = new RegExp(`${ESCAPE}\\[(\\d{1,3});${OWN}m`);
const LONGEST_LINE = 8_000;

/** The text in a colour, which only an Output turns into a terminal's own sequence. */
export function coloured(code: number, text: string): string {
  return `${ESCAPE}[${code};${OWN}m${text}${ESCAPE}[0;${OWN}m`;
}

/** What a terminal or a log of CI is given: our own colours, and text that neither of them obeys. */
export function terminalText(text: string): string {
  const parts = text.split(OWN_COLOUR);
  // Every other part is the code of a colour.
  const shown = parts.map((part, index) => (index % 2 === 1 ? `${ESCAPE}[${part}m` : safeText(part))).join("");
  return defused(shown)
    .split("\n")
    .map((line) => bounded(line, LONGEST_LINE))
    .join("\n");
}

/** The lines of a log as they come, fit for a terminal or a log of CI. */
export async function* terminalLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of redactedLines(chunks)) yield terminalText(line);
}

/**
 * The text without commands to CI: GitHub's at a line's begin (`::error::`), and those of Azure Pipelines, TeamCity and
 * GitHub's older ones anywhere (`##vso[`, `##[`). See
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
 */
export function defused(text: string): string {
  return text.replace(/^([^\S\n]*):(?=:)/gm, "$1: ").replace(/##(?=\[|[a-z]{1,20}\[)/gi, "# #");
}
