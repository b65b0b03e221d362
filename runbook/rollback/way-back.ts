import type { Release, StackConfig } from "../../stacks/schema.ts";
import { hasMigrated, promotionIn, workloadsApart } from "../deploy/promotion.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import type { Update } from "../deploy/update.ts";
import { resourcesIn, type StateResource } from "../report/state.ts";
import { chooseGoal, type Situation, schemaObstacle } from "./rollback.ts";

/** A stack as it is now: its state, its history, and what a rollback would be decided on. */
export interface StackPresent extends Situation {
  readonly resources: readonly StateResource[];
}

/** Reads the stack's state and history; what was never deployed has neither. */
export async function readPresent(target: StackTarget): Promise<StackPresent> {
  const [exported, updates] = await Promise.all([target.engine.exportState(), target.engine.history()]);
  const resources = resourcesIn(exported);
  const live = promotionIn(resources);
  return { resources, updates, live, apart: live === undefined ? [] : workloadsApart(resources, live.release) };
}

/** What stands in the way of a release that is to be gone back to. */
export interface Obstacles {
  /** Why its code can no longer run on the database. */
  readonly schema: string | undefined;
  /** Its images that their registry no longer has. */
  readonly missing: readonly string[];
  /** What the registry did not tell, and why; such images are taken to be there. */
  readonly unknown: readonly string[];
}

/** Looks for what forbids going back to a release, before anything is changed. */
export async function obstaclesTo(
  release: Release,
  target: Pick<StackTarget, "registry">,
  migrated: readonly Release[],
): Promise<Obstacles> {
  const references = [release.images.engine, release.images.web];
  const found = await Promise.all(
    references.map(async (reference) => ({ reference, finding: await target.registry.find(reference) })),
  );
  return {
    schema: schemaObstacle(release, migrated),
    missing: found.flatMap(({ reference, finding }) => (finding.kind === "missing" ? [reference] : [])),
    unknown: found.flatMap(({ reference, finding }) =>
      finding.kind === "unknown" ? [`${reference}: ${finding.reason}`] : [],
    ),
  };
}

/** The obstacles as one sentence; undefined when there is none. */
export function obstacleText({ schema, missing }: Obstacles): string | undefined {
  if (schema !== undefined) return `${schema}: roll forward instead`;
  return missing.length === 0 ? undefined : `its registry no longer has ${missing.join(" and ")}`;
}

/** The release that a rollback would go back to by itself, or what stands in its way. */
export type WayBack = { readonly release: Release } | { readonly obstacle: string };

/** Looks for the way back from what is out now, before anything is changed. */
export async function findWayBack(target: StackTarget, config: Pick<StackConfig, "release">): Promise<WayBack> {
  const present = await readPresent(target);
  const goal = await chooseGoal(present);
  if (goal.kind !== "release") return { obstacle: goal.reason };
  const { release } = goal.promoted;
  const migrated = migratedReleases(present.updates, present.resources, config);
  const obstacle = obstacleText(await obstaclesTo(release, target, migrated));
  return obstacle === undefined ? { release } : { obstacle };
}

/** The releases whose migrations may have run: a failed update's too, and those of one that died without a record. */
export function migratedReleases(
  updates: readonly Update[],
  resources: readonly StateResource[],
  { release }: Pick<StackConfig, "release">,
): Release[] {
  const recorded = updates.flatMap((update) => update.release ?? []);
  return hasMigrated(resources, release) ? [...recorded, release] : recorded;
}
