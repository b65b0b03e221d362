import { withoutSecrets } from "./secrets.ts";
import { defused } from "./terminal.ts";
import { visible } from "./visible.ts";

/** A document as JSON, for programs and for people who print its texts: none holds a secret, a control or a command to CI. */
export function documentText(document: unknown, indent: number | undefined = 2): string {
  return JSON.stringify(safeDocument(document), undefined, indent);
}

/** The document with all its texts made safe; numbers, booleans and its shape stay. */
export function safeDocument(document: unknown): unknown {
  return withoutSecrets(shown(JSON.parse(JSON.stringify(document ?? null))));
}

function shown(value: unknown): unknown {
  if (typeof value === "string") return defused(visible(value));
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [visible(key), shown(each)]));
}
