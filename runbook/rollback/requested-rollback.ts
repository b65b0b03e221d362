import { DeployError } from "../../stacks/deploy-error.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import { type RollbackDocument, rollbackDocument } from "../deploy/deploy-document.ts";
import type { EngineResult } from "../deploy/engine-record.ts";
import { frozenReason } from "../deploy/freeze.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { failedRollbackMessage, rolledBackMessage } from "../notify/notify.ts";
import { chooseGoal, type Goal } from "./rollback.ts";
import { goBack, previewBack, type Rollback } from "./rollback-run.ts";
import { migratedReleases, obstaclesTo, obstacleText, readPresent, type StackPresent } from "./way-back.ts";

export interface RollbackRequest {
  /** A release's id. @default the last known good one before what is out now */
  readonly to?: string | undefined;
  /** Only shows what would be done. */
  readonly isDryRun: boolean;
  /** What the history and people are told. @default that it was asked for */
  readonly why?: string;
  /** Asked once the preview was shown; throws for a no. */
  readonly confirm: (question: string) => Promise<void>;
}

/** What a requested rollback came to. */
export interface RequestedRollback {
  readonly outcome: "rolled-back" | "unchanged" | "planned" | "stopped" | "failed";
  readonly exitCode: number;
  readonly reason: string;
  /** What was gone back to, or would have been. */
  readonly release: Release | null;
  /** What was live before. */
  readonly previous: Release | null;
  readonly rollback: RollbackDocument | null;
}

/**
 * Goes back to a release that was promoted before, and proves that it serves. Changes nothing where that is live already,
 * where there is none, or where something forbids it; throws SPARKI_USAGE for a release that nobody knows.
 */
export async function runRequestedRollback(target: StackTarget, request: RollbackRequest): Promise<RequestedRollback> {
  const config = await target.config();
  const present = await readPresent(target);
  const previous = present.live?.release ?? null;
  const goal = await chooseGoal(present, request.to);
  const release = await releaseOf(goal, target);
  if (release === undefined) return withoutChange(goal, previous, request);
  const obstacle = await obstacleTo(release, target, present, config);
  const ending = { release, previous, rollback: null };
  if (obstacle !== undefined) return { outcome: "stopped", exitCode: 1, reason: obstacle, ...ending };
  const preview = await previewBack(target, release);
  target.signal.throwIfAborted();
  if (request.isDryRun || preview.outcome !== "succeeded") {
    return { ...planned(preview, release, goal.reason), ...ending };
  }
  await request.confirm(`Go back to ${release.id} (${goal.reason})?`);
  const why = request.why ?? `asked for${previous === null ? "" : `, from ${previous.id}`}`;
  const rollback = await goBack(target, release, why, preview);
  tell(target, config, previous ?? release, rollback, why);
  return { ...ended(rollback), ...ending, rollback: rollbackDocument(rollback) };
}

/** A release that was gone back to and could not be proven is tried again, although nothing has to change. */
async function releaseOf(goal: Goal, { engine }: StackTarget): Promise<Release | undefined> {
  if (goal.kind === "release") return goal.promoted.release;
  return goal.kind === "nothing" && (await frozenReason(engine)) !== undefined ? goal.release : undefined;
}

function withoutChange(goal: Goal, previous: Release | null, { to }: RollbackRequest): RequestedRollback {
  const ending = { reason: goal.reason, previous, rollback: null };
  if (goal.kind === "nothing") return { outcome: "unchanged", exitCode: 0, release: goal.release, ...ending };
  if (to !== undefined) throw new DeployError("SPARKI_USAGE", goal.reason, { hint: "npx sparki history" });
  return { outcome: "stopped", exitCode: 1, release: null, ...ending };
}

async function obstacleTo(
  release: Release,
  target: StackTarget,
  { updates, resources }: StackPresent,
  config: StackConfig,
): Promise<string | undefined> {
  const obstacles = await obstaclesTo(release, target, migratedReleases(updates, resources, config));
  for (const image of obstacles.unknown) target.screen.line(`  ! not known to be there: ${image}`);
  const text = obstacleText(obstacles);
  return text && `going back to ${release.id} is refused: ${text}`;
}

function planned({ outcome, failure }: EngineResult, { id }: Release, reason: string) {
  if (outcome === "succeeded")
    return { outcome: "planned", exitCode: 0, reason: `would go back to ${id}: ${reason}` } as const;
  return { outcome: "stopped", exitCode: 1, reason: failure ?? `the preview ended as ${outcome}` } as const;
}

function tell(target: StackTarget, config: StackConfig, from: Release, rollback: Rollback, why: string): void {
  const occasion = { stack: target.stack, config, at: target.clock.now() };
  const message =
    rollback.verdict === "pass"
      ? rolledBackMessage(occasion, from, why, rollback)
      : failedRollbackMessage(occasion, rollback.reason, rollback);
  target.notifications.tell(message);
}

function ended({ release, verdict, reason }: Rollback) {
  if (verdict === "pass")
    return { outcome: "rolled-back", exitCode: 0, reason: `${release.id} serves: ${reason}` } as const;
  return { outcome: "failed", exitCode: 5, reason: `the rollback to ${release.id} failed: ${reason}` } as const;
}
