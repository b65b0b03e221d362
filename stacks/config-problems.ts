import { z } from "zod";
import { nearest } from "../shared/nearest.ts";

/** A problem of the config: what is wrong where, and what to do about it. */
export interface ConfigProblem {
  readonly text: string;
  readonly repair: string;
}

/** The shape of a value of the config, as JSON Schema has it. */
type Shape = z.core.JSONSchema._JSONSchema;
type Path = readonly PropertyKey[];

/** Where a config is kept: its keys' namespace, and the folder of its project below this one. */
export interface ConfigPlace {
  readonly namespace: string;
  readonly folder?: string;
}

const SPARKI: ConfigPlace = { namespace: "sparki" };

interface Parsed {
  readonly schema: z.ZodType;
  readonly values: unknown;
  readonly stack: string;
  /** @default the deployment's own */
  readonly place?: ConfigPlace;
}

/** The issues of a parse with `expectation` as problems, in their order and each once. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  { schema, values, stack, place = SPARKI }: Parsed,
): ConfigProblem[] {
  const shape = shapeOf(schema);
  const problems = issues.flatMap((issue) => problemOf(issue, { values, stack, shape, place }));
  return [...new Map(problems.map((problem) => [problem.text, problem])).values()];
}

const shapes = new WeakMap<z.ZodType, Shape>();

function shapeOf(schema: z.ZodType): Shape {
  const shape = shapes.get(schema) ?? z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  shapes.set(schema, shape);
  return shape;
}

interface Surroundings {
  readonly values: unknown;
  readonly stack: string;
  readonly shape: Shape;
  readonly place: ConfigPlace;
}

function problemOf(issue: z.core.$ZodIssue, { values, stack, shape, place }: Surroundings): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(shape, issue.path);
    return issue.keys.map((key) => {
      const [meant] = nearest(key, known, 1);
      const text = `${placeOf([...issue.path, key])} is not a known key`;
      const repair = `${editOf([...issue.path, key], stack, place)}${oneOfKeys(known)}`;
      return { text: meant === undefined ? text : `${text}; did you mean ${meant}?`, repair };
    });
  }
  const found = foundAt(values, issue.path);
  const text = `${placeOf(issue.path)} is ${shown(found)}; expected ${issue.message}`;
  return [
    { text, repair: `${repairOf(issue.path, { stack, shape, place })}${quoting(found, shapeAt(shape, issue.path))}` },
  ];
}

function oneOfKeys(known: readonly string[]): string {
  return known.length === 0 ? "" : ` (known keys: ${known.join(", ")})`;
}

/** YAML makes a number of `1.30` and of `17.6`, and text of what stands in quotes. */
function quoting(found: unknown, shape: Shape): string {
  if (typeof shape === "boolean") return "";
  const isScalar = typeof found === "number" || typeof found === "boolean";
  if (shape.type === "string" && isScalar) return ', and put quotes around it, as in "1.30"';
  const isNumber = shape.type === "number" || shape.type === "integer";
  if (isNumber && typeof found === "string" && found.trim() !== "" && Number.isFinite(Number(found)))
    return ", and remove the quotes";
  return "";
}

/** Pulumi's command can set text at the top; it writes a number below a key as text, and reformats the rest of the file. */
function repairOf(path: Path, { stack, shape, place }: Omit<Surroundings, "values">): string {
  if (path.length !== 1 || !isText(shape, path)) return editOf(path, stack, place);
  const folder = place.folder === undefined ? "" : ` --cwd ${place.folder}`;
  return `Run: pulumi config set${folder} --stack ${stack} ${place.namespace}:${placeOf(path)} <value>`;
}

function editOf(path: Path, stack: string, { namespace, folder }: ConfigPlace): string {
  const file = `${folder === undefined ? "" : `${folder}/`}Pulumi.${stack}.yaml`;
  return `Edit ${file}: ${namespace}:${placeOf(path)}`;
}

/** A place in the YAML, such as `objectives[0].maxRatio`; a key that is no word stands in quotes. */
function placeOf(path: Path): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === "number") return `${place}[${key}]`;
    const name = String(key);
    if (!/^[\w$-]+$/.test(name)) return place === "" ? asJson(name) : `${place}[${asJson(name)}]`;
    return place === "" ? name : `${place}.${name}`;
  }, "");
}

const MAX_SHOWN = 120;

function shown(found: unknown): string {
  if (found === undefined) return "missing";
  const text = asJson(found);
  if (looksSecret(text)) return "what looks like a secret";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

/** JSON in ASCII, so that what cannot be seen is seen; a value that is nested too deeply is only called so. */
function asJson(found: unknown): string {
  try {
    const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return JSON.stringify(found).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, escaped);
  } catch {
    return "a value that is nested too deeply";
  }
}

function foundAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
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
  object: "a map of keys and values",
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
  if (origin === "string") return limit === 1 ? "non-empty text" : `text of ${side} ${limit} characters`;
  return `a number ${side} ${limit}`;
}

/** Keys of the `sparki:` namespace that hold a secret. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  "slackWebhook",
  "slackToken",
  "pagerdutyKey",
  "opsgenieKey",
  "heartbeatUrl",
]);

/** What secrets of the services that people use look like, anywhere in a text. */
const SECRET_FORMS = [
  /\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}/,
  /hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/\S{8,}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}/,
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/,
  /\bpul-[0-9a-f]{32,}|\bsk_(?:live|test)_[A-Za-z0-9]{16,}|\bnpm_[A-Za-z0-9]{30,}|\bAIza[\w-]{30,}/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*:[^\s/?#@]+@/i,
];

/** Whether a text holds what looks like a secret. */
function looksSecret(text: string): boolean {
  return SECRET_FORMS.some((form) => form.test(text));
}

const SECRET_NAME = /token|secret|passw(?:or)?d|passphrase|webhook|api_?key|private_?key|access_?key|credential/i;

/** What a rehearsal puts in the place of a secret that only the cloud can decrypt, and its own Slack; neither opens anything. */
const MADE_UP = /^rehearsed-[\w-]+$|^http:\/\/127\.\d+\.\d+\.\d+:\d+\/slack$/;

/** An address that only this machine reaches, as a rehearsal's own Slack. */
const LOOPBACK = /^https?:\/\/127(?:\.\d{1,3}){3}(?::\d+)?(?:\/[\w./-]*)?$/;

/** Whether a plain text below a key (`sparki:slackToken`, `aws:secretKey`) must be encrypted. */
export function mustBeSecret(key: string, value: string): boolean {
  if (value === "" || MADE_UP.test(value) || LOOPBACK.test(value)) return false;
  const name = key.slice(key.indexOf(":") + 1);
  return SECRET_KEYS.has(name) || SECRET_NAME.test(name) || looksSecret(value);
}
