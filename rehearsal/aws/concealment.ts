import { isList, isRecord, type Path, type Properties, type Value } from "../provider/properties.ts";

/** A secret value with its place among the inputs. */
type Hidden = { readonly path: Path; readonly value: Value };

/** Takes the values at the paths out of the properties; what is at none of them stays. */
export function conceal(properties: Properties, paths: readonly Path[]): { visible: Properties; hidden: Hidden[] } {
  const hidden: Hidden[] = [];
  let visible: Value = properties;
  for (const path of paths) {
    const value = valueAt(visible, path);
    if (value === undefined || value === null) continue;
    hidden.push({ path, value });
    visible = replaceAt(visible, path, null);
  }
  return { visible: isRecord(visible) ? visible : {}, hidden };
}

/** Puts concealed values back in their places. */
export function reveal(visible: Properties, hidden: readonly Hidden[]): Properties {
  const whole = hidden.reduce<Value>((value, { path, value: secret }) => replaceAt(value, path, secret), visible);
  return isRecord(whole) ? whole : visible;
}

/** Reads what `conceal` gave back after it has been stored as a plain value. */
export function asHidden(stored: Value | undefined): Hidden[] {
  if (!isList(stored)) return [];
  return stored.flatMap((item) => {
    if (!isRecord(item) || !isList(item.path) || item.value === undefined) return [];
    const path = item.path.filter((key) => typeof key === "string" || typeof key === "number");
    return [{ path, value: item.value }];
  });
}

function valueAt(value: Value, path: Path): Value | undefined {
  return path.reduce<Value | undefined>((found, key) => {
    if (isList(found) && typeof key === "number") return found[key];
    return isRecord(found) ? found[key] : undefined;
  }, value);
}

function replaceAt(value: Value, path: Path, replacement: Value): Value {
  const [head, ...rest] = path;
  if (head === undefined) return replacement;
  if (isList(value)) return value.map((item, index) => (index === head ? replaceAt(item, rest, replacement) : item));
  if (!isRecord(value)) return value;
  return { ...value, [head]: replaceAt(value[head] ?? {}, rest, replacement) };
}
