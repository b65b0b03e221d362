/** A resource that must never be made: one that nobody declared, or a declared one with a property that is not. */
export interface HostileCase {
  readonly title: string;
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** Of a declared resource, what has to be named; undefined when the resource itself is not declared. */
  readonly property?: string;
}

/** Resources of kinds, or under names, that are not declared. */
export function undeclared(
  cases: readonly (readonly [title: string, type: string, props: HostileCase["props"], name?: string])[],
): HostileCase[] {
  return cases.map(([title, type, props, name]) => ({ title, type, props, name: name ?? slug(title) }));
}

/** Declared resources with one hostile property each. */
export function misused(
  type: string,
  name: string,
  cases: Readonly<Record<string, unknown>> | readonly (readonly [property: string, value: unknown])[],
): HostileCase[] {
  const listed = isList(cases) ? cases : Object.entries(cases);
  return listed.map(([property, value], index) => ({
    title: `${name} with ${property} ${index}`,
    type,
    name,
    props: { [property]: value },
    property,
  }));
}

function isList<T>(value: Readonly<Record<string, unknown>> | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

const slug = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
