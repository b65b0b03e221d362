import { isList, isRecord, type Value } from "../provider/properties.ts";
import type { World, WorldResource } from "./world.ts";

/** A resource of a Pulumi checkpoint, as `pulumi stack export` shows it. */
export interface CheckpointResource {
  readonly type: string;
  readonly id?: string;
  readonly custom?: boolean;
  readonly inputs?: { readonly [key: string]: Value };
}

/** How the account and Pulumi's state agree. */
export interface Comparison {
  /** What exists in the account, without what AWS makes by itself. */
  readonly resources: number;
  /** Exists in the account, but not in state. */
  readonly orphans: readonly string[];
  /** The same physical name or `Name` tag twice, for one type. */
  readonly duplicates: readonly string[];
  /** In state, but gone from the account or different there. */
  readonly drift: readonly string[];
}

/** Compares the world with the resources of a checkpoint; each difference is named by type and id. */
export function compareWithState(world: World, checkpoint: readonly CheckpointResource[]): Comparison {
  const managed = world.all().filter(({ owner }) => owner === undefined);
  const inState = checkpoint.filter((it) => it.custom !== false && it.type.startsWith("aws:"));
  const known = new Set(inState.map(({ type, id }) => nameOf({ type, id: id ?? "" })));
  return {
    resources: managed.length,
    orphans: managed.map(nameOf).filter((name) => !known.has(name)),
    duplicates: duplicatesIn(managed),
    drift: inState.filter((it) => drifted(it, world)).map(({ type, id }) => nameOf({ type, id: id ?? "" })),
  };
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type} ${id}`;
}

function duplicatesIn(resources: readonly WorldResource[]): string[] {
  const seen = new Set<string>();
  return resources.flatMap((resource) => {
    const identity = resource.name ?? resource.tags.Name;
    if (identity === undefined) return [];
    const key = `${resource.type} ${scopeOf(resource)} ${identity}`;
    if (seen.has(key)) return [nameOf(resource)];
    seen.add(key);
    return [];
  });
}

/** Names of a role's policies, of a zone's records and the like are only unique within what they belong to. */
function scopeOf({ inputs }: WorldResource): string {
  return [inputs.role, inputs.function, inputs.vpcId].filter((scope) => typeof scope === "string").join(" ");
}

function drifted({ type, id, inputs = {} }: CheckpointResource, world: World): boolean {
  const found = world.get(type, id ?? "");
  return found === undefined || !agrees(inputs, found.inputs);
}

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";

/** True when both say the same, but for what is secret: neither the state nor the world holds that in plain text. */
function agrees(state: Value | undefined, actual: Value | undefined): boolean {
  if (state === undefined || state === null) return actual === undefined || actual === null;
  if (isRecord(state) && state[SIGNATURE_KEY] !== undefined) return true;
  if (isList(state)) {
    return (
      isList(actual) && state.length === actual.length && state.every((item, index) => agrees(item, actual[index]))
    );
  }
  if (!isRecord(state)) return state === actual;
  if (!isRecord(actual)) return false;
  const keys = new Set([...Object.keys(state), ...Object.keys(actual)]);
  return [...keys].every((key) => agrees(state[key], actual[key]));
}
