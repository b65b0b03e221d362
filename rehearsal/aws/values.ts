import { isList, isRecord, type Properties, type Value } from "../provider/properties.ts";

/** Every leaf at a dotted path; lists on the way are entered, so `rules.port` gives each rule's port. */
export function at(properties: Properties, path: string): Value[] {
  return path.split(".").reduce<Value[]>((found, key) => found.flatMap((value) => step(value, key)), [properties]);
}

function step(value: Value, key: string): Value[] {
  if (isList(value)) return value.flatMap((item) => step(item, key));
  const inner = isRecord(value) ? value[key] : undefined;
  if (inner === undefined || inner === null) return [];
  return isList(inner) ? [...inner] : [inner];
}

/** The texts at a path; empty texts count as absent, as in the provider. */
export function texts(properties: Properties, path: string): string[] {
  return at(properties, path).filter((value): value is string => typeof value === "string" && value !== "");
}

/** The first text at a path. */
export function text(properties: Properties, path: string): string | undefined {
  return texts(properties, path)[0];
}

/** The first number at a path; numeric texts count. */
export function number(properties: Properties, path: string): number | undefined {
  const found = at(properties, path)[0];
  const value = typeof found === "string" && found !== "" ? Number(found) : found;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** True when the value at a path is true; an absent one is false. */
export function flag(properties: Properties, path: string): boolean {
  const found = at(properties, path)[0];
  return found === true || found === "true";
}

/** The objects at a path. */
export function records(properties: Properties, path: string): Properties[] {
  return at(properties, path).filter(isRecord);
}

/** The text entries of an object value, such as tags. */
export function textEntries(value: Value | undefined): Record<string, string> {
  if (!isRecord(value)) return {};
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(entries);
}
