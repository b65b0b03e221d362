import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { sealNow } from "../../io/seal/sealed-run.ts";
import type { StateResource } from "../../records/state.ts";
import { SIGNATURE_KEY } from "../../shared/engine-values.ts";
import type { Ports } from "../command.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import type { RehearsalSession, SessionOptions } from "./rehearsal-session.ts";

/** The simulated account's resources as the control API tells them. */
export const worldSchema = z.object({
  resources: z.array(
    z.object({
      type: z.string(),
      id: z.string(),
      name: z.string().optional(),
      owner: z.string().optional(),
      tags: z.record(z.string(), z.string()).default({}),
      inputs: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  /** What outlives its resource and keeps its name: final snapshots, and secrets within their recovery window. */
  kept: z.array(z.object({ type: z.string(), name: z.string() })).default([]),
});

export type WorldResources = z.infer<typeof worldSchema>["resources"];

export interface WorldReport {
  /** Resources in the account, without those that AWS made by itself. */
  readonly resources: number;
  /** In the account, but in no state. */
  readonly orphans: number;
  /** More than one of the same type and name. */
  readonly duplicates: number;
  /** In state, but gone from the account or different there. */
  readonly drift: number;
  /** Each of the above, named. */
  readonly findings: readonly string[];
}

/** Compares the account with the state. Secrets count as equal: neither side shows them. */
export function compareWorld(world: WorldResources, state: readonly StateResource[]): WorldReport {
  const own = world.filter(({ owner }) => owner === undefined);
  const known = new Map(state.map((resource) => [keyOf(resource.type, resource.id), resource]));
  const exist = new Map(world.map((resource) => [keyOf(resource.type, resource.id), resource]));
  const orphans = own.filter((resource) => !known.has(keyOf(resource.type, resource.id)));
  const duplicates = repeated(own.flatMap((resource) => labelOf(resource) ?? []));
  const drifted = state
    .filter(({ custom, type, id }) => custom && type.startsWith("aws:") && id !== undefined)
    .filter((resource) => hasDrifted(resource, exist.get(keyOf(resource.type, resource.id))));
  return {
    resources: own.length,
    orphans: orphans.length,
    duplicates: duplicates.length,
    drift: drifted.length,
    findings: [
      ...orphans.map(({ type, id }) => `orphan: ${type} ${id}`),
      ...duplicates.map((label) => `duplicate: ${label}`),
      ...drifted.map(({ type, id }) => `drift: ${type} ${id}`),
    ],
  };
}

function keyOf(type: string, id: string | undefined): string {
  return `${type} ${id}`;
}

function labelOf({ type, name, tags }: WorldResources[number]): string | undefined {
  const label = name ?? tags.Name;
  return label === undefined ? undefined : `${type} ${label}`;
}

function repeated(labels: readonly string[]): string[] {
  return labels.filter((label, index) => labels.indexOf(label) !== index);
}

function hasDrifted(resource: StateResource, actual: WorldResources[number] | undefined): boolean {
  if (actual === undefined) return true;
  const keys = new Set([...Object.keys(resource.inputs), ...Object.keys(actual.inputs)]);
  return [...keys].some((key) => key !== "__defaults" && !equal(resource.inputs[key], actual.inputs[key]));
}

function equal(recorded: unknown, actual: unknown): boolean {
  // The state holds a secret as a marked object, the account nothing in its place.
  if (isRecord(recorded) && SIGNATURE_KEY in recorded) return true;
  if (Array.isArray(recorded) && Array.isArray(actual))
    return recorded.length === actual.length && recorded.every((each, index) => equal(each, actual[index]));
  if (!isRecord(recorded) || !isRecord(actual)) return isDeepStrictEqual(recorded ?? null, actual ?? null);
  const keys = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
  return [...keys].every((key) => key === "__defaults" || equal(recorded[key], actual[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What no world is made of. */
const UNUSED = /^(docs|test|\.github|\.ci)\/|\.md$/;

const STACK_CONFIG = /^Pulumi\..+\.yaml$/;

/** Where worlds are kept: in the user's own cache. */
export function worldsFolder(env: Ports["env"]): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "sparki-deploy", "worlds");
}

/**
 * Names all that a world in which a stack's own release is promoted is made of: every file of the program, its own
 * config, charts and lock file, the tools, Node, the seed, and the day, which is in the rehearsed config.
 */
export function worldKey(
  { stack, seed, providers = "simulated" }: Pick<SessionOptions, "stack" | "seed" | "providers">,
  tools: Readonly<Record<string, string>>,
  { clock, env }: Pick<Ports, "clock" | "env">,
): string {
  const { files } = sealNow(PROJECT_DIRECTORY, stack, env);
  // A sealed command runs copies of the same programs from another place.
  const programs = Object.entries(tools).map(([name, path]) => `${name} ${statSync(path).size}`);
  const made = {
    files: Object.entries(files).filter(([path]) => isUsed(path, stack)),
    programs: programs.sort(),
    node: [process.version, process.arch],
    seed,
    providers,
    user: process.getuid?.(),
    day: new Date(clock.now() * 1000).toISOString().slice(0, 10),
  };
  return `${stack}-${createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 20)}`;
}

function isUsed(path: string, stack: string): boolean {
  return STACK_CONFIG.test(path) ? path === `Pulumi.${stack}.yaml` : !UNUSED.test(path);
}

/** What is in the account, in words: what was not destroyed, and what outlives a destroy on purpose. */
export async function accountText(session: RehearsalSession): Promise<string> {
  const { resources, kept } = worldSchema.parse(await session.cloud.ask("GET", "/world"));
  const own = resources.filter(({ owner }) => owner === undefined);
  const held = kept.map(({ type, name }) => `  kept: ${type} ${name}\n`);
  return `The simulated account ends with ${own.length} resources\n${held.join("")}`;
}
