import { stringify } from "yaml";
import { canonical, hashOf, isRecord, SECRET } from "../../records/canonical.ts";
import { nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { redacted } from "../../shared/text/secrets.ts";
import type { Entries } from "./fingerprint.ts";

/** One input that an update would change, with its values as a reviewer may see them. */
export interface InputChange {
  /** Such as `tags.owner` or `ingress[0].cidrBlocks`. */
  readonly path: string;
  /** Undefined where there was none. */
  readonly from: string | undefined;
  /** Undefined where there will be none. */
  readonly to: string | undefined;
}

/** Names of what may be a secret whatever the program says of it; a reference to one is none. */
const SENSITIVE =
  /pass(word|phrase)|secret_?(string|binary|access_?key|key)(?!ref)|auth_?token|api_?key|private_?key|credential|kubeconfig/i;
const MAX_LENGTH = 120;
/** In the place of a value of which only the engine says that it differs. */
export const NOT_SHOWN = "(not shown)";

/** Every input that differs, by path; never a secret's value. */
export function inputChanges(before: unknown, after: unknown): InputChange[] {
  return differing(canonical(before), canonical(after), "");
}

function differing(before: unknown, after: unknown, path: string): InputChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const children = childrenOf(before, after);
  if (children === undefined) return [{ path, from: show(before, path), to: show(after, path) }];
  return children.flatMap(([key, one, other]) => differing(one, other, join(path, key)));
}

/** Under this name a provider lists, in each object of its inputs, what it has filled in itself. */
const DEFAULTS = "__defaults";

/** Whether a path is one of that list, and of no input. */
export function isDefaultsList(path: string): boolean {
  return path.split(/[.[]/).includes(DEFAULTS);
}

/** The paths of the inputs that the provider filled in, and not the program; undefined where the provider does not tell. */
export function defaultsIn(inputs: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  return DEFAULTS in inputs ? defaultsBelow(inputs, "").sort() : undefined;
}

function defaultsBelow(value: unknown, path: string): string[] {
  const list = isRecord(value) && Array.isArray(value[DEFAULTS]) ? value[DEFAULTS] : [];
  const own = list.flatMap((name) => (typeof name === "string" ? [join(path, name)] : []));
  const children = childrenOf(value, value) ?? [];
  return [...own, ...children.flatMap(([key, each]) => (key === DEFAULTS ? [] : defaultsBelow(each, join(path, key))))];
}

/** Every value inside of inputs, by path, as a reviewer may see it; never a secret's. */
export function inputValues(inputs: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(valuesIn(withoutSensitive(canonical(inputs)), ""));
}

function valuesIn(value: unknown, path: string): [string, string][] {
  const children = childrenOf(value, value) ?? [];
  if (children.length > 0)
    return children.flatMap(([key, each]) => (key === DEFAULTS ? [] : valuesIn(each, join(path, key))));
  return value === undefined || path === "" ? [] : [[path, show(value, path) ?? ""]];
}

type Child = readonly [key: string | number, before: unknown, after: unknown];

/** What to look into, where both are objects or both are lists of the same length. */
function childrenOf(before: unknown, after: unknown): Child[] | undefined {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.map((value, index): Child => [index, value, after[index]]);
  if (!isRecord(before) || !isRecord(after)) return undefined;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.map((key): Child => [key, before[key], after[key]]);
}

function join(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

function show(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (SENSITIVE.test(path) && typeof value !== "boolean") return SECRET;
  const text = redacted(typeof value === "string" ? value : JSON.stringify(withoutSensitive(value)));
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

/** The value with everything taken out whose name says that it may be a secret, as a key or as an environment's name. */
export function withoutSensitive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSensitive);
  if (!isRecord(value)) return value;
  const named = typeof value.name === "string" && SENSITIVE.test(value.name) && typeof value.value === "string";
  const entries = Object.entries(value).map(([key, each]) => {
    const isSecret = (named && key === "value") || (SENSITIVE.test(key) && typeof each !== "boolean");
    return [key, isSecret ? SECRET : withoutSensitive(each)];
  });
  return Object.fromEntries(entries);
}

/** Inputs as YAML that a reviewer may see: without secrets, and with JSON documents in them, such as IAM policies, laid out. */
export function inputsText(inputs: Readonly<Record<string, unknown>>): string {
  return redacted(stringify(laidOut(withoutSensitive(inputs))));
}

function laidOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(laidOut);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, laidOut(each)]));
  return typeof value === "string" ? (documentIn(value) ?? value) : value;
}

function documentIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return withoutSensitive(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A resource that the cloud has otherwise than the state says: someone changed or deleted it by hand. */
export interface Drift {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly isGone: boolean;
  /** What differs, from the state's value to the cloud's, as far as it is shown. */
  readonly changes: readonly InputChange[];
  /** SHA-256 over all of the state's and the cloud's values; secrets are left out. */
  readonly hash: string;
}

/** Collects the drift from the events of a refresh, or of its preview. */
export class DriftRecord {
  readonly #found = new Map<string, Drift>();

  add({ resOutputsEvent }: RecordedEvent): void {
    const metadata = resOutputsEvent?.metadata;
    if (metadata === undefined || (metadata.op !== "update" && metadata.op !== "delete")) return;
    const { urn, type, op, old, new: found } = metadata;
    // What Pulumi itself keeps is nowhere in the cloud.
    if ((found ?? old)?.custom !== true || type.startsWith("pulumi:")) return;
    const isGone = op === "delete";
    const [before, after] = [old?.outputs ?? {}, isGone ? undefined : (found?.outputs ?? {})];
    const changes = isGone ? [] : inputChanges(before, after);
    this.#found.set(urn, { urn, name: nameOf(urn), type, isGone, changes, hash: hashOf({ before, after }) });
  }

  get all(): readonly Drift[] {
    return [...this.#found.values()].sort((one, other) => (one.urn < other.urn ? -1 : 1));
  }
}

export function driftEntries(drift: readonly Drift[]): Entries {
  return Object.fromEntries(drift.map(({ urn, hash }) => [urn, hash]));
}
