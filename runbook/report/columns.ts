import { stripVTControlCharacters } from "node:util";
import { redacted } from "../../shared/text/secrets.ts";

const WIDTH = 80;
/** A label that is followed by two spaces, as in a table's first column. */
const LABEL = /^ *\S.*? {2,}(?=\S)/;
/** Between words, but not between a number and its unit. */
const BREAK = /(?<=\S) (?=\S)(?!(?<=\d )(?:%|s|min|h|ms)(?!\w))/;
/** A line that begins this far in is below another one's text already. */
const BELOW = 8;
/** What a wrapped line without a label is indented by, beside its own. */
const HANGING = 2;

/**
 * A report's text in 80 columns: a line that is too long continues below its own text. Colours take no room. A word that is
 * too long by itself, such as an ARN or a command's hash, is left whole for copying.
 */
export function inColumns(text: string): string {
  // A line's end must not part a secret from its name.
  return redacted(text)
    .split("\n")
    .flatMap((line) => fitLine(line))
    .join("\n");
}

/** Prose in 80 columns, its paragraphs filled again; indented lines, such as examples, stay lines of their own. */
export function filled(text: string): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const last = lines.at(-1);
    const isProse = /^\S/.test(line) && last !== undefined && /^\S/.test(last);
    if (isProse) lines[lines.length - 1] = `${last} ${line}`;
    else lines.push(line);
  }
  return lines.flatMap((line) => fitLine(line, /^\S/.test(line) ? 0 : undefined)).join("\n");
}

function fitLine(line: string, indentation = hangingOf(line)): string[] {
  if (widthOf(line) <= WIDTH) return [line];
  const hanging = " ".repeat(indentation);
  const begin = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = begin;
  for (const word of line.slice(begin.length).split(BREAK)) {
    const isFirst = current.trim() === "";
    if (!isFirst && widthOf(current) + 1 + widthOf(word) > WIDTH) {
      lines.push(current);
      current = hanging;
    }
    current = current.trim() === "" ? `${current}${word}` : `${current} ${word}`;
  }
  return [...lines, current];
}

/** Where a line's text begins: behind its label when that is in the left half. */
function hangingOf(line: string): number {
  const plain = stripVTControlCharacters(line);
  const label = LABEL.exec(plain)?.[0].length ?? 0;
  if (label > 0 && label <= WIDTH / 2) return label;
  const indentation = plain.length - plain.trimStart().length;
  return indentation >= BELOW ? indentation : indentation + HANGING;
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Seconds as a person says them: `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

function pad(value: number): string {
  return `${value}`.padStart(2, "0");
}

/** How long a plan expects a deployment to take at AWS: on every page the same figure in the same words. */
export function expectedText(expected: { readonly typicalSeconds: number; readonly longestSeconds: number }): string {
  return `about ${duration(expected.typicalSeconds)}, at most ${duration(expected.longestSeconds)}`;
}
