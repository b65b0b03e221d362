import { createHash } from "node:crypto";

/** What stands in a preview's inputs for a value that only the update will know. */
const UNKNOWNS: readonly string[] = [
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];
/** The key, and its value, by which Pulumi marks a secret in a state. */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";

export const SECRET = "[secret]";
export const UNKNOWN = "(known after deploy)";

/** The value with keys in order, every secret's value taken out, and unknown values called so. */
export function canonical(value: unknown): unknown {
  if (typeof value === "string") return UNKNOWNS.includes(value) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  if (value[MARK] === SECRET_MARK) return SECRET;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.toSorted(byKey).map(([key, each]) => [key, canonical(each)]));
}

/** SHA-256, 64 hex digits, over the canonical value: equal for equal values, whatever the order of their keys. */
export function hashOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(value)) ?? "")
    .digest("hex");
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byKey([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
