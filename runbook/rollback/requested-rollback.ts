import type { EngineResult } from "../../records/engine-record.ts";
import type { Promoted } from "../../records/update.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { type Rollback, type RollbackDocument, rollbackDocument } from "../deploy/deploy-document.ts";
import { begunReleases, frozenFor } from "../deploy/stack-tags.ts";
import { movedOrThrow, StackMoved } from "../deploy/stack-target.ts";
import { failedRollbackMessage, rolledBackMessage } from "../notify/notify.ts";
import { planExitCode } from "../plan/plan-text.ts";
import type { Recovery } from "../recovery/take-over.ts";
import { previewRollback, type RollbackTarget, rollBack } from "./rollback-run.ts";
import {
  chooseGoal,
  type Goal,
  leftAlready,
  migratedIn,
  movedSince,
  obstaclesTo,
  obstacleText,
  readPresent,
  type StackPresent,
} from "./rollback-target.ts";

export interface RollbackRequest {
  /** A release's id. @default the last known good one before what is out now */
  readonly to?: string | undefined;
  /** The release that is to be left, because it is bad; refused when another one is live. @default what is live, if need be */
  readonly leaving?: Release;
  /** Only shows what would be done. */
  readonly isDryRun: boolean;
  /** What the history and people are told. @default that it was asked for */
  readonly why?: string;
  /** Takes over what an update that was killed has left half-made, and what this one finds there already. @default nothing does */
  readonly recovery?: Pick<Recovery, "takeOverAlone" | "adoptTaken" | "adoptUnanswered">;
  /** Asked once the preview was shown; throws for a no. */
  readonly confirm: (question: string) => Promise<void>;
}

/** What a requested rollback came to. */
export interface RequestedRollback {
  readonly outcome: "rolled-back" | "unchanged" | "planned" | "stopped" | "failed";
  readonly exitCode: number;
  readonly reason: string;
  /** What was rolled back to, or would have been. */
  readonly release: Release | null;
  /** What was live before. */
  readonly previous: Release | null;
  readonly rollback: RollbackDocument | null;
}

/**
 * Goes back to a release that was promoted before, and proves that it serves. Changes nothing where that is live already,
 * where there is none, where something forbids it, or when the stack is no longer what was decided on; throws
 * SPARKI_USAGE for a release that nobody knows.
 */
export async function runRequestedRollback(
  target: RollbackTarget,
  request: RollbackRequest,
): Promise<RequestedRollback> {
  const config = await target.config();
  const found = await decided(target, request, config, await readPresent(target));
  if ("outcome" in found) return found;
  const settled = request.isDryRun ? found : await takenOver(target, request, config, found);
  if ("outcome" in settled) return settled;
  const { promoted, reason, present } = settled;
  const { release } = promoted;
  const previous = present.live?.release ?? null;
  const preview = await previewRollback(target, promoted);
  target.signal.throwIfAborted();
  const ending = { release, previous, rollback: null };
  if (request.isDryRun || preview.outcome !== "succeeded") {
    return { ...planned(preview, release, reason), ...ending };
  }
  await request.confirm(`Roll back to ${release.id} (${reason})?`);
  const moved = await movedSince(present, target);
  if (moved !== undefined) return stopped(moved, release, previous);
  const why = request.why ?? `requested${previous === null ? "" : `, from ${previous.id}`}`;
  const options = { preview, expected: present, recovery: request.recovery };
  const rollback = await rollBack(target, promoted, why, options).catch(movedOrThrow);
  if (rollback instanceof StackMoved) return stopped(rollback.message, release, previous);
  tell(target, config, previous ?? release, rollback, why);
  return { ...ended(rollback), ...ending, rollback: rollbackDocument(rollback) };
}

/** The release to roll back to, which nothing forbids, and what that rests on. */
interface Decided {
  readonly promoted: Promoted;
  readonly reason: string;
  readonly present: StackPresent;
}

async function decided(
  target: RollbackTarget,
  request: RollbackRequest,
  config: StackConfig,
  present: StackPresent,
): Promise<Decided | RequestedRollback> {
  const previous = present.live?.release ?? null;
  const left = request.leaving && leftAlready(present, request.leaving);
  if (left !== undefined) return stopped(`nothing was changed: ${left}`, null, previous);
  const goal = await goalOf(present, target, request);
  if (goal.kind !== "release") return withoutChange(goal, previous, request);
  const { promoted, reason } = goal;
  const obstacle = await obstacleTo(promoted, target, present, config);
  return obstacle === undefined ? { promoted, reason, present } : stopped(obstacle, promoted.release, previous);
}

/**
 * The same, once what an update that was killed has left is in the state, which neither the policies nor Helm would let
 * this one pass otherwise. What the state knew of that update before, and forgets with it, still counts.
 */
