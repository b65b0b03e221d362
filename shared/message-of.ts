/**
 * What a caught value says: an error's message, with what is behind one that says nothing by itself, such as `fetch failed`;
 * else the value as text. Never empty.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error) || "nothing was said";
  const { cause, message } = error;
  const behind = cause instanceof Error && NOTHING.test(message) ? messageOf(cause) : undefined;
  if (behind !== undefined) return message === "" ? behind : `${message}: ${behind}`;
  if (message !== "") return message;
  // Of a connection that was tried at several addresses.
  const tried = error instanceof AggregateError ? error.errors.map(messageOf) : [];
  const code = "code" in error ? String(error.code) : "";
  return [...new Set(tried)].join("; ") || code || error.name;
}

/** Messages that leave the reason to their cause. */
const NOTHING = /^(?:|fetch failed|terminated)$/;
