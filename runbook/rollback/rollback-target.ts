import type { Engine } from "../../io/engine.ts";
import { isSameRelease, migratedImages, promotionIn, workloadsApart } from "../../records/promotion.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { isRollback, type Promoted, type Update } from "../../records/update.ts";
import { imageReference } from "../../stacks/fields.ts";
import type { Release } from "../../stacks/schema.ts";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { type BegunRelease, begunReleases } from "../deploy/stack-tags.ts";
import type { ReleaseStore } from "../deploy/stack-target.ts";
import { StackMoved, stateHash } from "../deploy/stack-target.ts";
import { interruptedIn, pendingCreates } from "../recovery/state-edit.ts";
import { chooseGoal, type Migrated, type Situation, schemaObstacle } from "./rollback.ts";

/** A stack as it is now: its state, its history, and what a rollback would be decided on. */
export interface StackPresent extends Situation {
  readonly resources: readonly StateResource[];
  /** What was being created when an update died. */
  readonly begun: readonly Made[];
  /** A hash of the state: another one after every update. */
  readonly state: string;
}

/** As much of a resource as tells which job ran. */
type Made = Pick<StateResource, "urn" | "type" | "inputs">;

/** A stack whose state and history can be read. */
export interface ReadableStack {
  readonly engine: Pick<Engine, "exportState" | "history">;
}

/** Reads the stack's state and history; what was never deployed has neither. */
export async function readPresent(target: ReadableStack): Promise<StackPresent> {
  const [exported, updates] = await Promise.all([target.engine.exportState(), target.engine.history()]);
  const resources = resourcesIn(exported);
  const live = promotionIn(resources);
  const apart = live === undefined ? [] : workloadsApart(resources, live);
  const [begun, interrupted] = [pendingCreates(exported), interruptedIn(exported)];
  const ranJobsOf = migratedImages(resources);
  return { resources, updates, live, apart, interrupted, ranJobsOf, begun, state: stateHash(exported) };
}

/** Why the stack is no longer what something was decided on, in words; undefined while it is. */
export async function movedSince(
  { state, live }: StackPresent,
  target: { readonly engine: Pick<Engine, "exportState"> },
): Promise<string | undefined> {
  const exported = await target.engine.exportState();
  if (stateHash(exported) === state) return undefined;
  const [before, after] = [live?.release.id, promotionIn(resourcesIn(exported))?.release.id];
  const what =
    before === after
      ? "another update has changed the stack"
      : `${after ?? "nothing"} went live in place of ${before ?? "nothing"}`;
  return `since the rollback was decided, ${what}: nothing was changed; run the same command again`;
}

/** Throws `StackMoved` unless the stack is what something was decided on; asked while the engine holds its lock. */
export async function assertUnmoved(
  present: StackPresent,
  target: { readonly engine: Pick<Engine, "exportState"> },
): Promise<void> {
  const moved = await movedSince(present, target);
  if (moved !== undefined) throw new StackMoved(moved);
}

/** Why a release cannot be left: another one is live. Undefined when it is the one. */
export function leftAlready({ live }: Pick<StackPresent, "live">, leaving: Release): string | undefined {
  if (live !== undefined && isSameRelease(live.release, leaving)) return undefined;
  return `${live?.release.id ?? "nothing"} is live now, not ${leaving.id}`;
}

/** What stands in the way of a release that is to be rolled back to. */
export interface Obstacles {
  /** Why its code can no longer run on the database. */
  readonly schema: string | undefined;
  /** What of its charts and values is kept nowhere. */
  readonly charts: readonly string[];
  /** Its images that their registry no longer has. */
  readonly missing: readonly string[];
  /** What the registry did not tell, and why; such images are taken to be there. */
  readonly unknown: readonly string[];
}

/** Looks for what forbids rolling back to a release, before anything is changed. */
export async function obstaclesTo(
  promoted: Promoted,
  target: ReleaseStore,
  { resources }: Pick<StackPresent, "resources">,
  migrated: readonly Migrated[],
): Promise<Obstacles> {
  const { release } = promoted;
  const kept = await target.keep(promoted, resources);
  const references = SERVICE_NAMES.flatMap((name) => release.images[name] ?? []);
  const found = await Promise.all(
    references.map(async (reference) => ({
      reference,
      finding: await target.registry.find(imageReference(reference)),
    })),
  );
  return {
    schema: schemaObstacle(release, migrated),
    charts: kept.missing,
    missing: found.flatMap(({ reference, finding }) => (finding.kind === "missing" ? [reference] : [])),
    unknown: found.flatMap(({ reference, finding }) =>
      finding.kind === "unknown" ? [`${reference}: ${finding.reason}`] : [],
    ),
  };
}

