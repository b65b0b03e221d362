import type { Inputs } from "./inputs.ts";

/** What AWS would refuse. */
export interface Finding {
  /** The property's path, as in `healthCheck.interval` or `rules[0].priority`. */
  readonly path: string;
  /** What is given, never a secret; "nothing" when it is missing. */
  readonly found: string;
  /** AWS's rule. */
  readonly expected: string;
}

/** What one rule finds in a resource's inputs; `before` are those of the resource as it is, in an update. */
export type Rule = (it: Inputs, before: Inputs | undefined) => readonly Finding[];

/** The sentence that people read. */
export function sentenceOf({ path, found, expected }: Finding): string {
  return `${path} is ${found}; AWS takes ${expected}`;
}

const SECRET = /password|secret|token|privatekey/i;
const LONGEST = 60;

/** A value as a finding shows it. */
export function shown(path: string, value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (SECRET.test(path)) return "a secret value";
  const text = typeof value === "string" ? JSON.stringify(value) : JSON.stringify(value, stringified);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
}

function stringified(_: string, value: unknown): unknown {
  return typeof value === "symbol" ? "(unknown)" : value;
}

/** A finding about one property. */
export function wrong(it: Inputs, name: string, expected: string): Finding[] {
  return [{ path: it.at(name), found: shown(it.at(name), it.raw(name)), expected }];
}

/** A rule that the condition, where it holds, breaks. */
export function refuse(name: string, expected: string, when: (it: Inputs, before?: Inputs) => boolean): Rule {
  return (it, before) => (when(it, before) ? wrong(it, name, expected) : []);
}

/** The known text must match. */
export function matches(name: string, pattern: RegExp, expected: string): Rule {
  return refuse(name, expected, (it) => {
    const text = it.text(name);
    return text !== undefined && !pattern.test(text);
  });
}

/** The known value must be one of these. */
export function oneOf(name: string, values: readonly (string | number)[], expected?: string): Rule {
  return refuse(name, expected ?? `one of ${values.join(", ")}`, (it) => {
    const text = it.text(name);
    return text !== undefined && !values.some((value) => String(value) === text);
  });
}

/** Each known text of the list must be one of these. */
export function eachOneOf(name: string, values: readonly string[], expected?: string): Rule {
  return refuse(name, expected ?? `only ${values.join(", ")}`, (it) =>
    it.knownTexts(name).some((text) => !values.includes(text)),
  );
}

/** Each known text of the list must match. */
export function eachMatches(name: string, pattern: RegExp, expected: string): Rule {
  return refuse(name, expected, (it) => it.knownTexts(name).some((text) => !pattern.test(text)));
}

/** No text of the list may stand twice. */
export function distinct(name: string, expected = "no value twice"): Rule {
  return refuse(name, expected, (it) => {
    const texts = it.knownTexts(name);
    return new Set(texts).size < texts.length;
  });
}

/** The known number must lie in the range. */
export function within(name: string, minimum: number, maximum: number, unit = ""): Rule {
  return refuse(name, `${minimum} to ${maximum}${unit}`, (it) => {
    const number = it.number(name);
    return number !== undefined && (number < minimum || number > maximum);
  });
}

export function required(name: string, expected = "a value", when: (it: Inputs) => boolean = () => true): Rule {
  return refuse(name, expected, (it) => when(it) && it.lacks(name));
}

const groups = new WeakMap<Rule, readonly string[]>();

/** The properties that a rule lets only one of be given; undefined for any other rule. */
export const groupOf = (rule: Rule) => groups.get(rule);

/** At most one of these may be given. */
export function atMostOneOf(names: readonly string[]): Rule {
  const rule: Rule = (it) => {
    const given = names.filter((name) => it.has(name));
    const second = given[1];
    return second === undefined
      ? []
      : wrong(it, second, `at most one of ${names.join(", ")}; ${given[0]} is given too`);
  };
  groups.set(rule, names);
  return rule;
}

/** Just one of these must be given. */
export function exactlyOneOf(names: readonly string[]): Rule {
  const atMost = atMostOneOf(names);
  const rule: Rule = (it, before) =>
    names.some((name) => it.has(name))
      ? atMost(it, before)
      : wrong(it, names[0] ?? "", `just one of ${names.join(", ")}`);
  groups.set(rule, names);
  return rule;
}

/** What is given only makes sense with something else. */
export function together(name: string, expected: string, needs: (it: Inputs) => boolean): Rule {
  return refuse(name, expected, (it) => it.has(name) && !needs(it));
}

/** These rules for each object of a list. */
export function eachOf(list: string, ...rules: readonly Rule[]): Rule {
  return (it) => it.objects(list).flatMap((each) => rules.flatMap((rule) => rule(each, undefined)));
}

/** These rules for the object there, if any. */
export function inside(name: string, ...rules: readonly Rule[]): Rule {
  return (it) => {
    const object = it.object(name);
    return object === undefined ? [] : rules.flatMap((rule) => rule(object, undefined));
  };
}

/** What may not change as it does, seen with the resource as it is. */
export function onUpdate(name: string, expected: string, when: (it: Inputs, before: Inputs) => boolean): Rule {
  return refuse(name, expected, (it, before) => before !== undefined && when(it, before));
}
