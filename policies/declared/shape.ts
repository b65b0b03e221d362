import { type Document, parseAllDocuments, parseDocument, Scalar, visit } from "yaml";
import type { StackConfig } from "../../stacks/schema.ts";
import { type AnyResource, isUnknownValue, type ResourceOptions, textsIn } from "../judging/resource.ts";

/** What the declarations may speak of: the stack, its config, and what the resource's own name says. */
export interface World {
  readonly stack: string;
  readonly config: StackConfig;
  /** What placeholders in texts stand for. @default what the stack's config says */
  readonly words?: Readonly<Record<string, string>>;
  /** By placeholder: `{zone: "us-east-1a"}` for a resource that is declared once for each zone. */
  readonly bound: Readonly<Record<string, string>>;
  /** Whether one of these logical names has that text for an output; before all resources are known, whether it could. */
  readonly tells?: (sources: readonly string[], text: string, world: World) => boolean;
}

/** A value that is told by more than its text: what it must be, and where it may come from. */
export class Matcher {
  /** For messages. */
  readonly expects: string;
  readonly accepts: (value: unknown, world: World) => boolean;
  /** Logical names of the resources whose outputs it may be made of; only such a value may be unknown in preview. */
  readonly sources: readonly string[];
  /** A value of this kind has to come from one of the sources: a text that stands in the program is refused. */
  readonly mustRefer: boolean;
  /** Whether it may be left out on this stack. */
  readonly isOptional: (world: World) => boolean;
  /** Says in what a value differs; undefined where all that there is to say is what it expects. */
  readonly differences: ((value: unknown, world: World, path: string) => Mismatch[]) | undefined;

  constructor(
    expects: string,
    accepts: Matcher["accepts"],
    more: {
      readonly sources?: readonly string[];
      readonly mustRefer?: boolean;
      readonly isOptional?: Matcher["isOptional"];
      readonly differences?: NonNullable<Matcher["differences"]>;
    } = {},
  ) {
    this.expects = expects;
    this.accepts = accepts;
    this.sources = more.sources ?? [];
    this.mustRefer = more.mustRefer ?? false;
    this.isOptional = more.isOptional ?? (() => false);
    this.differences = more.differences;
  }

  toJSON(): string {
    return this.expects;
  }
}

/**
 * What a value has to be: the very same text, number or flag; a list or an object of shapes, with no item or property
 * more; or a matcher. In texts `{stack}`, `{account}`, `{region}`, `{domain}`, `{owner}`, `{vpc}` and `{zone}` stand
 * for what the stack's config says.
 */
export type Shape = string | number | boolean | null | Matcher | readonly Shape[] | { readonly [key: string]: Shape };

export interface Mismatch {
  readonly path: string;
  readonly expected: string;
}

/** The text with its placeholders filled in. */
export function fill(text: string, world: World): string {
  const { bound, words = wordsOf(world) } = world;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => bound[name] ?? words[name] ?? whole);
}

function wordsOf({ stack, config }: World): NonNullable<World["words"]> {
  return {
    stack,
    account: config.accountId,
    region: config.region,
    domain: config.domain,
    owner: config.owner,
    vpc: config.network.cidr,
  };
}

/** What the provider adds to its resources' inputs, and no text has: the names of those that it filled in itself. */
const BOOKKEEPING = "__defaults";

/** Everything in which a value differs from its declared shape; unknown values are refused unless they are declared. */
export function mismatches(read: () => unknown, shape: Shape, world: World, path = ""): Mismatch[] {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    const declared = shape instanceof Matcher && shape.sources.length > 0;
    return declared ? [] : [{ path, expected: `a value that preview knows: ${told(shape, world)}` }];
  }
  return mismatchesOf(value, shape, world, path);
}

function mismatchesOf(value: unknown, shape: Shape, world: World, path: string): Mismatch[] {
  const wrong = [{ path, expected: told(shape, world) }];
  if (shape instanceof Matcher) {
    try {
      return shape.differences?.(value, world, path) ?? (shape.accepts(value, world) ? [] : wrong);
    } catch (error) {
      if (!isUnknownValue(error)) throw error;
      return shape.sources.length > 0 ? [] : [{ path, expected: `a value that preview knows: ${shape.expects}` }];
    }
  }
  if (isList(shape)) {
    if (!Array.isArray(value) || value.length !== shape.length) return wrong;
    return shape.flatMap((inner, index) => mismatches(() => value[index], inner, world, `${path}[${index}]`));
  }
  if (typeof shape === "object" && shape !== null) {
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? propertiesOf(value, shape, world, path)
      : wrong;
  }
  return value === (typeof shape === "string" ? fill(shape, world) : shape) ? [] : wrong;
}

