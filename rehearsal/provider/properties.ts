import struct from "google-protobuf/google/protobuf/struct_pb.js";

/** A property's value as the engine sends it, once secrets are unwrapped. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** The inputs or outputs of a resource, by the Pulumi property's name. */
export type Properties = Readonly<Record<string, Value>>;

/** Where in a resource's properties a value lies, from the outermost key inwards. */
export type Path = readonly (string | number)[];

/** Stands for a value that a preview cannot know yet; the engine shows it as such and passes it on. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Every sentinel that the engine uses for a value not yet known: string, bool, number, array, asset, archive, object. */
const UNKNOWNS = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";

/** Properties with the paths at which the engine marked a secret. */
export interface Received {
  readonly values: Properties;
  readonly secrets: readonly Path[];
}

/** True for a value that the engine does not know yet. */
export function isUnknown(value: Value | undefined): boolean {
  return typeof value === "string" && UNKNOWNS.has(value);
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
