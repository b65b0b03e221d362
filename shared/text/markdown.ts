import { safeText } from "./outside.ts";
import { bounded } from "./visible.ts";

const LONGEST_TEXT = 4_000;
/** Of no width and no break: a name behind it is nobody's who is then notified. */
const JOINER = "\u2060";

/** Text from outside in one line of Markdown: no heading, link, image, table cell, HTML or mention can begin in it. */
export function markdownText(text: string): string {
  return oneLine(text)
    .replace(/[\\`*[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(
      /^(\s*)([-+=#]|\d{1,9}[.)](?=\s|$))/,
      (_, blank: string, sign: string) => `${blank}${sign.slice(0, -1)}\\${sign.slice(-1)}`,
    )
    .replace(/([@#])(?=[\w])/g, `$1${JOINER}`);
}

/** Text from outside as code within a line, between more backticks than it has together; `|` also in a table's cell. */
export function markdownCode(text: string): string {
  const line = oneLine(text);
  const fence = "`".repeat(longestRun(line) + 1);
  const space = fence.length > 1 || /^ | $|^$/.test(line) ? " " : "";
  return `${fence}${space}${line.replaceAll("|", "\\|")}${space}${fence}`;
}

/** Text from outside as a block of code, behind a fence that it does not have. */
export function markdownBlock(text: string, language = ""): string {
  const shown = safeText(text).trimEnd();
  const fence = "`".repeat(Math.max(3, longestRun(shown) + 1));
  return `${fence}${language}\n${shown}\n${fence}`;
}

function oneLine(text: string): string {
  return bounded(safeText(text).replace(/\s+/g, " "), LONGEST_TEXT);
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
