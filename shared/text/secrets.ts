import { isInBlock, opensBlock, withoutBlocks } from "./secret-blocks.ts";
import { withoutEncoded } from "./secret-encoded.ts";
import { withoutNamedSecrets } from "./secret-fields.ts";
import { isOpaque, isPublicValue, secrecyOf } from "./secret-names.ts";
import { closesKey, opensPrivateKey, withoutPem } from "./secret-pem.ts";
import { withoutTokens } from "./secret-tokens.ts";
import { withoutUrlSecrets } from "./secret-urls.ts";

/** What stands where a secret was. */
export const SECRET = "[secret]";

/**
 * The text without the secrets in it: private keys, credentials in addresses, values that a name says are secret, and
 * tokens of a known form. Digests, ids, ARNs and words stay. Takes time linear in the text's length.
 */
export function redacted(text: string): string {
  return redactedTo(text, MOST_ENCODINGS);
}

/** Base64 in base64 is decoded so often; every encoding is a third shorter than the one around it. */
const MOST_ENCODINGS = 3;
/** Letters and digits that JSON may write as escapes, so that a name is read as it is meant. */
const ESCAPED = /\\u00(3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])/g;

function redactedTo(text: string, encodings: number): string {
  const plain = text.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
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
  /** Lines that are read together: a name, and the value below it. */
  let held: { readonly indent: number; readonly lines: string[] } | undefined;
  const released = (): string[] => {
    const lines = held === undefined ? [] : redacted(held.lines.join("\n")).split("\n");
    held = undefined;
    return lines;
  };
  const shown = (line: string): string[] => {
    if (isInKey) {
      isInKey = !closesKey(line);
      return [];
    }
    isInKey = opensPrivateKey(line);
    if (held !== undefined && !isInKey && held.lines.length < MOST_HELD && isInBlock(line, held.indent)) {
      held.lines.push(line);
      return [];
    }
    const before = released();
    const indent = isInKey ? undefined : opensBlock(line);
    if (indent === undefined) return [...before, redacted(line)];
    held = { indent, lines: [line] };
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

const MOST_HELD = 200;

/** A document's value without the secrets in it, by the names of its fields and by what its texts hold. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === "string") return redacted(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const { name, key } = { name: undefined, key: undefined, ...value };
  const named = [name, key].some((each) => typeof each === "string" && secrecyOf(each) !== "none");
  return Object.fromEntries(
    Object.entries(value).map(([field, each]) => {
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