function propertiesOf(value: object, shape: { readonly [key: string]: Shape }, world: World, path: string) {
  const below = (key: string) => (path === "" ? key : `${path}.${key}`);
  const found: Mismatch[] = [];
  for (const key of Object.keys(value)) {
    if (key === BOOKKEEPING || Object.hasOwn(shape, key)) continue;
    if (!isAbsent(() => Reflect.get(value, key))) found.push({ path: below(key), expected: "not to be set" });
  }
  for (const [key, inner] of Object.entries(shape)) {
    if (isAbsent(() => Reflect.get(value, key))) {
      if (!(inner instanceof Matcher && inner.isOptional(world)))
        found.push({ path: below(key), expected: told(inner, world) });
    } else found.push(...mismatches(() => Reflect.get(value, key), inner, world, below(key)));
  }
  return found;
}

function isAbsent(read: () => unknown): boolean {
  try {
    return read() === undefined || read() === null;
  } catch (error) {
    if (isUnknownValue(error)) return false;
    throw error;
  }
}

function isList(shape: Shape): shape is readonly Shape[] {
  return Array.isArray(shape);
}

function told(shape: Shape, world: World): string {
  if (shape instanceof Matcher) return shape.expects;
  return typeof shape === "string" ? JSON.stringify(fill(shape, world)) : JSON.stringify(shape);
}

/** Every matcher in a shape with the property, of the resource, that it stands in. */
export function matchersOf(shape: Shape): Matcher[] {
  if (shape instanceof Matcher) return [shape];
  if (typeof shape !== "object" || shape === null) return [];
  return Object.values(shape).flatMap(matchersOf);
}

/** An id, a name or an ARN that is an output of one of these resources, and of nothing else. */
export function ref(...sources: readonly string[]): Matcher {
  return new Matcher(
    `an output of ${sources.join(" or ")}`,
    (value, world) => typeof value === "string" && value !== "" && world.tells?.(sources, value, world) !== false,
    { sources, mustRefer: true },
  );
}

/** The shape, made of outputs of these resources, and of nothing else. */
export function madeOf(shape: Shape, ...sources: readonly string[]): Matcher {
  const made = known(shape, ...sources);
  return new Matcher(`${made.expects}, made of outputs of ${sources.join(" or ")}`, made.accepts, {
    sources,
    mustRefer: true,
  });
}

/**
 * A list of such outputs: one of each resource that the name stands for on this stack, and none twice. The engine may be
 * told that it comes from further ones, of which it has nothing.
 */
export function refs(source: string, further: readonly string[] = []): Matcher {
  return refsOf((world) => namesOf(source, world).length, source, ...further);
}

/** A list of so many such outputs, and none twice: with fewer, a zone or a way is left out. */
export function refsOf(count: (world: World) => number, ...sources: readonly string[]): Matcher {
  const listed = each(`outputs of ${sources.join(" and ")}`, ref(...sources), {});
  return new Matcher(
    listed.expects,
    (value, world) =>
      Array.isArray(value) && value.length === count(world) && areDistinct(value) && listed.accepts(value, world),
    { sources, mustRefer: true },
  );
}

function areDistinct(list: readonly unknown[]): boolean {
  const texts = textsIn(() => list);
  return new Set(texts).size === texts.length;
}

/** A list of values, at least one, each of that shape or one that preview cannot know yet and that comes from these resources. */
export function knownEach(shape: Shape, ...sources: readonly string[]): Matcher {
  return each(`a list of ${JSON.stringify(shape)}`, known(shape, ...sources), { sources });
}

/** Each by itself: a list's methods would stop at the first value that preview cannot know. */
function each(expects: string, one: Matcher, more: ConstructorParameters<typeof Matcher>[2]): Matcher {
  const areGood = (list: readonly unknown[], world: World) =>
    Array.from(list.keys()).every((index) => mismatches(() => list[index], one, world).length === 0);
  return new Matcher(
    expects,
    (value, world) => Array.isArray(value) && value.length > 0 && areGood(value, world),
    more,
  );
}

/** The shape; a value that preview cannot know yet is let pass when it comes from these resources only. */
export function known(shape: Shape, ...sources: readonly string[]): Matcher {
  const expects = shape instanceof Matcher ? shape.expects : JSON.stringify(shape);
  return new Matcher(expects, (value, world) => mismatches(() => value, shape, world).length === 0, { sources });
}

