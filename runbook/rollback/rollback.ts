import { isSameRelease, type PromotionRecord } from "../../records/promotion.ts";
import { isRollback, type Promoted, type Update } from "../../records/update.ts";
import type { Release } from "../../stacks/schema.ts";

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
export type Migrated = Pick<Release, "id" | "schema"> | { readonly unknown: string };

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
