import { hashOf, isRecord } from "../../records/canonical.ts";
import type { EngineResult } from "../../records/engine-record.ts";

/** What a plan stands on, the causes before their effects. */
export const PARTS = [
  "config",
  "charts",
  "digests",
  "program",
  "dependencies",
  "tools",
  "environment",
  "state",
  "drift",
  "policies",
  "plan",
] as const;
export type Part = (typeof PARTS)[number];

/** By name, what each thing of a part is, or a hash of it: never a secret's value. */
export type Entries = Readonly<Record<string, string>>;

/** What was approved, in a form that can be compared: a hash over all of it, a hash a part, and the parts' entries. */
export interface Fingerprint {
  /** SHA-256 over the parts' hashes, 64 hex digits. */
  readonly hash: string;
  readonly parts: Readonly<Record<Part, { readonly hash: string; readonly entries: Entries }>>;
}

/** The fingerprint of these parts; the order of entries does not matter. */
export function fingerprintOf(entries: Readonly<Record<Part, Entries>>): Fingerprint {
  const part = (name: Part) => ({ hash: hashOf(entries[name]), entries: entries[name] });
  const parts = {
    config: part("config"),
    charts: part("charts"),
    digests: part("digests"),
    program: part("program"),
    dependencies: part("dependencies"),
    tools: part("tools"),
    environment: part("environment"),
    state: part("state"),
    drift: part("drift"),
    policies: part("policies"),
    plan: part("plan"),
  };
  return { hash: hashOf(PARTS.map((name) => [name, parts[name].hash])), parts };
}

/** Every difference in words, a line a part, the causes first; empty when what was approved is what is. */
export function compareFingerprints(approved: Fingerprint, now: Fingerprint): string[] {
  return PARTS.flatMap((name) => {
    if (approved.parts[name].hash === now.parts[name].hash) return [];
    return [`${name}: ${list(differences(approved.parts[name].entries, now.parts[name].entries))}`];
  });
}

/**
 * A config file's values by key. The release's images are left to the digests, so that one change is told once; the
 * salt is left out, because the engine writes one where it finds none, and days, numbers and booleans are the same however it writes them.
 */
export function configEntries(parsed: unknown): Entries {
  const { config, encryptionsalt: _, ...settings } = isRecord(parsed) ? parsed : {};
  const values = Object.entries({ ...settings, ...(isRecord(config) ? config : {}) });
  return Object.fromEntries(values.map(([key, value]) => [key, hashOf(withPlainDays(withoutImages(asText(value))))]));
}

/** The state's resources by name; a resource's record tells when it was last changed, so every update shows. */
export function stateEntries(exported: unknown): Entries {
  const deployment = isRecord(exported) && isRecord(exported.deployment) ? exported.deployment : {};
  const entries: Record<string, string> = {};
  for (const resource of listOf(deployment.resources)) {
    const urn = isRecord(resource) ? String(resource.urn) : "";
    const earlier = Object.keys(entries).filter((key) => key.startsWith(urn)).length;
    entries[entries[urn] === undefined ? urn : `${urn} ${earlier + 1}`] = hashOf(resource);
  }
  for (const [index, operation] of listOf(deployment.pending_operations).entries())
    entries[`pending operation ${index + 1}`] = hashOf(operation);
  return entries;
}

/** What the pack said: how many checks it made, each policy's verdicts, and every violation. */
export function policyEntries({ checked, verdicts = {}, violations }: EngineResult["policy"]): Entries {
  const said = violations.map(({ policy, level, resource, message }, index) => {
    return [`violation ${index + 1} of ${policy}`, hashOf([level, resource, message])];
  });
  return { "number of checks": `${checked}`, ...verdicts, ...Object.fromEntries(said.sort()) };
}

/** When it writes the salt, the engine also turns an unquoted day into a time stamp. */
/** A value of its own is text to Pulumi: where it writes the file, `false` becomes `"false"`. */
function asText(value: unknown): unknown {
  return typeof value === "boolean" || typeof value === "number" ? String(value) : value;
}

function withPlainDays(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/^(\d{4}-\d{2}-\d{2}) 00:00:00 \+0000 UTC$/, "$1");
  if (Array.isArray(value)) return value.map(withPlainDays);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPlainDays(each)]));
}

function withoutImages(value: unknown): unknown {
  if (!isRecord(value) || !("images" in value)) return value;
  const { images: _, ...rest } = value;
  return rest;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const HASH = /^[0-9a-f]{64}( x)?$/;

function differences(approved: Entries, now: Entries): string[] {
  const names = [...new Set([...Object.keys(approved), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    const [before, after] = [approved[name], now[name]];
    const shown = name.split("::").at(-1) ?? name;
    if (before === after) return [];
    if (before === undefined) return [`${shown} is new`];
    if (after === undefined) return [`${shown} is gone`];
    return [HASH.test(before) ? `${shown} differs` : `${shown} was ${before}, is ${after}`];
  });
}

const MAX_NAMED = 5;

function list(words: readonly string[]): string {
  const rest = words.length - MAX_NAMED;
  return [...words.slice(0, MAX_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}
