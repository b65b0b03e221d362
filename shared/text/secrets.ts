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
  return withoutPem(text, SECRET, (part) =>
    withoutTokens(withoutNamedSecrets(withoutUrlSecrets(withoutTokens(part, SECRET), SECRET), SECRET), SECRET),
  );
}

/** The same text as it comes, a line at a time, without the secrets in it, keys over several lines included. */
export async function* redactedLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  let isInKey = false;
  const shown = (line: string): string | undefined => {
    if (isInKey) {
      isInKey = !closesKey(line);
      return undefined;
    }
    isInKey = opensPrivateKey(line);
    return redacted(line);
  };
  for await (const chunk of chunks) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const text = shown(line);
      if (text !== undefined) yield `${text}\n`;
    }
  }
  const last = rest === "" ? undefined : shown(rest);
  if (last !== undefined) yield last;
}

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