/** The shape, or nothing at all. */
export function optional(shape: Shape): Matcher {
  const inner = shape instanceof Matcher ? shape : undefined;
  return new Matcher(
    inner?.expects ?? JSON.stringify(shape),
    (value, world) => mismatches(() => value, shape, world).length === 0,
    { sources: inner?.sources ?? [], mustRefer: inner?.mustRefer ?? false, isOptional: () => true },
  );
}

/** Exactly what this stack's config says. */
export function config(expects: string, read: (config: StackConfig, world: World) => unknown): Matcher {
  return new Matcher(`what sparki:${expects} says`, (value, world) => same(value, read(world.config, world)));
}

/** Exactly what this stack's config says, and nothing at all where it says nothing. */
export function whereConfigured(expects: string, read: (config: StackConfig) => unknown): Matcher {
  const { expects: told, accepts } = config(expects, read);
  return new Matcher(told, accepts, { isOptional: (world) => read(world.config) === undefined });
}

export function oneOf(...shapes: readonly Shape[]): Matcher {
  return new Matcher(`one of ${JSON.stringify(shapes)}`, (value, world) =>
    shapes.some((shape) => mismatches(() => value, shape, world).length === 0),
  );
}

export function matching(expects: string, pattern: RegExp): Matcher {
  return new Matcher(expects, (value) => typeof value === "string" && pattern.test(value));
}

/** A list of any length, each item of that shape. */
export function listOf(shape: Shape): Matcher {
  return new Matcher(
    `a list of ${JSON.stringify(shape)}`,
    (value, world) => Array.isArray(value) && value.every((item) => mismatches(() => item, shape, world).length === 0),
  );
}

/** JSON text of that shape. */
export function json(shape: Shape): Matcher {
  return new Matcher(`the JSON of ${JSON.stringify(shape)}`, (value, world) => {
    if (typeof value !== "string") return false;
    const parsed = parsedOnce(value);
    return parsed !== undefined && !hasBookkeeping(parsed) && mismatches(() => parsed, shape, world).length === 0;
  });
}

/** Base64 of a text of that shape, as Secrets are kept. */
export function base64(shape: Shape): Matcher {
  return new Matcher(`the base64 of ${JSON.stringify(shape)}`, (value, world) => {
    if (typeof value !== "string") return false;
    const text = Buffer.from(value, "base64").toString("utf8");
    return Buffer.from(text).toString("base64") === value && mismatches(() => text, shape, world).length === 0;
  });
}

/** YAML text of that shape, in which no reader reads another thing than the next one. */
export function yaml(shape: Shape): Matcher {
  return new Matcher(`the YAML of ${JSON.stringify(shape)}`, (value, world) => {
    const [parsed, ...more] = typeof value === "string" ? (documentsIn(value) ?? []) : [];
    return parsed !== undefined && more.length === 0 && mismatches(() => parsed, shape, world).length === 0;
  });
}

/** What the JSON says, or undefined for text that is no JSON or that two readers may read in two ways. */
export function parsedOnce(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return hasTwice(text) ? undefined : parsed;
  } catch {
    return undefined;
  }
}

/** Whether an object of valid JSON text names a key twice: readers differ in which of the two they believe. */
function hasTwice(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (namesValue(text, index + token.length)) {
      const key: string = JSON.parse(token);
      const keys = open.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
}

/** Whether a text of JSON that ends there is a key: a colon follows, however far behind. */
function namesValue(text: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(text);
}

/** Whether a text has, at any depth, what is left out of account where a provider put it. */
export function hasBookkeeping(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => key === BOOKKEEPING || hasBookkeeping(inner));
}

/** Whether two values of plain data are the same, whatever the order of their keys. */
export function same(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || one === null || typeof other !== "object" || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one).filter((key) => key !== BOOKKEEPING);
  return (
    keys.length === Object.keys(other).filter((key) => key !== BOOKKEEPING).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(Reflect.get(one, key), Reflect.get(other, key)))
  );
}

/** Line ends of YAML 1.1 that readers of 1.2 take for a part of the line. */
const OTHER_LINE_ENDS = /\r(?!\n)|[\u0085\u2028\u2029\ufeff]/;

/**
 * The documents of a YAML text without those that are empty; undefined for a text that is broken or that two readers may
 * read in two ways: keys given twice or left out of account here, aliases, directives, tags, other line ends, and what YAML 1.1, which Kubernetes
 * reads, takes for another value than YAML 1.2 does (`yes`, `010`, `1:30`).
 */
export function documentsIn(text: string): unknown[] | undefined {
  if (OTHER_LINE_ENDS.test(text)) return undefined;
  const documents = [...parseAllDocuments(text, READING)];
  if (documents.some((one) => isBroken(one) || saysHowToRead(one))) return undefined;
  try {
    const values = documents.map((document): unknown => document.toJS({ maxAliasCount: 0 }));
    return hasBookkeeping(values) ? undefined : values.filter((one) => one !== null);
  } catch {
    return undefined;
  }
}

