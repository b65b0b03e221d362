import type { Session } from "../provider/model.ts";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";
import type { Place } from "./subject.ts";
import { text, textEntries, texts } from "./values.ts";

/** What an AWS provider instance was configured with. */
export interface Settings extends Place {
  readonly defaultTags: Readonly<Record<string, string>>;
  /** How often a call is tried in all. */
  readonly maxRetries: number;
}

const UNNAMED_ACCOUNT = "123456789012";
/** The provider's own when the program says nothing. */
const MAX_RETRIES = 25;

/** Reads a provider instance's configuration; the account is the first that the program allows. */
export function settingsOf({ config }: Session): Settings {
  const parsed = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, parse(value)]));
  return {
    region: text(parsed, "region") ?? "us-east-1",
    accountId: texts(parsed, "allowedAccountIds")[0] ?? UNNAMED_ACCOUNT,
    defaultTags: textEntries(isRecord(parsed.defaultTags) ? parsed.defaultTags.tags : undefined),
    maxRetries: Number(config.maxRetries ?? MAX_RETRIES),
  };
}

/** Nested settings arrive as JSON texts. */
function parse(value: Value): Value {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    const parsed: Value = JSON.parse(value);
    return parsed;
  } catch {
    return value;
  }
}

/** The tags that AWS puts on a resource: the instance's, and the resource's own over them. */
export function allTags(inputs: Properties, { defaultTags }: Settings): Record<string, string> {
  return { ...defaultTags, ...textEntries(inputs.tags) };
}
