import { exclusiveGroupsOf } from "../../aws/check.ts";
import { facts, type ShapeFact } from "../../aws/facts.ts";
import { type Input, type InputRecord, isInputList, isInputRecord } from "../../aws/inputs.ts";

export const KINDS = [
  "another type",
  "missing though required",
  "empty though required",
  "unknown property",
  "not in the enumeration",
  "against the pattern",
  "too long",
  "too short",
  "out of range",
  "no whole number",
  "too many items",
  "exclusive group broken",
  "nonsense",
] as const;

export type Kind = (typeof KINDS)[number];

/** A resource's inputs with one thing made wrong. */
export interface Mutation {
  readonly kind: Kind;
  readonly path: string;
  readonly inputs: InputRecord;
}

/** No name, id, ARN, number, block or document anywhere at AWS. */
const NONSENSE = "no such\u0007 välue|";
/** Texts that people write and that AWS takes as they are, control characters and all, or whose sense is not AWS's. */
const FREE_TEXT = /(^|\.)(tags|tagsAll|comment|triggers)(\.|$)|(^|\.)(description|secretString|messageBody)$/;
/** What the rehearsal's provider adds, as the real one does. */
const PROVIDERS_OWN = ["tagsAll", "region"];

/** Each property of a resource made wrong in each way that its published schema tells. */
export function mutationsOf(type: string, inputs: InputRecord): Mutation[] {
  const root = facts().types[type]?.shape;
  if (root === undefined) return [];
  const own = Object.fromEntries(Object.entries(inputs).filter(([name]) => !PROVIDERS_OWN.includes(name)));
  const made = [...objectMutations(root, own, ""), ...groupMutations(type, own)];
  return made.map(({ kind, path, value }) => ({ kind, path, inputs: asRecord(value) }));
}

/** A value in which one thing is wrong. */
interface Wrong {
  readonly kind: Kind;
  readonly path: string;
  readonly value: Input;
}

function asRecord(value: Input): InputRecord {
  return isInputRecord(value) ? value : {};
}

function objectMutations(number: number, value: InputRecord, path: string): Wrong[] {
  const properties = shapeAt(number).properties ?? {};
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const unknown: Wrong = {
    kind: "unknown property",
    path: at("noSuchProperty"),
    value: { ...value, noSuchProperty: "a" },
  };
  const members = Object.entries(properties).flatMap(([name, inner]): Wrong[] => {
    const given = value[name];
    if (given === undefined || given === null) return [];
    const missing: Wrong[] =
      shapeAt(inner).required === true
        ? [{ kind: "missing though required", path: at(name), value: { ...value, [name]: undefined } }]
        : [];
    const wrong = valueMutations(inner, given, at(name)).map((each): Wrong => {
      const changed: InputRecord = { ...value, [name]: each.value };
      return { ...each, value: changed };
    });
    return [...missing, ...wrong];
  });
  return [unknown, ...members];
}

function valueMutations(number: number, value: Input, path: string): Wrong[] {
  const shape = shapeAt(number);
  const as = (kind: Kind, ...values: readonly Input[]): Wrong[] => values.map((each) => ({ kind, path, value: each }));
  switch (shape.kind) {
    case "object":
      return [...as("another type", "text"), ...objectMutations(number, asRecord(value), path)];
    case "list":
      return [...as("another type", { key: "text" }), ...listMutations(shape, value, path)];
    case "map":
      return as("another type", "text", { key: { key: "text" } });
    case "boolean":
      return as("another type", "perhaps", 2);
    case "number":
      return [
        ...as("another type", "many", true),
        ...as("no whole number", 1.5),
        ...as("out of range", ...beyond(shape)),
      ];
    case "string":
      return [...as("another type", { key: "text" }, 12_345, true), ...textMutations(shape, path)];
    default:
      return [];
  }
}

function listMutations({ items, maxItems }: ShapeFact, value: Input, path: string): Wrong[] {
  const list: readonly Input[] = isInputList(value) ? value : [value];
  const first: Input = list[0];
  const counts: Wrong[] = [];
  if (maxItems !== undefined)
    counts.push({ kind: "too many items", path, value: new Array<Input>(maxItems + 1).fill(first) });
  if (items === undefined || first === undefined) return counts;
  const inner = valueMutations(items, first, `${path}[0]`).map((each): Wrong => {
    const changed: readonly Input[] = [each.value, ...list.slice(1)];
    return { ...each, value: changed };
  });
  return [...counts, ...inner];
}

function textMutations({ required, oneOf, pattern, minLength = 0, maxLength }: ShapeFact, path: string): Wrong[] {
  const as = (kind: Kind, value: string): Wrong => ({ kind, path, value });
  const found: Wrong[] = required === true ? [as("empty though required", "")] : [];
  if (oneOf !== undefined) found.push(as("not in the enumeration", "no-such-value"));
  if (pattern !== undefined && !new RegExp(pattern, "u").test(NONSENSE))
    found.push(as("against the pattern", NONSENSE));
  if (maxLength !== undefined && maxLength < 100_000) found.push(as("too long", "a".repeat(maxLength + 1)));
  if (minLength > 1) found.push(as("too short", "a".repeat(minLength - 1)));
  if (!FREE_TEXT.test(path)) found.push(as("nonsense", NONSENSE));
  return found;
}

function beyond({ minimum, maximum, oneOf }: ShapeFact): number[] {
  const below = minimum === undefined ? [] : [minimum - 1];
  const above = maximum === undefined ? [] : [maximum + 1];
  const other = oneOf === undefined ? [] : [Math.max(...oneOf.map(Number)) + 1];
  return [...below, ...above, ...other];
}

function groupMutations(type: string, value: InputRecord): Wrong[] {
  return exclusiveGroupsOf(type).flatMap((names) => {
    const given = names.filter((name) => value[name] !== undefined);
    const others = names.filter((name) => value[name] === undefined && !name.includes("."));
    if (given.length !== 1) return [];
    return others.map(
      (name): Wrong => ({
        kind: "exclusive group broken",
        path: name,
        value: { ...value, [name]: value[given[0] ?? ""] },
      }),
    );
  });
}

function shapeAt(number: number): ShapeFact {
  const shape = facts().shapes[number];
  if (shape === undefined) throw new Error(`no shape ${number}`);
  return shape;
}
