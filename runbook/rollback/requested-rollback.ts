import { isDeepStrictEqual } from "node:util";
import { decide } from "../../gates/tree.ts";
import type { Engine } from "../../io/engine.ts";
import { type EngineResult, nameOf } from "../../records/engine-record.ts";
import { holdsData, resourcesIn, type StateResource } from "../../records/state.ts";
import type { Promoted } from "../../records/update.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { type Rollback, type RollbackDocument, rollbackDocument } from "../deploy/deploy-document.ts";
import { begunReleases, frozenFor } from "../deploy/stack-tags.ts";
import { movedOrThrow, type RunningWork, StackMoved } from "../deploy/stack-target.ts";
import { failedRollbackMessage, rolledBackMessage } from "../notify/notify.ts";
import { planExitCode } from "../plan/plan.ts";
import type { Recovery } from "../recovery/take-over.ts";
import { showPhase } from "../report/live.ts";
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

/** What undoing a first deployment came to. */
export interface Undoing {
  readonly outcome: "destroyed" | "unchanged" | "planned" | "stopped" | "failed";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "outside">;
  readonly reason: string;
  /** What was deleted, or would be, by name. */
  readonly resources: readonly string[];
}

export interface UndoRequest {
  /** Only shows what would be deleted. */
  readonly isDryRun: boolean;
  /** Takes over what an update that was killed has left half-made, so that it is deleted too. @default that refuses */
  readonly recovery?: Pick<Recovery, "takeOverAlone">;
  /** Asked before the first deletion; throws for a no. */
  readonly confirm: (question: string) => Promise<void>;
}

/** What an undoing touches of a stack. */
export interface UndoTarget extends RunningWork {
  readonly stack: string;
  readonly engine: Pick<Engine, "exportState" | "history" | "refresh" | "unprotectAll" | "destroy">;
}

/**
 * Deletes what a first deployment made that came to nothing. Refuses, and changes nothing, once a release was promoted or
 * a database or a cache exists, while an interrupted update has left what the state does not know, and when there is
 * something else to delete than what was asked about.
 */
export async function undoFirstDeploy(
  target: UndoTarget,
  { isDryRun, recovery, confirm }: UndoRequest,
): Promise<Undoing> {
  if (!isDryRun && (await mayTakeOver(target))) await recovery?.takeOverAlone();
  const found = await lookAtFirst(target);
  if ("outcome" in found) return found;
  const { made, reason, resources } = found;
  if (isDryRun)
    return {
      outcome: "planned",
      exitCode: EXIT.done.code,
      reason: `would delete ${resources.length} resources`,
      resources,
    };
  const commands = await protectedAtAws(target, made);
  if (commands.length > 0) return undoneNothing(`AWS protects it from deletion. Run first: ${commands.join("; ")}`);
  await confirm(`Delete the ${resources.length} resources that the failed first deployment of ${target.stack} made?`);
  const now = await lookAtFirst(target);
  if ("outcome" in now) return now;
  if (!isDeepStrictEqual(now.resources, resources))
    return undoneNothing("another update has changed the stack since you were asked; run the same command again");
  const { outcome, failure } = await destroy(target);
  if (outcome === "succeeded") return { outcome: "destroyed", exitCode: EXIT.done.code, reason, resources };
  return {
    outcome: "failed",
    exitCode: EXIT.outside.code,
    reason: `${failure}; the same command continues from there`,
    resources,
  };
}

/** Whether an update was killed in the middle of creating something, on a stack where nothing was ever promoted. */
async function mayTakeOver(target: UndoTarget): Promise<boolean> {
  const { live, interrupted } = await readPresent(target);
  return live === undefined && interrupted.length > 0;
}

interface Undoable extends Pick<Undoing, "reason" | "resources"> {
  readonly made: readonly StateResource[];
}

/** What a first deployment made, by the state as it is now; an undoing that ends here where nothing may be deleted. */
async function lookAtFirst(target: UndoTarget): Promise<Undoable | Undoing> {
  const { live, begun, resources: state } = await readPresent(target);
  const made = state.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
  const resources = made.map(({ urn }) => nameOf(urn));
  if (live !== undefined)
    return undoneNothing(`release ${live.release.id} was promoted: npx sparki rollback restores it`);
  if (begun.length > 0)
    return undoneNothing(
      `an update was interrupted, and what it created is not known yet. Without --dry-run this command finds it, once the ` +
        `update's lock is gone: pulumi cancel --stack ${target.stack}`,
    );
  if (made.length === 0)
    return { outcome: "unchanged", exitCode: EXIT.done.code, reason: "nothing was created yet", resources };
  const { action, reason } = decide({ ...FAILED, hasState: holdsData(state) });
  return action === "destroy" ? { made, reason, resources } : undoneNothing(reason);
}

function destroy({ engine, screen, clock, stack }: UndoTarget): Promise<EngineResult> {
  return showPhase(screen, clock, `delete what was made for ${stack}`, async (phase) => {
    await engine.unprotectAll();
    return engine.destroy(phase.watch({ lines: true }));
  });
}

/** A failed infrastructure phase that has no more time, and whose destruction someone asks for. */
const FAILED = {
  phase: "infrastructure",
  verdict: "fail",
  elapsedSeconds: 0,
  deadlineSeconds: 0,
  canRollBack: false,
  destroyRequested: true,
  rollbackTried: false,
  highErrorSeconds: 0,
} as const;

function undoneNothing(reason: string): Undoing {
  return { outcome: "stopped", exitCode: EXIT.refused.code, reason: `nothing is deleted: ${reason}`, resources: [] };
}

/** What AWS itself protects from deletion when the stack's config does: by which input, and what takes that off. */
const PROTECTION: Readonly<Record<string, { readonly input: string; readonly lift: (id: string) => string }>> = {
  "aws:eks/cluster:Cluster": {
    input: "deletionProtection",
    lift: (id) => `aws eks update-cluster-config --name ${id} --no-deletion-protection`,
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    input: "enableDeletionProtection",
    lift: (id) =>
      `aws elbv2 modify-load-balancer-attributes --load-balancer-arn ${id} --attributes Key=deletion_protection.enabled,Value=false`,
  },
};

/** The commands that people have to run first: nothing but AWS's own protection stands between a mistake and the network. */
async function protectedAtAws({ engine }: UndoTarget, made: readonly StateResource[]): Promise<string[]> {
  const urns = made.filter(({ type }) => type in PROTECTION).map(({ urn }) => urn);
  if (urns.length === 0) return [];
  // Somebody may have taken it off since the state was saved.
  await engine.refresh(undefined, urns);
  return resourcesIn(await engine.exportState()).flatMap(({ type, id = "", outputs }) => {
    const protection = PROTECTION[type];
    return protection !== undefined && outputs[protection.input] === true ? [protection.lift(id)] : [];
  });
}