/** The obstacles as one sentence; undefined when there is none. */
export function obstacleText({ schema, charts, missing }: Obstacles): string | undefined {
  if (schema !== undefined) return `${schema}: roll forward instead`;
  if (charts.length > 0) return `part of it is missing: ${charts.join("; ")}`;
  return missing.length === 0 ? undefined : `its registry no longer has ${missing.join(" and ")}`;
}

/** The release that a rollback would roll back to by itself and what that rests on, or what stands in its way. */
export type FoundRollback =
  | { readonly promoted: Promoted; readonly present: StackPresent }
  | { readonly obstacle: string };

/** Looks for the rollback from a release that is live and bad, before anything is changed. */
export async function findRollbackTarget(
  target: ReadableStack & MarkedStack & ReleaseStore,
  config: { readonly release: Release },
  leaving: Release,
): Promise<FoundRollback> {
  const present = await readPresent(target);
  const left = leftAlready(present, leaving);
  if (left !== undefined) return { obstacle: left };
  const goal = await chooseGoal(present, { isLiveBad: true });
  if (goal.kind !== "release") return { obstacle: goal.reason };
  const { promoted } = goal;
  const migrated = await migratedIn(present, config, target);
  const obstacle = obstacleText(await obstaclesTo(promoted, target, present, migrated));
  return obstacle === undefined ? { promoted, present } : { obstacle };
}

/** A stack that keeps which deployments were begun on it. */
export interface MarkedStack {
  readonly engine: Pick<Engine, "tags">;
}

/** The same as `migratedReleases`, what an update that died was about to run included. */
export async function migratedIn(
  { updates, resources, begun }: Pick<StackPresent, "updates" | "resources" | "begun">,
  config: { readonly release: Release },
  { engine }: MarkedStack,
): Promise<readonly Migrated[]> {
  return migratedReleases(updates, [...resources, ...begun], { ...config, begun: begunReleases(await engine.tags()) });
}

/** What is known of releases beside the history. */
interface Known {
  /** The config's. */
  readonly release: Release;
  /** Those whose deployments were begun, of which the history may have none that was killed. @default none */
  readonly begun?: readonly BegunRelease[];
}

/**
 * The releases whose migrations may have run: what is live, a failed update's too, and those of one that died without a
 * record. What ran and is of no release that is known is among them as unknown.
 */
export function migratedReleases(
  updates: readonly Update[],
  resources: readonly Made[],
  { release, begun = [] }: Known,
): readonly Migrated[] {
  const live = promotionIn(resources)?.release;
  const recorded = [...updates.flatMap((update) => update.release ?? []), ...(live === undefined ? [] : [live])];
  const images = migratedImages(resources);
  const known = new Set([...recorded, release].map(({ images }) => images.engine));
  return [
    ...recorded,
    ...(images.some((image) => image === release.images.engine) ? [release] : []),
    ...images.filter((image) => !known.has(image)).flatMap((image) => killedOf(image, begun)),
    ...unread(updates),
  ];
}

/** Which releases an image may be of that is in no history: those that were begun and killed. */
function killedOf(image: string, begun: readonly BegunRelease[]): readonly Migrated[] {
  const found = begun.filter(({ digest }) => digest === imageReference(image).digest);
  return found.length > 0 ? found : [ofNobody(image)];
}

function ofNobody(image: string): Migrated {
  const unknown = `the database was last migrated by ${image}, which is not the image of any known release`;
  return {
    unknown: `${unknown}; set sparki:release to its release, then run the same command again to find a compatible one`,
  };
}

/** Updates of which nobody knows what they ran; what was deployed after one of them ran on whatever it had left. */
function unread(updates: readonly Update[]): Migrated[] {
  const deployed = updates.findIndex((each) => each.result === "succeeded" && !isRollback(each) && each.release);
  return updates
    .slice(0, deployed < 0 ? undefined : deployed)
    .filter(({ release }) => release === undefined)
    .map(({ id }) => ({
      unknown: `the release of update ${id} cannot be read, but it may have migrated the database`,
    }));
}
