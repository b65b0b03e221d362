import type { Engine } from "../../io/engine.ts";
import {
  isSameRelease,
  migratedImages,
  type PromotionRecord,
  promotionIn,
  workloadsApart,
} from "../../records/promotion.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { isRollback, type Promoted, type Update } from "../../records/update.ts";
import { imageReference } from "../../stacks/fields.ts";
import type { Release } from "../../stacks/schema.ts";
import { SERVICE_NAMES } from "../../stacks/services.ts";
import { type BegunRelease, begunReleases } from "../deploy/stack-tags.ts";
import { type ReleaseStore, StackMoved, stateHash } from "../deploy/stack-target.ts";
import { interruptedIn, pendingCreates } from "../recovery/state-edit.ts";

/** What a rollback is decided on: the stack's state now, and how it came to be. */
export interface Situation {
  /** Newest first. */
  readonly updates: readonly Update[];
  /** The last release that was promoted, by the state; undefined when none ever was. */
  readonly live: PromotionRecord | undefined;
  /** The release's workloads that the state sets to something else; none in an ended deployment. */
  readonly apart: readonly string[];
  /** What was being created or changed when an update died: what exists of it may be of either release. */
  readonly interrupted: readonly string[];
  /** The engine's images whose migrations the state says have run. */
  readonly ranJobsOf: readonly string[];
  /** The deployments that were begun since the last promotion, by when. @default none is known */
  readonly deploymentsBegun?: readonly { readonly id: string; readonly at: number }[];
}

/** Where to roll back to, or why not. */
export type Goal =
  | { readonly kind: "release"; readonly promoted: Promoted; readonly reason: string }
  /** Already there: a rollback would change nothing. */
  | { readonly kind: "nothing"; readonly release: Release; readonly reason: string }
  | { readonly kind: "none"; readonly reason: string };

/** What a rollback is made of. */
export interface Wish {
  /** A release's id. @default the last known good one before what is out now */
  readonly to?: string | undefined;
  /** The live release itself is bad: only what was promoted before it will do. @default false */
  readonly isLiveBad?: boolean;
  /** The id of a release that a rollback went to, or was on its way to, and that was never proven since. */
  readonly unproven?: string | undefined;
}

/** Finds the release to roll back to: the one named, or the last known good one before what is out now. */
export async function chooseGoal(situation: Situation, wish: Wish = {}): Promise<Goal> {
  const { live, updates } = situation;
  if (live === undefined)
    return { kind: "none", reason: "no release was ever promoted: there is none to roll back to" };
  if (wish.isLiveBad === true) return promotedBefore(updates, live);
  const found =
    wish.to === undefined ? await lastKnownGood(situation, live, wish) : await named(situation, live, wish.to);
  const isProven = found.kind !== "nothing" || wish.unproven === undefined;
  return isProven ? found : goal(live, "it is live, but the last rollback was never proven");
}

/**
 * After a rollback that did not end or was never proven, again its release; after a deployment that did not end, the
 * promoted release; after one that was refused, or died, before it touched a workload, or a rollback that succeeded,
 * nothing; else the release that was promoted before the one that is live.
 */
async function lastKnownGood(
  { updates, apart, ...left }: Situation,
  live: PromotionRecord,
  { unproven }: Wish,
): Promise<Goal> {
  const again = unproven === undefined ? undefined : await promotionOf(updates, live, ({ id }) => id === unproven);
  if (again !== undefined) return goal(again, "the last rollback to it was never proven");
  const [latest] = updates;
  const isUnfinished = latest !== undefined && latest.result !== "succeeded";
  if (isUnfinished && isRollback(latest)) {
    const promoted = await promotionOf(updates, live, (release) => isAsked(latest, release));
    if (promoted !== undefined) return goal(promoted, "the last rollback to it did not finish");
  }
  if (apart.length > 0) return goal(live, `${apart.join(", ")} would replace it, but it is what was last promoted`);
  if (left.interrupted.length > 0)
    return goal(live, `an update of ${left.interrupted.join(", ")} was interrupted, and it is what was last promoted`);
  const last = updates.find(({ result }) => result === "succeeded");
  if (last !== undefined && isRollback(last) && isAsked(last, live.release)) {
    return { kind: "nothing", release: live.release, reason: `${live.release.id} is the target of the last rollback` };
  }
  if (isUnfinished && !isRollback(latest) && !isAsked(latest, live.release)) return untouched(live, latest);
  // An update that died has left no record of itself in the history.
  const killed = left.deploymentsBegun?.find(({ at }) => updates.every(({ endedAt }) => endedAt < at));
  if (killed !== undefined) return untouched(live, { release: killed });
  if (left.ranJobsOf.some((image) => image !== live.release.images.engine)) return untouched(live);
  return promotedBefore(updates, live);
}

