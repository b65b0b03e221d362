import { randomInt } from "node:crypto";
import { redacted, redactedLines } from "./secrets.ts";

const ESCAPE = String.fromCharCode(0x1b);
const BELL = String.fromCharCode(0x07);
/** One byte that stands for ESC and another one. */
const [DCS, SOS, CSI, OSC, PM, APC, END] = [0x90, 0x98, 0x9b, 0x9d, 0x9e, 0x9f, 0x9c].map((code) =>
  String.fromCharCode(code),
);
/** Sequences that a terminal obeys: those with a text of their own such as a title, CSI with its parameters, and two bytes. */
const SEQUENCES = new RegExp(
  [
    `(?:${ESCAPE}[\\]PX^_]|[${DCS}${SOS}${OSC}${PM}${APC}])[^${BELL}${ESCAPE}${END}\\n]{0,4096}(?:${BELL}|${ESCAPE}\\\\|${END})?`,
    `(?:${ESCAPE}\\[|${CSI})[0-?]{0,64}[ -/]{0,16}[@-~]?`,
    `${ESCAPE}[ -/]{0,16}[0-~]?`,
  ].join("|"),
  "g",
);
/** What nobody sees, and what turns the direction of text: format characters, fillers and tags. */
const HIDDEN = /\p{Cf}|[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/gu;
const BREAKS = /\r\n|[\u2028\u2029\u0085]/g;
const CONTROLS = /(?![\n\t])\p{Cc}/gu;
/** What makes one sign of several emoji is no disguise. */
const EMOJI_JOINER = /(?<=\p{Extended_Pictographic}\ufe0f?)\u200d(?=\p{Extended_Pictographic})/gu;
const KEPT_JOINER = "\ue000";

/**
 * The text with nothing in it that a screen obeys, or that is there without being seen: no terminal sequences, no
 * control characters, no bidirectional overrides, no characters of no width. Lines and tabs stay.
 */
export function visible(text: string): string {
  const left = text
    .toWellFormed()
    .replaceAll(KEPT_JOINER, "\ufffd")
    .replace(SEQUENCES, "")
    .replace(BREAKS, "\n")
    .replace(EMOJI_JOINER, KEPT_JOINER)
    .replace(HIDDEN, "")
    .replace(/\r/g, " ");
  return left.replace(CONTROLS, "\ufffd").replaceAll(KEPT_JOINER, "\u200d");
}

/** The text in one line. */
export function oneLine(text: string): string {
  return visible(text).replace(/\s+/g, " ").trim();
}

/** No more than so many characters, and how many there were beyond them. */
export function bounded(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength).toWellFormed()}… (${text.length - maxLength} more characters)`;
}

declare const brand: unique symbol;

/** Text that may be shown: without secrets, and without what a screen would obey. Only this folder makes it. */
type SafeText = string & { readonly [brand]: "safe" };

function safe(text: string): text is SafeText {
  return text !== undefined;
}

/** The text as people may read it: hidden characters go first, so that none parts a secret's name. */
export function safeText(text: string): SafeText {
  const shown = redacted(visible(text));
  if (!safe(shown)) throw new TypeError("no text");
  return shown;
}

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
