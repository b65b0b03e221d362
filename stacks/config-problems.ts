import { z } from "zod";
import { nearest } from "./nearest.ts";

/** A problem of the config: what is wrong where, and what to do about it. */
export interface ConfigProblem {
  readonly text: string;
  readonly repair: string;
}

/** The shape of a value of the config, as JSON Schema has it. */
type Shape = z.core.JSONSchema._JSONSchema;
type Path = readonly PropertyKey[];

/** The issues of a parse with `expectation` as problems, in their order and each once. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  { schema, values, stack }: { readonly schema: z.ZodType; readonly values: unknown; readonly stack: string },
): ConfigProblem[] {
  const shape = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const problems = issues.flatMap((issue) => problemOf(issue, { values, stack, shape }));
  return [...new Map(problems.map((problem) => [problem.text, problem])).values()];
}

interface Surroundings {
  readonly values: unknown;
  readonly stack: string;
  readonly shape: Shape;
}

function problemOf(issue: z.core.$ZodIssue, { values, stack, shape }: Surroundings): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(shape, issue.path);
    return issue.keys.map((key) => {
      const [meant] = nearest(key, known, 1);
      const text = `${placeOf([...issue.path, key])} is not a known key`;
      const repair = `Edit Pulumi.${stack}.yaml: sparki:${placeOf([...issue.path, key])}`;
      return { text: meant === undefined ? text : `${text}; did you mean ${meant}?`, repair };
    });
  }
  const text = `${placeOf(issue.path)} is ${shown(foundAt(values, issue.path))}; expected ${issue.message}`;
  return [{ text, repair: repairOf(issue.path, stack, shape) }];
}

/** Pulumi's command can set text at the top; it writes a number below a key as text, and lays out anew what is there. */
function repairOf(path: Path, stack: string, shape: Shape): string {
  const place = placeOf(path);
  if (path.length === 1 && isText(shape, path))
    return `Run: pulumi config set --stack ${stack} sparki:${place} <value>`;
  return `Edit Pulumi.${stack}.yaml: sparki:${place}`;
}

/** A place in the YAML, such as `objectives[0].maxRatio`. */
function placeOf(path: Path): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === "number") return `${place}[${key}]`;
    return place === "" ? String(key) : `${place}.${String(key)}`;
  }, "");
}

const MAX_SHOWN = 120;

function shown(found: unknown): string {
  if (found === undefined) return "missing";
  const text = JSON.stringify(found);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

function foundAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    values,
  );
}

function shapeAt(shape: Shape, path: Path): Shape {
  return path.reduce<Shape>((at, key) => {
    if (typeof at === "boolean") return at;
    const inside = typeof key === "number" ? at.items : at.properties?.[String(key)];
    return inside === undefined || Array.isArray(inside) ? true : inside;
  }, shape);
}

function isText(shape: Shape, path: Path): boolean {
  const at = shapeAt(shape, path);
  return typeof at !== "boolean" && at.type === "string";
}

function keysAt(shape: Shape, path: Path): string[] {
  const at = shapeAt(shape, path);
  return typeof at === "boolean" ? [] : Object.keys(at.properties ?? {});
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "keys with values",
};

/** What is expected, for a schema that has no words of its own for it. */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected];
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      return Array.isArray(issue.options) ? oneOf(issue.options) : "another kind of value";
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? "above" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "below" : "at most", issue.maximum);
    case "invalid_format":
      return issue.format === "starts_with" ? `text that begins with ${issue.prefix}` : KNOWN_FORMATS[issue.format];
    default:
      return undefined;
  }
}

const KNOWN_FORMATS: Readonly<Record<string, string>> = { url: "a URL such as https://example.com" };

function oneOf(values: readonly unknown[]): string {
  return `${values.length > 1 ? "one of " : ""}${values.map(String).join(", ")}`;
}

function bound(origin: string, side: string, limit: number | bigint): string {
  if (origin === "array") return `${side} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  if (origin === "string") return limit === 1 ? "text that is not empty" : `text of ${side} ${limit} characters`;
  return `a number ${side} ${limit}`;
}
