import { isDeepStrictEqual } from "node:util";
import { Document, isDocument, isScalar, parse, visit } from "yaml";
import { DeployError } from "./deploy-error.ts";

/**
 * YAML that every reader reads alike. Pulumi and Helm read by the rules of YAML 1.1, Node's library by those of 1.2: what
 * looks like a day, an octal, a sexagesimal or a yes is text to one of them and something else to the other.
 */

/** A place where two readers of one text see different values. */
export interface Disagreement {
  /** Such as `config.sparki:release.id`. */
  readonly path: string;
  readonly by11: unknown;
  readonly by12: unknown;
}

/** Text that is text in every version of YAML without quotes: a word, a path, an address; never what begins with a digit. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9_./@-]*(:[A-Za-z/][A-Za-z0-9_./@-]*)*$/;
/** Words that are a boolean, a number or nothing to one of the readers. */
const WORDS = /^(y|n|yes|no|on|off|true|false|null|nan|inf|e\d+)$/i;

/**
 * The value, or the document with its comments, as YAML text in which each string is quoted unless every reader takes it
 * for text anyway. It is read back by both readers; throws SPARKI_CONFIG, before anything is written, where either finds
 * anything but the value.
 */
export function yamlText(value: unknown): string {
  const document = isDocument(value) ? value.clone() : new Document(value);
  quoteStrings(document);
  const text = escaped(document.toString({ lineWidth: 0 }));
  const meant: unknown = plain(document.toJS());
  for (const version of ["1.1", "1.2"] as const) {
    const [path] = differences(meant, plain(parse(text, { version })), "");
    if (path === undefined) continue;
    throw new DeployError(
      "SPARKI_CONFIG",
      `${path} cannot be written so that YAML ${version} reads it as it is meant`,
      {
        hint: `put the value of ${path} in quotes, then run the same command again`,
      },
    );
  }
  return text;
}

/** Where YAML 1.1 and 1.2 read a text differently; throws yaml's own error where neither can read it. */
export function disagreements(text: string): Disagreement[] {
  const [by11, by12] = [plain(parse(text, { version: "1.1" })), plain(parse(text, { version: "1.2" }))];
  return differences(by12, by11, "").map((path) => ({ path, by11: at(by11, path), by12: at(by12, path) }));
}

/**
 * Characters that Go's readers, which Pulumi and Helm have, refuse or take for an end of line where they stand as they are.
 * Text with one is in double quotes, and an escape there; in a comment it only reads oddly.
 */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escaped(text: string): string {
  return text.replace(UNPRINTABLE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function quoteStrings(document: Document): void {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value !== "string") return;
      const isPlain = PLAIN.test(node.value) && !WORDS.test(node.value);
      if (!isPlain) node.type = "QUOTE_DOUBLE";
      else if (node.type !== "QUOTE_DOUBLE" && node.type !== "QUOTE_SINGLE") node.type = "PLAIN";
    },
    Pair: (_key, pair) => {
      if (!isScalar(pair.key) && typeof pair.key === "string") pair.key = document.createNode(pair.key);
    },
  });
}

/** As JSON has it, times told apart from their text. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return { "(a time stamp)": value.toISOString() };
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (value instanceof Set) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** The paths at which two values differ, each as deep as both have the same shape. */
function differences(one: unknown, other: unknown, path: string): string[] {
  if (isDeepStrictEqual(one, other)) return [];
  const [left, right] = [entriesOf(one), entriesOf(other)];
  if (left === undefined || right === undefined || Array.isArray(one) !== Array.isArray(other)) return [path];
  const keys = new Set([...left.keys(), ...right.keys()]);
  if (keys.size !== left.size || keys.size !== right.size) return [path];
  return [...keys].flatMap((key) => differences(left.get(key), right.get(key), path === "" ? key : `${path}.${key}`));
}

function entriesOf(value: unknown): Map<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}

function at(value: unknown, path: string): unknown {
  let found = value;
  let rest = path;
  while (rest !== "") {
    const entries = entriesOf(found);
    const key = [...(entries?.keys() ?? [])].find((each) => rest === each || rest.startsWith(`${each}.`));
    if (entries === undefined || key === undefined) return undefined;
    found = entries.get(key);
    rest = rest.slice(key.length + 1);
  }
  return found;
}
