import { isOpaque, isPublicValue, type Secrecy, secrecyOf } from "./secret-names.ts";

/** A key at the end of its line: its value is the lines below that are further in. */
const KEY = /^([ \t]*(?:- )?)(["']?)([\p{L}_$][\w.$-]{0,119})\2[ \t]*:[ \t]*([|>][+-]?\d?[+-]?)?[ \t\r]*$/u;
const NAMED = /^[ \t]*(?:- )?["']?(?:name|key)["']?[ \t]*:[ \t]*["']?([\w.$-]{1,120})/;
const ENTRY = /^([ \t]*["']?[\w.$/-]{1,253}["']?[ \t]*:)(?:[ \t].*)?$/;
/** What is no single value: an item, a key of its own, or an opening bracket. */
const NESTED = /^[ \t]*(?:-[ \t]|[{[]|["']?[\w.$-]{1,120}["']?[ \t]*:(?:[ \t]|$))/;
const SECRET_OBJECT = /^[ \t]*(?:- )?["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t\r]*,?$/m;
const JSON_SECRET = /\\*"kind\\*"\s{0,8}:\s{0,8}\\*"Secret\\*"/;
const JSON_DATA = /(\\*"(?:data|stringData)\\*"\s{0,8}:\s{0,8}\{)([^{}]{0,100000})(\})/g;
const JSON_VALUE = /(:\s{0,8}\\*")(?:[^"\\]|\\(?!"))*/g;
const ELEMENT = /(<(?:[\w-]{1,40}:)?([A-Za-z][\w.-]{0,80})(?:[ \t][^<>\n]{0,400})?>)([^<>\n]{1,4000})(?=<\/)/g;
/** PuTTY's own file. */
const PRIVATE_LINES = /(Private-Lines: \d{1,4}\r?\n)(?:[A-Za-z0-9+/=]{1,64}(?:\r?\n|$))+/g;
/** What a client sends to Redis, as a trace of the wire shows it. */
const RESP =
  /((?:\b|(?<=\\n))AUTH(?:\\r\\n|\r?\n)(?:\$\d{1,5}(?:\\r\\n|\r?\n)\w{1,64}(?:\\r\\n|\r?\n)(?=\$))?\$\d{1,5}(?:\\r\\n|\r?\n))(?:(?!\\r\\n)\S){1,512}/g;

/** The text without the secrets whose name stands on another line or in a tag around them. */
export function withoutBlocks(text: string, mark: string): string {
  const inline = text
    .replace(ELEMENT, (all, tag: string, name: string, value: string) =>
      secrecyOf(name) === "none" || isPublicValue(value) ? all : `${tag}${mark}`,
    )
    .replace(PRIVATE_LINES, `$1${mark}\n`)
    .replace(RESP, `$1${mark}`);
  const objects = JSON_SECRET.test(inline)
    ? inline.replace(
        JSON_DATA,
        (_, open: string, inside: string, close: string) => `${open}${inside.replace(JSON_VALUE, `$1${mark}`)}${close}`,
      )
    : inline;
  return objects.includes("\n") ? withoutLines(objects, mark) : objects;
}

/** How far in the line is whose value is on the lines below it and may be secret; undefined for any other line. */
export function opensBlock(line: string): number | undefined {
  const found = KEY.exec(line);
  return found !== null && secrecyOf(found[3] ?? "") !== "none" ? (found[1]?.length ?? 0) : undefined;
}

/** Whether a line belongs to a block that is so far in. */
export function isInBlock(line: string, indent: number): boolean {
  return line.trim() === "" || indentOf(line) > indent;
}

const indentOf = (line: string) => line.length - line.trimStart().length;

function withoutLines(text: string, mark: string): string {
  const lines = text.split("\n");
  const isSecretObject = SECRET_OBJECT.test(text);
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    out.push(line);
    const found = KEY.exec(line);
    if (found === null) continue;
    const [, before = "", , name = "", style] = found;
    const end = blockEnd(lines, at + 1, before.length);
    const block = lines.slice(at + 1, end);
    const hidden =
      isSecretObject && /^(?:data|stringData)$/.test(name)
        ? entriesHidden(block, mark)
        : valueHidden(block, secrecyAt(name, lines[at - 1] ?? ""), style !== undefined, mark);
    if (hidden === undefined) continue;
    if (style !== undefined) out[out.length - 1] = line.replace(/[|>][+\d-]{0,2}[ \t\r]*$/, mark);
    out.push(...hidden);
    at = end - 1;
  }
  return out.join("\n");
}

function blockEnd(lines: readonly string[], from: number, indent: number): number {
  let end = from;
  while (end < lines.length && isInBlock(lines[end] ?? "", indent)) end++;
  while (end > from && (lines[end - 1] ?? "").trim() === "") end--;
  return end;
}

/** A variable's value is as secret as the name that stands above it says. */
function secrecyAt(name: string, before: string): Secrecy {
  if (!/^value$/i.test(name)) return secrecyOf(name);
  return secrecyOf(NAMED.exec(before)?.[1] ?? "") === "none" ? "none" : "password";
}

function valueHidden(block: readonly string[], secrecy: Secrecy, isScalar: boolean, mark: string) {
  const [first = "", ...more] = block;
  if (secrecy === "none" || first.trim() === "" || first.includes(mark)) return undefined;
  const hidden = `${" ".repeat(indentOf(first))}${mark}`;
  if (isScalar) return [];
  if (more.length > 0 || NESTED.test(first)) return undefined;
  const value = first.trim().replace(/^["']|["']?,?$/g, "");
  if (isPublicValue(value) || (secrecy === "password" ? /\s/.test(value) : !isOpaque(value))) return undefined;
  return [hidden];
}

/** Every value of a Secret's data, whatever its name. */
function entriesHidden(block: readonly string[], mark: string): string[] {
  const top = Math.min(...block.filter((line) => line.trim() !== "").map(indentOf));
  return block.flatMap((line) => {
    if (indentOf(line) > top) return [];
    const key = ENTRY.exec(line)?.[1];
    return key === undefined || line.includes(mark) ? [line] : [`${key} ${mark}`];
  });
}
