import {
  type Block,
  blockAfter,
  isCode,
  isOpaque,
  isPublicValue,
  Memory,
  secrecyOf,
  withoutBlocks,
  withoutNamedSecrets,
} from "./secret-fields.ts";
import {
  closesKey,
  opensPrivateKey,
  withoutEncoded,
  withoutPem,
  withoutTokens,
  withoutUrlSecrets,
} from "./secret-tokens.ts";

/** What stands where a secret was. */
export const SECRET = "[secret]";

/**
 * The text without the secrets in it: private keys, credentials in addresses, values that a name says are secret, and
 * tokens of a known form. Digests, ids, ARNs and words stay. Takes time linear in the text's length.
 */
export function redacted(text: string): string {
  if (text.length > LONGEST_REMEMBERED) return redactedTo(text, MOST_ENCODINGS);
  return remembered.of(text, () => redactedTo(text, MOST_ENCODINGS));
}

/** A report shows the same lines of charts over and over, and in each of its forms. At most 4 MB of them are kept. */
const remembered = new Memory<string>(5_000);
const LONGEST_REMEMBERED = 200;

/** Base64 in base64 is decoded so often; every encoding is a third shorter than the one around it. */
const MOST_ENCODINGS = 3;
const LETTER = "(3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])";
/**
 * Letters and digits that JSON, a language, an address or a page may write as escapes, so that a name is read as it is
 * meant. Two more digits behind `\\x` make it bytes in hex.
 */
const ESCAPED = new RegExp(
  [
    String.raw`\\u00${LETTER}`,
    String.raw`\\U000000${LETTER}`,
    String.raw`\\u\{0{0,4}${LETTER}\}`,
    String.raw`\\x${LETTER}(?![0-9a-fA-F]{2})`,
    `%${LETTER}(?=[A-Za-z%_])`,
    `&#x0{0,4}${LETTER};`,
    "&#0{0,4}(4[89]|5[0-7]|6[5-9]|[78][0-9]|90|9[5789]|1[01][0-9]|12[0-2]);",
    String.raw`\\(06[0-7]|07[01]|1[0-2][1-7]|1[1246]0|13[0-27]|1[45][1-7]|150|16[0-7]|17[0-2])`,
  ].join("|"),
  "g",
);
const DECIMAL = 7;

/** An escape may be made of escapes, so often. */
const MOST_ESCAPES = 4;

function unescaped(text: string, times = MOST_ESCAPES): string {
  const once = text.replace(ESCAPED, (_, ...groups: (string | undefined)[]) => {
    const decimal = groups[DECIMAL - 1];
    const octal = groups[DECIMAL];
    if (typeof octal === "string") return String.fromCharCode(Number.parseInt(octal, 8));
    const hex = groups.slice(0, DECIMAL - 1).find((group) => typeof group === "string");
    return String.fromCharCode(decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal));
  });
  return once === text || times === 1 ? once : unescaped(once, times - 1);
}

function redactedTo(text: string, encodings: number): string {
  const plain = unescaped(text);
  const isSecret = (decoded: string) => redactedTo(decoded, encodings - 1) !== decoded;
  return withoutPem(plain, SECRET, (part) => {
    const decoded = encodings === 0 ? part : withoutEncoded(part, SECRET, isSecret);
    const named = withoutNamedSecrets(
      withoutUrlSecrets(withoutTokens(withoutBlocks(decoded, SECRET), SECRET), SECRET),
      SECRET,
    );
    return withoutTokens(named, SECRET);
  });
}

/** The same text as it comes, a line at a time, without the secrets in it, keys over several lines included. */
export async function* redactedLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  let isInKey = false;
  let held: Held | undefined;
  const released = (): string[] => {
    const { lines = [], goesOn = false } = held ?? {};
    held = undefined;
    if (lines.length === 0) return [];
    return redacted(lines.join("\n"))
      .split("\n")
      .slice(goesOn ? 1 : 0);
  };
  const shown = (line: string): string[] => {
    if (isInKey) {
      isInKey = !closesKey(line);
      return [];
    }
    isInKey = opensPrivateKey(line);
    if (held !== undefined && !isInKey && held.isMore(line)) {
      if (held.isHidden) return [];
      held.lines.push(line);
      if (held.lines.length < MOST_HELD) return [];
      const { isMore, isHeaded, lines } = held;
      const before = released();
      const isHidden = !isHeaded && before.at(-1)?.endsWith(SECRET) === true;
      held = { isMore, isHeaded, lines: isHeaded ? lines.slice(0, 1) : [], goesOn: isHeaded, isHidden };
      return before;
    }
    const before = released();
    const block = isInKey ? undefined : blockAfter(line);
    if (block === undefined) return [...before, redacted(line)];
    held = { ...block, lines: [line], goesOn: false, isHidden: false };
    return before;
  };
  for await (const chunk of chunks) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) for (const text of shown(line)) yield `${text}\n`;
  }
  const last = [...(rest === "" ? [] : shown(rest)), ...released()];
  for (const [index, text] of last.entries()) yield index < last.length - 1 || rest === "" ? `${text}\n` : text;
}

/** Lines that are read together: a name, and the values below it. */
interface Held extends Block {
  readonly lines: string[];
  /** The first line was shown before, with others below it. */
  readonly goesOn: boolean;
  /** Those that follow belong to a secret whose begin was one, and are left out. */
  readonly isHidden: boolean;
}

const MOST_HELD = 200;

/** A document's value without the secrets in it, by the names of its fields and by what its texts hold. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === "string") return redacted(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const { name, key } = { name: undefined, key: undefined, ...value };
  const names = [name, key].filter((each) => typeof each === "string");
  const named = names.some((each) => secrecyOf(each) !== "none");
  return Object.fromEntries(
    Object.entries(value).map(([field, each]) => {
      const called = field === "value" ? [field, ...names] : [field];
      const isShort = typeof each === "string" || typeof each === "number";
      if (isShort && called.some((it) => isCode(it, String(each)))) return [field, SECRET];
      const secrecy = named && field === "value" ? "password" : secrecyOf(field);
      return [field, secrecy === "none" ? withoutSecrets(each) : hidden(each, secrecy)];
    }),
  );
}

function hidden(value: unknown, secrecy: "password" | "secret"): unknown {
  if (typeof value === "string") return isPublicValue(value) ? value : SECRET;
  if (secrecy === "password" && typeof value === "number") return SECRET;
  if (Array.isArray(value)) {
    const isSecret = (each: unknown) => secrecy === "password" || (typeof each === "string" && isOpaque(each));
    return value.map((each) => (isSecret(each) ? hidden(each, secrecy) : withoutSecrets(each)));
  }
  if (secrecy === "secret" || typeof value !== "object" || value === null) return withoutSecrets(value);
  return Object.fromEntries(Object.entries(value).map(([field, each]) => [field, hidden(each, secrecy)]));
}
