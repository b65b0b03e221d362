import { UNKNOWN } from "../../shared/engine-values.ts";
import type { PropsOf, ResourceType } from "../resource-types.ts";

/** How the engine keeps and changes a resource, beside its properties; what it tells a policy pack of that. */
export interface ResourceOptions {
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  readonly deleteBeforeReplace?: boolean;
  readonly aliases: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly customTimeouts: Readonly<Record<string, number>>;
}

/** A resource as policies see it; reading a property that preview cannot know throws (see `isUnknownValue`). */
export interface AnyResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** Pulumi refuses to delete or replace it. */
  readonly protect: boolean;
  /** How the engine keeps and changes it; undefined where nobody told. */
  readonly options?: ResourceOptions | undefined;
  /** Whether its properties are the program's inputs only, or hold outputs too, as in the stack phase. */
  readonly holdsOutputs?: boolean;
  /** In the stack phase: what the program asked for, which was judged; undefined for what it only reads. */
  readonly asked?: AnyResource["props"] | undefined;
  readonly provider:
    | { readonly type: string; readonly name?: string; readonly props: Readonly<Record<string, unknown>> }
    | undefined;
  /** The resources that a property's value comes from; known in the stack phase only. */
  readonly sourcesOf: (property: string) => readonly { readonly type: string; readonly urn: string }[];
  is<T extends ResourceType>(type: T): this is Resource<T>;
}

export interface Resource<T extends ResourceType> extends Omit<AnyResource, "props"> {
  readonly props: PropsOf<T>;
}

export type ResourceFacts = Omit<AnyResource, "is">;

/** Gives facts about a resource the typed view that policies read. */
export function asResource(facts: ResourceFacts): AnyResource {
  return {
    ...facts,
    is<T extends ResourceType>(type: T): this is Resource<T> {
      return facts.type === type;
    },
  };
}

/** The resource with what its inputs say wherever its outputs say nothing, as in a preview without a provider. */
export function withInputs(resource: AnyResource, asked: AnyResource["props"] | undefined): AnyResource {
  const inputs = asked ?? {};
  const keys = new Set([...Object.keys(inputs), ...Object.keys(resource.props)]);
  const read = (key: string) => (key in resource.props ? resource.props : inputs)[key];
  const props = Object.defineProperties(
    {},
    Object.fromEntries([...keys].map((key) => [key, { enumerable: true, get: () => read(key) }])),
  );
  return { ...resource, props, asked, holdsOutputs: true };
}

/** By what others name a resource; its id is no property, and reaches others only as a dependency. */
const IDENTITIES = ["arn", "name"];

/** All resources of a stack, and what lies between them. */
export class StackView {
  readonly resources: readonly AnyResource[];

  constructor(resources: readonly AnyResource[]) {
    this.resources = resources;
  }

  all<T extends ResourceType>(type: T): (AnyResource & Resource<T>)[] {
    return this.resources.filter((resource): resource is AnyResource & Resource<T> => resource.is(type));
  }

  /** Whether a property names that resource: by where its value comes from, or by the resource's ARN or name. */
  refers(from: AnyResource, property: string, to: AnyResource): boolean {
    if (from.sourcesOf(property).some((source) => source.urn === to.urn)) return true;
    const names = textsIn(() => from.props[property]);
    return IDENTITIES.some((identity) => textsIn(() => to.props[identity]).some((own) => names.includes(own)));
  }

  /** The resources of a type that a property names. */
  referred<T extends ResourceType>(from: AnyResource, property: string, type: T) {
    return this.all(type).filter((to) => this.refers(from, property, to));
  }
}

/** Whether an error says that preview cannot know a value (@pulumi/policy does not export its class's type). */
export function isUnknownValue(error: unknown): boolean {
  return error instanceof Error && "unknownTypeSentinel" in error;
}

/** The value, or undefined when preview cannot know it. */
export function knownValue<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isUnknownValue(error)) return undefined;
    throw error;
  }
}

/** Every text that is known in a value, however deep. */
export function textsIn(read: () => unknown): string[] {
  const value = knownValue(read);
  if (typeof value === "string") return value === "" ? [] : [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((key) => textsIn(() => Reflect.get(value, key)));
}

/** Reading a value that preview cannot know throws, as it does in the pack (@pulumi/policy's own proxy has no types). */
export function unknownsThrow<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key);
      if (value === UNKNOWN) {
        throw Object.assign(new Error(`${String(key)} can't be known during preview`), { unknownTypeSentinel: value });
      }
      return typeof value === "object" && value !== null ? unknownsThrow(value) : value;
    },
  });
}

/** Whether a property is set at all; a value that only the update knows counts, an empty one does not. */
export function isGiven(read: () => unknown): boolean {
  let known = false;
  const value = knownValue(() => {
    const result = read();
    known = true;
    return result;
  });
  return !known || (value !== undefined && value !== null && value !== "");
}

const SECRET = /(passw(or)?d|passphrase|secret|token|api_?key|private_?key|credential)s?$/i;

/** A text in a nested value. */
interface Leaf {
  readonly path: readonly string[];
  /** Throws when preview cannot know it, or what is below it. */
  readonly text: () => string;
}

/** Whether a key's name says that its value is a secret, and not a reference to one such as `secretArn`. */
export function isSecretName(key: string): boolean {
  return SECRET.test(key);
}

/** Every text in a value with its path, those that preview cannot know included. */
export function leavesOf(read: () => unknown, path: readonly string[] = []): Leaf[] {
  try {
    const value = read();
    if (typeof value === "string") return [{ path, text: () => value }];
    if (typeof value !== "object" || value === null) return [];
    return Object.keys(value).flatMap((key) => leavesOf(() => Reflect.get(value, key), [...path, key]));
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    const unknown = () => {
      throw error;
    };
    return [{ path, text: unknown }];
  }
}

/** The value below a path of keys, or undefined where the path ends early. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** The list below a path; empty when there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The text below a path, or undefined. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : undefined;
}
