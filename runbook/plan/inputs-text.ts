import { stringify } from "yaml";
import { isRecord } from "../../records/canonical.ts";
import { redacted } from "../../shared/text/secrets.ts";
import { withoutSensitive } from "./difference.ts";

/** Inputs as YAML that a reviewer may see: without secrets, and with JSON documents in them, such as IAM policies, laid out. */
export function inputsText(inputs: Readonly<Record<string, unknown>>): string {
  return redacted(stringify(laidOut(withoutSensitive(inputs))));
}

function laidOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(laidOut);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, laidOut(each)]));
  return typeof value === "string" ? (documentIn(value) ?? value) : value;
}

function documentIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return withoutSensitive(JSON.parse(text));
  } catch {
    return undefined;
  }
}
