import type { Release } from "../stacks/schema.ts";
import { type Decision, decideOn, decisionsOf } from "./decisions.ts";
import type { Deployment } from "./deployment.ts";
import { endingOf } from "./ending.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { goBack, type Rollback } from "./rollback-run.ts";
import type { StackTarget } from "./stack-target.ts";
import {
  migratedReleases,
  type Obstacles,
  obstaclesTo,
  obstacleText,
  readPresent,
  type StackPresent,
} from "./way-back.ts";

/** What became of a deploy: its outcome, what was decided on the way, and the rollback where there was one. */
export interface Conclusion extends Outcome {
  readonly rollback: Rollback | undefined;
  readonly decisions: readonly Decision[];
}

/** Asks the decision tree what to do about how a deploy ended, and does it. */
export async function conclude(target: StackTarget, release: Release, deployment: Deployment): Promise<Conclusion> {
  const ending = endingOf(deployment);
  const passed = decisionsOf(deployment.gates);
  if (ending.verdict === "pass") {
    const decision = decideOn(ending, { canRollBack: true, hasState: true });
    return { ...outcomeOf(deployment, ending, "proceed"), rollback: undefined, decisions: [...passed, decision] };
  }
  const present = await readPresent(target);
  const obstacles = await obstaclesAfter(target, release, present);
  const decision = decideOn(ending, { canRollBack: canGoBack(present, obstacles), hasState: hasState(present) });
  const decided = { ...decision, reason: withObstacle(decision, obstacles) };
  if (decision.action !== "rollback" || present.live === undefined) {
    const outcome = outcomeOf(deployment, ending, decision.action);
    return { ...outcome, rollback: undefined, decisions: [...passed, decided] };
  }
  const rollback = await goBack(target, present.live.release, `${release.id}: ${ending.reason}`);
  return { ...ended(rollback, ending.reason), rollback, decisions: [...passed, decided, rollback.decision] };
}

async function obstaclesAfter(
  target: StackTarget,
  release: Release,
  { live, updates, resources }: StackPresent,
): Promise<Obstacles | undefined> {
  return live && obstaclesTo(live.release, target, migratedReleases(updates, resources, { release }));
}

function canGoBack({ live }: StackPresent, obstacles: Obstacles | undefined): boolean {
  return live !== undefined && obstacles !== undefined && obstacleText(obstacles) === undefined;
}

function withObstacle({ action, reason }: Decision, obstacles: Obstacles | undefined): string {
  const obstacle = action === "stop" && obstacles !== undefined ? obstacleText(obstacles) : undefined;
  return obstacle === undefined ? reason : `${reason}; ${obstacle}`;
}

/** Something that holds data exists. */
function hasState({ resources }: StackPresent): boolean {
  return resources.some(({ type }) => /^aws:(rds\/instance|elasticache\/replicationGroup):/.test(type));
}

function ended(rollback: Rollback, reason: string): Outcome {
  if (rollback.verdict === "pass") return { outcome: "rolled-back", exitCode: 1, reason };
  return {
    outcome: "failed",
    exitCode: 5,
    reason: `the rollback to ${rollback.release.id} failed: ${rollback.reason}`,
  };
}
