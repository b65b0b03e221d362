import type { StateResource } from "../../records/state.ts";
import { foundBy, type Inputs } from "./found-by.ts";

/** A resource whose creation was begun and whose id nobody noted. */
export interface PendingCreate {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** As they were asked for; secrets are not readable in them. */
  readonly inputs: Inputs;
}

/** How AWS is asked for what only it knows. */
export interface Finders {
  /** The ARNs of the stack's resources that carry the pending one's origin as a tag. */
  byOrigin(pending: PendingCreate): Promise<readonly string[]>;
  /** The ids of a secret's versions; never their values. */
  secretVersions(secretId: string): Promise<readonly string[]>;
  /** The ids of a zone's query logs. */
  queryLogs(zoneId: string): Promise<readonly string[]>;
}

/**
 * The ids under which a resource may exist, in the form that its provider imports; none where it can be made again
 * without harm, or where its inputs do not say. Whether it exists is for the provider to say.
 */
export async function physicalIds(pending: PendingCreate, find: Finders): Promise<readonly string[]> {
  const { type, inputs } = pending;
  const how = foundBy(type);
  if (how === undefined || how.by === "effect") return [];
  if (how.by === "tag") return (await find.byOrigin(pending)).map(how.id);
  if (how.by === "parent") {
    const parent = inputs[how.parent];
    return isKnown(parent) ? find[how.children](parent) : [];
  }
  const parts = how.parts(inputs);
  return parts.length > 0 && parts.every(isKnown) ? [parts.join("")] : [];
}

/**
 * Whether a resource in the state is the one that is imported by this id. Its own id may be another than that, such as
 * an association's, which is imported by what it associates.
 */
export function isOf({ type, id, inputs }: Pick<StateResource, "type" | "id" | "inputs">, imported: string): boolean {
  if (id === imported) return true;
  const how = foundBy(type);
  if (how?.by === "name") return how.parts(inputs).join("") === imported;
  return how?.by === "tag" && id !== undefined && imported.split(/[,/]/).includes(id);
}

function isKnown(part: unknown): part is string {
  return typeof part === "string" && part !== "";
}
