import { isJson, type Json } from "./published.ts";

/** What AWS says of one value; an absent key is not said. */
export interface Constraint {
  readonly oneOf?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** How many items a list may have. */
export interface Count {
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A published description: where to find a member, and what is said of a value, or of each item where it is a list. */
export interface Description {
  child(name: string): Description | undefined;
  names(): readonly string[];
  constraint(): Constraint;
  count(): Count;
}

/** A CloudFormation schema's node; lists are entered, references followed. */
export class SchemaNode implements Description {
  readonly #root: Json;
  readonly #node: Json;

  constructor(root: Json, node: Json = root) {
    this.#root = root;
    this.#node = node;
  }

  names(): readonly string[] {
    return Object.keys(this.#properties());
  }

  child(name: string): Description | undefined {
    const found = this.#properties()[name];
    return isJson(found) ? new SchemaNode(this.#root, found) : undefined;
  }

  constraint(): Constraint {
    const { enum: oneOf, enumCaseInsensitive, ...rest } = this.#entered();
    return compact({
      oneOf: scalars(oneOf ?? enumCaseInsensitive),
      pattern: usable(rest.pattern),
      minLength: number(rest.minLength),
      maxLength: number(rest.maxLength),
      minimum: number(rest.minimum),
      maximum: number(rest.maximum),
    });
  }

  count(): Count {
    const { minItems, maxItems } = this.#resolved(this.#node);
    return compact({ minItems: number(minItems), maxItems: number(maxItems) });
  }

  #entered(): Json {
    const node = this.#resolved(this.#node);
    return isJson(node.items) ? this.#resolved(node.items) : node;
  }

  #properties(): Json {
    const { properties } = this.#entered();
    return isJson(properties) ? properties : {};
  }

  #resolved(node: Json): Json {
    const reference = node.$ref;
    if (typeof reference !== "string") return node;
    const found = reference
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((at, key) => (isJson(at) ? at[key] : undefined), this.#root);
    return isJson(found) ? this.#resolved({ ...found, ...withoutReference(node) }) : node;
  }
}

function withoutReference(node: Json): Json {
  return Object.fromEntries(Object.entries(node).filter(([key]) => key !== "$ref"));
}

/** A shape of an API's input. */
export class ShapeNode implements Description {
  readonly #shapes: Json;
  readonly #name: string;

  constructor(shapes: Json, name: string) {
    this.#shapes = shapes;
    this.#name = name;
  }

  names(): readonly string[] {
    return Object.keys(this.#members());
  }

  child(name: string): Description | undefined {
    const member = this.#members()[name];
    return isJson(member) && typeof member.shape === "string" ? new ShapeNode(this.#shapes, member.shape) : undefined;
  }

  constraint(): Constraint {
    const { type, enum: oneOf, pattern, min, max } = this.#entered();
    const isText = type === "string";
    return compact({
      oneOf: scalars(oneOf),
      pattern: usable(pattern),
      ...(isText ? { minLength: number(min), maxLength: number(max) } : {}),
      ...(isText || type === "list" ? {} : { minimum: number(min), maximum: number(max) }),
    });
  }

  count(): Count {
    const { type, min, max } = this.#at(this.#name);
    return type === "list" ? compact({ minItems: number(min), maxItems: number(max) }) : {};
  }

  #members(): Json {
    const shape = this.#entered();
    return isJson(shape.members) ? shape.members : {};
  }

  #entered(): Json {
    const shape = this.#at(this.#name);
    const member = shape.member;
    return isJson(member) && typeof member.shape === "string" ? this.#at(member.shape) : shape;
  }

  #at(name: string): Json {
    const found = this.#shapes[name];
    return isJson(found) ? found : {};
  }
}

function scalars(value: unknown): Constraint["oneOf"] {
  if (!Array.isArray(value)) return undefined;
  return value.filter((one): one is string | number => typeof one === "string" || typeof one === "number");
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The pattern for JavaScript, anchored as published; undefined where JavaScript cannot read it. */
function usable(pattern: unknown): string | undefined {
  if (typeof pattern !== "string" || pattern === ".*" || pattern === "[\\s\\S]*") return undefined;
  const translated = pattern.replaceAll("\\Z", "$").replaceAll("\\A", "^").replaceAll("\\p{Z}", " ");
  try {
    new RegExp(translated, "u");
    return translated;
  } catch {
    return undefined;
  }
}

/** Without what is not said. */
export function compact<T extends object>(said: { readonly [K in keyof T]: T[K] | undefined }): T;
export function compact(said: object): object {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