const READING = { uniqueKeys: true, stringKeys: true } as const;

function isBroken({ errors, warnings }: Document.Parsed): boolean {
  return errors.length > 0 || warnings.length > 0;
}

/** Whether a document has what readers differ in: a directive, a tag, a plain word that is no text to one of them. */
function saysHowToRead({ directives, contents }: Document.Parsed): boolean {
  let differs = directives.yaml.explicit === true || Object.keys(directives.tags).some((handle) => handle !== "!!");
  visit(contents, {
    Node: (_key, node) => {
      if (node.tag !== undefined) differs = true;
    },
    Scalar: (_key, { type, source = "", value, tag }) => {
      if (tag !== undefined || (type === Scalar.PLAIN && !Object.is(olderValue(source), value))) differs = true;
    },
  });
  return differs;
}

/** What YAML 1.1 makes of a plain word; undefined where it merges or refuses it. */
function olderValue(word: string): unknown {
  if (!olderValues.has(word)) {
    const document = parseDocument(word, { version: "1.1" });
    olderValues.set(word, isBroken(document) || word === "<<" ? undefined : document.toJS());
  }
  return olderValues.get(word);
}

const olderValues = new Map<string, unknown>();

/** One resource of this deployment, or one for each zone, administrator, reader or network that its config names. */
export interface Declaration {
  readonly type: string;
  /** Logical name, with placeholders: `network-nat-{zone}`. */
  readonly name: string;
  /** All properties that the program may set, each with what it must be. */
  readonly properties: Readonly<Record<string, Shape>>;
}

/** Declares resources of one type by their logical names. */
export function declare(
  type: string,
  resources: Readonly<Record<string, Declaration["properties"]>>,
  common: Declaration["properties"] = {},
): Declaration[] {
  return Object.entries(resources).map(([name, own]) => ({ type, name, properties: { ...common, ...own } }));
}

/** The values that a placeholder in a name stands for on this stack. */
const REPEATED: Readonly<Record<string, (world: World) => readonly string[]>> = {
  zone: ({ config }) => config.network.zones,
  administrator: ({ config }) => config.cluster.administrators.map((arn) => arn.slice(arn.lastIndexOf("/") + 1)),
  reader: ({ config }) => config.cluster.readers.map((arn) => arn.slice(arn.lastIndexOf("/") + 1)),
  caller: ({ config }) => config.cluster.privateAccessCidrs.map((cidr) => cidr.replace(/[./]/g, "-")),
};

/** The logical names that a name stands for on this stack, each with what its placeholder is bound to. */
export function namesOf(name: string, world: World): { readonly name: string; readonly world: World }[] {
  const repeated = Object.keys(REPEATED).find((key) => name.includes(`{${key}}`) && !(key in world.bound));
  if (repeated === undefined) return [{ name: fill(name, world), world }];
  return (REPEATED[repeated]?.(world) ?? []).map((value) => {
    const bound = { ...world, bound: { ...world.bound, [repeated]: value } };
    return { name: fill(name, bound), world: bound };
  });
}

type Identified = Pick<AnyResource, "type" | "name">;

/** What a resource has to be, in the world that its own name gives it. */
export interface Declared {
  readonly shape: Readonly<Record<string, Shape>>;
  readonly world: World;
}

/** All that may exist in the stacks of one project, by the tables that a reviewer reads; nothing else may. */
export interface ClosedWorld {
  /** The world that the declarations of a stack speak of. */
  worldOf(stack: { readonly stack: string; readonly organization?: string; readonly config: StackConfig }): World;
  /** What a resource has to be; undefined when it is not declared. */
  declarationOf(resource: Pick<AnyResource, "type" | "name" | "options">, world: World): Declared | undefined;
  /** Whether the engine makes up a provider of this kind by itself. */
  isDefaultProvider(
    provider: { readonly type: string; readonly name?: string; readonly props: object },
    world: World,
  ): boolean;
  /** Whether a text could be an output of one of these resources, by all that is declared of them. */
  couldTell(sources: readonly string[], text: string, world: World): boolean;
  /** The options of a resource that are not declared. */
  optionMismatches(resource: Identified, options: ResourceOptions, world: World): readonly string[];
  /** The guards of a resource that are not among these resources. */
  missingGuards(resource: Identified, all: readonly Identified[]): readonly string[];
  /** The outputs of the stack that are not declared. */
  outputMismatches(outputs: Readonly<Record<string, unknown>>, world: World): readonly Mismatch[];
}
