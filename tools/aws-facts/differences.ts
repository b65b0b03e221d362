import type { Facts, ShapeFact } from "../../aws/facts.ts";

/** What renewed facts say otherwise, a line each, by type and property or by list. */
export function differences(old: Facts, renewed: Facts): string[] {
  const types = [...new Set([...Object.keys(old.types), ...Object.keys(renewed.types)])];
  const ofTypes = types.flatMap((type) => changed(type, flat(old, type), flat(renewed, type)));
  return [...ofTypes, ...changed("catalog", listed(old), listed(renewed))];
}

function changed(what: string, was: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...was.keys(), ...now.keys()])];
  return keys.flatMap((key) => {
    const [before, after] = [was.get(key), now.get(key)];
    if (before === after) return [];
    const change =
      before === undefined ? `new: ${after}` : after === undefined ? `gone: ${before}` : `${before} -> ${after}`;
    return [`${what} ${key}: ${change}`];
  });
}

/** What is said of each property, by its dotted path. */
function flat(facts: Facts, type: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const fact = facts.types[type];
  if (fact === undefined) return found;
  found.set("(create-only)", fact.createOnly.join(", "));
  const visit = (number: number, path: string, seen: readonly number[]) => {
    const shape = facts.shapes[number];
    if (shape === undefined || seen.includes(number)) return;
    found.set(path, said(shape));
    if (shape.items !== undefined) visit(shape.items, `${path}[]`, [...seen, number]);
    for (const [name, inner] of Object.entries(shape.properties ?? {}))
      visit(inner, path === "" ? name : `${path}.${name}`, [...seen, number]);
  };
  visit(fact.shape, "", []);
  return found;
}

function said({ items: _items, properties: _properties, ...rest }: ShapeFact): string {
  return JSON.stringify(rest);
}

function listed({ catalog }: Facts): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(catalog).flatMap(([name, value]) =>
      Object.entries(value).map(([key, inner]): [string, string] => [
        `${name}.${Array.isArray(value) ? inner : key}`,
        JSON.stringify(inner),
      ]),
    ),
  );
}