function untouched({ release }: PromotionRecord, latest?: { readonly release: Pick<Release, "id"> | undefined }): Goal {
  const refused =
    latest?.release === undefined ? "the last deployment" : `the last deployment, of ${latest.release.id},`;
  return { kind: "nothing", release, reason: `${refused} did not come to its one-box: ${release.id} is live` };
}

async function promotedBefore(updates: readonly Update[], live: PromotionRecord): Promise<Goal> {
  // The checkpoint's own list is the same on every backend; records from before there was one leave it to the history.
  const before =
    live.earlier === undefined
      ? await newestPromotion(updates, ({ release }) => !isSameRelease(release, live.release))
      : live.earlier.find(({ left }) => left !== true);
  if (before !== undefined) return goal(before, `it was promoted before ${live.release.id}`);
  return { kind: "none", reason: `${live.release.id} is the only release that was ever promoted` };
}

async function named({ updates, apart, interrupted }: Situation, live: PromotionRecord, id: string): Promise<Goal> {
  if (live.release.id === id && apart.length === 0 && interrupted.length === 0) {
    return { kind: "nothing", release: live.release, reason: `${id} is live` };
  }
  const promoted = await promotionOf(updates, live, (release) => release.id === id);
  return promoted === undefined
    ? { kind: "none", reason: `no release ${id} was ever promoted` }
    : goal(promoted, "as requested");
}

/** The newest promotion of a release that fits: by the record, which every backend has, else by the history. */
async function promotionOf(
  updates: readonly Update[],
  live: PromotionRecord,
  fits: (release: Release) => boolean,
): Promise<Promoted | undefined> {
  const recorded = [live, ...(live.earlier ?? [])].find(({ release }) => fits(release));
  return recorded ?? newestPromotion(updates, ({ release }) => fits(release));
}

function goal(promoted: Promoted, reason: string): Goal {
  return { kind: "release", promoted, reason };
}

function isAsked({ release }: Update, other: Release): boolean {
  return release !== undefined && isSameRelease(release, other);
}

/** The newest promotion that fits; a failed update's state counts too, for its record was proven before it failed. */
async function newestPromotion(
  updates: readonly Update[],
  fits: (promoted: Promoted) => boolean,
): Promise<Promoted | undefined> {
  for (const update of updates) {
    const promoted = await update.promotion();
    if (promoted !== undefined && fits(promoted)) return promoted;
  }
  return undefined;
}

/** A release whose migrations may have run, or in words why it is not known which release's did. */
type Migrated = Pick<Release, "id" | "schema"> | { readonly unknown: string };

/**
 * Why a release's code can no longer run on the database; undefined when it can. Migrations are never taken back: the
 * database is at the highest level of every release whose migrations may have run. A release with `schema.oldest` N may
 * take away only what code for levels below N needed, so two kinds of release are safe: one whose own migrations reach
 * the database's level, and one whose `oldest` no later release has passed. Of what is not known, none is safe.
 */
export function schemaObstacle(target: Release, migrated: readonly Migrated[]): string | undefined {
  const strange = migrated.find((each) => "unknown" in each);
  if (strange !== undefined) return strange.unknown;
  const releases = migrated.filter((each) => "schema" in each);
  const level = Math.max(target.schema.level, ...releases.map(({ schema }) => schema.level));
  if (target.schema.level >= level) return undefined;
  const contracting = releases.filter(({ schema }) => schema.oldest > target.schema.oldest);
  if (contracting.length === 0) return undefined;
  const { id, schema } = contracting.reduce((one, other) => (other.schema.oldest > one.schema.oldest ? other : one));
  return (
    `the database is at schema level ${level}, and release ${id} supports none below ${schema.oldest}; ` +
    `${target.id} is code for levels ${target.schema.oldest} to ${target.schema.level}`
  );
}

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
