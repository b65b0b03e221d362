import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { RESOURCE_SIGNATURE, SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN_VALUES } from "../../shared/engine-values.ts";

/** A property's value as the engine sends it, once secrets are unwrapped. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** The inputs or outputs of a resource, by the Pulumi property's name. */
export type Properties = Readonly<Record<string, Value>>;

/** Where in a resource's properties a value lies, from the outermost key inwards. */
export type Path = readonly (string | number)[];

/** Properties with the paths at which the engine marked a secret. */
export interface Received {
  readonly values: Properties;
  readonly secrets: readonly Path[];
}

/** True for a value that the engine does not know yet. */
export function isUnknown(value: Value | undefined): boolean {
  return typeof value === "string" && UNKNOWN_VALUES.has(value);
}

/** True when the value or anything inside it is not known yet. */
export function hasUnknown(value: Value | undefined): boolean {
  if (isList(value)) return value.some(hasUnknown);
  if (isRecord(value)) return Object.values(value).some(hasUnknown);
  return isUnknown(value);
}

/** True for an object value: not null, not a list. */
export function isRecord(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a list value. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** Reads a message's properties as they are, secrets still in the engine's wrapping. */
export function receiveWrapped(message: struct.Struct | undefined): Properties {
  const values: Value = message?.toJavaScript() ?? {};
  return isRecord(values) ? values : {};
}

/** Reads a message's properties for a model: secrets are unwrapped and their paths kept; a resource is its id. */
export function receive(message: struct.Struct | undefined): Received {
  const secrets: Path[] = [];
  const values = unwrap(receiveWrapped(message), [], secrets);
  return { values: isRecord(values) ? values : {}, secrets };
}

function unwrap(value: Value, path: Path, secrets: Path[]): Value {
  if (isList(value)) return value.map((item, index) => unwrap(item, [...path, index], secrets));
  if (!isRecord(value)) return value;
  if (value[SIGNATURE_KEY] === SECRET_SIGNATURE) {
    secrets.push(path);
    return unwrap(value.value ?? null, path, []);
  }
  if (value[SIGNATURE_KEY] === RESOURCE_SIGNATURE) return value.id ?? value.urn ?? null;
  const entries = Object.entries(value).map(([key, item]) => [key, unwrap(item, [...path, key], secrets)] as const);
  return Object.fromEntries(entries);
}

/** Writes properties into a message, wrapping what lies at a secret path; a secret path that is not there is ignored. */
export function send(values: Properties, secrets: readonly Path[] = []): struct.Struct {
  const wrapped = secrets.reduce((result: Value, path) => wrapAt(result, path), values);
  return struct.Struct.fromJavaScript(plain(isRecord(wrapped) ? wrapped : {}));
}

function wrapAt(value: Value, path: Path): Value {
  const [head, ...rest] = path;
  if (head === undefined) return secret(value);
  if (isList(value)) return value.map((item, index) => (index === head ? wrapAt(item, rest) : item));
  if (!isRecord(value) || value[SIGNATURE_KEY] !== undefined) return value;
  const inner = value[head];
  return inner === undefined ? value : { ...value, [head]: wrapAt(inner, rest) };
}

/** The engine's form of a secret value, for the few places that build one themselves. */
export function secret(value: Value): Properties {
  return isRecord(value) && value[SIGNATURE_KEY] === SECRET_SIGNATURE
    ? value
    : { [SIGNATURE_KEY]: SECRET_SIGNATURE, value };
}

/** The engine's form of a reference to a resource; its id is `UNKNOWN` while it does not exist. */
export function resourceReference(urn: string, id?: string): Properties {
  return { [SIGNATURE_KEY]: RESOURCE_SIGNATURE, urn, ...(id === undefined ? {} : { id }) };
}

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

function plain(value: Properties): { [key: string]: Plain } {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, plainValue(item)]])),
  );
}

function plainValue(value: Value): Plain {
  if (isList(value)) return value.map(plainValue);
  return isRecord(value) ? plain(value) : value;
}