async function takenOver(
  target: RollbackTarget,
  request: RollbackRequest,
  config: StackConfig,
  before: Decided,
): Promise<Decided | RequestedRollback> {
  if (request.recovery === undefined) return before;
  await request.recovery.takeOverAlone();
  const now = await readPresent(target);
  const [begun, interrupted] = [
    [...before.present.begun, ...now.begun],
    [...new Set([...before.present.interrupted, ...now.interrupted])],
  ];
  return decided(target, request, config, { ...now, begun, interrupted });
}

/**
 * Finishes a rollback that was begun and cut off, or that could not be judged, and proves it: nobody knows what runs before. Undefined, and nothing is
 * changed, where there is none, where it failed, which is for a person to repair, or where something forbids it. What was
 * half-made when it was cut off is taken over first.
 */
export async function finishRollback(
  target: RollbackTarget,
  recovery?: RollbackRequest["recovery"],
): Promise<Rollback | undefined> {
  const { release, isBegun } = (await frozenFor(target.engine)) ?? {};
  if (release === undefined || isBegun !== true) return undefined;
  await recovery?.takeOverAlone();
  const present = await readPresent(target);
  const goal = await chooseGoal(present, { unproven: release });
  if (goal.kind !== "release") return undefined;
  const { promoted } = goal;
  const { id } = promoted.release;
  if ((await obstacleTo(promoted, target, present, await target.config())) !== undefined) return undefined;
  target.screen.line(`  the rollback to ${id} was never proven, so it is finished first`);
  const options = { expected: present, recovery };
  const finished = await rollBack(target, promoted, "it was never proven", options).catch(movedOrThrow);
  return finished instanceof StackMoved ? undefined : finished;
}

/** A release that was rolled back to and not proven is rolled back to again, although nothing may have to change. */
async function goalOf(
  present: StackPresent,
  { engine }: RollbackTarget,
  { to, leaving }: RollbackRequest,
): Promise<Goal> {
  const unproven = (await frozenFor(engine))?.release;
  const deploymentsBegun = begunReleases(await engine.tags());
  return chooseGoal({ ...present, deploymentsBegun }, { to, isLiveBad: leaving !== undefined, unproven });
}

function stopped(reason: string, release: Release | null, previous: Release | null): RequestedRollback {
  return { outcome: "stopped", exitCode: EXIT.refused.code, reason, release, previous, rollback: null };
}

function withoutChange(
  goal: Exclude<Goal, { kind: "release" }>,
  previous: Release | null,
  { to }: RollbackRequest,
): RequestedRollback {
  const { reason } = goal;
  if (goal.kind === "nothing")
    return { outcome: "unchanged", exitCode: EXIT.done.code, reason, release: goal.release, previous, rollback: null };
  if (to !== undefined) throw new DeployError("SPARKI_USAGE", reason, { hint: "npx sparki history" });
  return stopped(reason, null, previous);
}

async function obstacleTo(
  promoted: Promoted,
  target: RollbackTarget,
  present: StackPresent,
  config: StackConfig,
): Promise<string | undefined> {
  const obstacles = await obstaclesTo(promoted, target, present, await migratedIn(present, config, target));
  for (const image of obstacles.unknown) target.screen.line(`  ! could not check that it still exists: ${image}`);
  const text = obstacleText(obstacles);
  return text && `rolling back to ${promoted.release.id} is refused: ${text}`;
}

function planned(preview: EngineResult, { id }: Release, reason: string) {
  const { outcome, failure } = preview;
  if (outcome === "succeeded")
    return { outcome: "planned", exitCode: EXIT.done.code, reason: `would roll back to ${id}: ${reason}` } as const;
  const exitCode = planExitCode(preview);
  return {
    outcome: "stopped",
    exitCode,
    reason: failure ?? `the preview finished with the result ${outcome}`,
  } as const;
}

function tell(target: RollbackTarget, config: StackConfig, from: Release, rollback: Rollback, why: string): void {
  const occasion = { stack: target.stack, config, at: target.clock.now() };
  const message =
    rollback.verdict === "pass"
      ? rolledBackMessage(occasion, from, why, rollback)
      : failedRollbackMessage(occasion, rollback.reason, rollback);
  target.notifications.tell(message);
}

function ended({ release, verdict, reason }: Rollback) {
  if (verdict === "pass")
    return { outcome: "rolled-back", exitCode: EXIT.done.code, reason: `${release.id} serves: ${reason}` } as const;
  return {
    outcome: "failed",
    exitCode: EXIT.rollback.code,
    reason: `the rollback to ${release.id} failed: ${reason}`,
  } as const;
}
