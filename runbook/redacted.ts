/** Credentials inside an address, addresses that are one, and passwords in a database's connection string. */
const IN_TEXT = [
  [/(:\/\/)[^/\s:@]*:[^/\s@]+@/g, "$1[secret]@"],
  [/(hooks\.slack\.com\/services\/)[\w/]+/g, "$1[secret]"],
  [/\b(password=)[^\s&;"']+/gi, "$1[secret]"],
] as const;

/** The text without the credentials that addresses in it carry. */
export function redacted(text: string): string {
  return IN_TEXT.reduce((left, [pattern, by]) => left.replace(pattern, by), text);
}

/** The same text as it comes, a line at a time, without the credentials in it. */
export async function* redactedLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield `${redacted(line)}\n`;
  }
  if (rest !== "") yield redacted(rest);
}
