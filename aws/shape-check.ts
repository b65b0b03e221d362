import { conventionFault } from "./conventions.ts";
import { facts, type ShapeFact } from "./facts.ts";
import { type Finding, shown } from "./finding.ts";
import { type Input, isInputList, isInputRecord, UNKNOWN_INPUT } from "./inputs.ts";

/** What the engine and the provider add by themselves. */
const ENGINES_OWN = ["tagsAll", "region", "__defaults"];

/** Where the provider takes 0 for no value. */
const ZERO_IS_NONE = /(^|\.)retentionInDays$/;
/** Required, and empty all the same: a record of the zone's own name, and the bucket of logs that are switched off. */
const MAY_BE_EMPTY = /^name$|Logs\.bucket$/;

/** What the published shape of a type says of the inputs; a type without facts has none. */
export function shapeFindings(type: string, inputs: Input): Finding[] {
  const fact = facts().types[type];
  return fact === undefined ? [] : check(fact.shape, inputs, "");
}

function check(number: number, value: Input, path: string): Finding[] {
  const shape = facts().shapes[number];
  if (shape === undefined || value === UNKNOWN_INPUT) return [];
  if (value === undefined || value === null)
    return shape.required === true && path !== "" ? [finding(path, value, "a value")] : [];
  switch (shape.kind) {
    case "object":
      return checkObject(shape, value, path);
    case "list":
      return checkList(shape, value, path);
    case "map":
      return checkMap(value, path);
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false"
        ? []
        : [finding(path, value, "true or false")];
    case "number":
      return checkNumber(shape, value, path);
    case "string":
      return checkText(shape, value, path);
    default:
      return [];
  }
}

function checkObject(shape: ShapeFact, value: Input, path: string): Finding[] {
  if (!isInputRecord(value)) return [finding(path, value, "an object")];
  const properties = shape.properties ?? {};
  const unknown = Object.keys(value)
    .filter((name) => properties[name] === undefined && !ENGINES_OWN.includes(name) && value[name] !== undefined)
    .map((name) => finding(inner(path, name), value[name], `no such property; it has ${nameList(properties)}`));
  const members = Object.entries(properties).flatMap(([name, number]) => check(number, value[name], inner(path, name)));
  return [...unknown, ...members];
}

function checkMap(value: Input, path: string): Finding[] {
  if (!isInputRecord(value)) return [finding(path, value, "an object")];
  const nested = Object.keys(value).filter((key) => isInputRecord(value[key]) || isInputList(value[key]));
  return nested.map((key) => finding(inner(path, key), value[key], "a text"));
}

function nameList(properties: NonNullable<ShapeFact["properties"]>): string {
  const names = Object.keys(properties);
  const shownNames = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shownNames} and ${names.length - 12} more` : shownNames;
}

function checkList(shape: ShapeFact, value: Input, path: string): Finding[] {
  if (!isInputList(value)) return [finding(path, value, "a list")];
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = shape;
  const count =
    value.length > maxItems || (value.length < minItems && value.length > 0)
      ? [{ path, found: `${value.length} items`, expected: `${range(minItems, maxItems)} items` }]
      : [];
  const each = items === undefined ? [] : value.flatMap((item, index) => check(items, item, `${path}[${index}]`));
  return [...count, ...each];
}

function checkNumber(shape: ShapeFact, value: Input, path: string): Finding[] {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return [finding(path, value, "a number")];
  // None of the types in use has a number that may be fractional.
  if (!Number.isInteger(number)) return [finding(path, value, "a whole number")];
  const { oneOf, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = shape;
  if (number === 0 && ZERO_IS_NONE.test(path)) return [];
  if (oneOf !== undefined && !oneOf.some((each) => Number(each) === number))
    return [finding(path, value, `one of ${oneOf.join(", ")}`)];
  return number < minimum || number > maximum ? [finding(path, value, range(minimum, maximum))] : [];
}

function checkText(shape: ShapeFact, value: Input, path: string): Finding[] {
  const text = value;
  if (typeof text !== "string") return [finding(path, value, "a text")];
  // The provider takes an empty text for an absent one.
  if (text === "") return shape.required === true && !MAY_BE_EMPTY.test(path) ? [finding(path, text, "a value")] : [];
  const { oneOf, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = shape;
  if (oneOf !== undefined && !oneOf.some((each) => String(each) === text))
    return [finding(path, text, `one of ${oneOf.join(", ")}`)];
  if (text.length < minLength || text.length > maxLength)
    return [finding(path, text, `${range(minLength, maxLength)} characters`)];
  if (pattern !== undefined && !new RegExp(pattern, "u").test(text))
    return [finding(path, text, `what matches ${pattern}`)];
  const expected = conventionFault(path, text);
  return expected === undefined ? [] : [finding(path, text, expected)];
}

const finding = (path: string, value: Input, expected: string): Finding => ({
  path,
  found: shown(path, value),
  expected,
});

const inner = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);

function range(minimum: number, maximum: number): string {
  if (maximum === Number.POSITIVE_INFINITY) return `at least ${minimum}`;
  if (minimum === Number.NEGATIVE_INFINITY) return `at most ${maximum}`;
  return `${minimum} to ${maximum}`;
}
