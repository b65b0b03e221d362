import { createHash } from "node:crypto";
import { SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN_VALUES } from "../shared/engine-values.ts";

export const SECRET = "[secret]";
export const UNKNOWN = "(known after deploy)";

/** The value with keys in order, every secret's value taken out, and unknown values called so. */
export function canonical(value: unknown): unknown {
  if (typeof value === "string") return UNKNOWN_VALUES.has(value) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  if (value[SIGNATURE_KEY] === SECRET_SIGNATURE) return SECRET;
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
