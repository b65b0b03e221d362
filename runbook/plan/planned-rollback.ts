import { hashOf } from "../../records/canonical.ts";
import type { Release } from "../../stacks/schema.ts";
import type { PlannedResource } from "./planned.ts";

/** What going back would do if the deployment failed once all of it was done, as the engine previews it. */
export interface PlannedRollback {
  /** The release that is live now. */
  readonly release: string;
  /** Why it would be refused; undefined when it would not be. */
  readonly obstacle: string | undefined;
  /** What a reviewer must know of it although it would not be refused. */
  readonly note?: string;
  /** Where each Helm release's chart would be from. */
  readonly charts?: readonly { readonly release: string; readonly source: string }[];
  /** What it takes back, by name. */
  readonly takesBack: readonly string[];
  /** What the deployment changes and a rollback leaves so: config that is not of the release, and what was migrated. */
  readonly leaves: readonly string[];
}

/** Jobs on the database: a rollback never runs them, and takes back nothing that they did. */
const NEVER_BACK = /^database-jobs-/;

/**
 * Compares the plan with a preview of the same program and config that is pinned to the live release, both against the
 * state of now: what both would change to the same stays changed after a rollback, all else is taken back.
 */
export function plannedRollback(
  { id }: Pick<Release, "id">,
  obstacle: string | undefined,
  planned: readonly PlannedResource[],
  pinned: readonly PlannedResource[],
): PlannedRollback {
  const after = new Map(pinned.map((resource) => [resource.urn, ending(resource)]));
  const changed = planned.filter(({ action }) => action !== "same");
  const stays = (resource: PlannedResource) =>
    NEVER_BACK.test(resource.name) || after.get(resource.urn) === ending(resource);
  return {
    release: id,
    obstacle,
    takesBack: changed.filter((resource) => !stays(resource)).map(({ name }) => name),
    leaves: changed.filter(stays).map(({ name }) => name),
  };
}

/** How a resource is in the end; what is deleted is in the end as what never was. */
function ending({ action, after }: PlannedResource): string | undefined {
  return action === "delete" ? undefined : hashOf(after);
}
