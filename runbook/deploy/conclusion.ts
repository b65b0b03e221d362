import { holdsData } from "../../records/state.ts";
import type { Release } from "../../stacks/schema.ts";
import { goBack } from "../rollback/rollback-run.ts";

import {
  migratedReleases,
  type Obstacles,
  obstaclesTo,
  obstacleText,
  readPresent,
  type StackPresent,
} from "../rollback/way-back.ts";

import { endOf, lookAfterPromotion } from "./after-promotion.ts";
import { type Decision, decideOn, decisionsOf } from "./decisions.ts";
import type { Deployment } from "./deployment.ts";
import { type Ending, endingOf } from "./ending.ts";
import { gateTargetOf } from "./gate-target.ts";
import { outcomeOf } from "./outcome.ts";
import type { Conclusion } from "./result.ts";
import { judgeRunningDigests } from "./running-digests.ts";
import { movedOrThrow, StackMoved } from "./stack-moved.ts";
import type { StackTarget } from "./stack-target.ts";

/** Asks the decision tree what to do about how a deploy ended, and does it. */
export async function conclude(target: StackTarget, release: Release, deployment: Deployment): Promise<Conclusion> {
  const ending = endingOf(deployment);
  const passed = decisionsOf(deployment.gates);
  if (ending.verdict === "pass") return promoted(target, release, deployment, ending);
  const present = await readPresent(target);
  const live = present.live?.release ?? null;
  const obstacles = await obstaclesAfter(target, release, present);
  const decision = decideOn(ending, {
    canRollBack: canGoBack(present, obstacles),
    hasState: holdsData(present.resources),
  });
  const decided = { ...decision, reason: withObstacle(decision, obstacles) };
  if (decision.action !== "rollback" || present.live === undefined || live === null) {
    const outcome = outcomeOf(deployment, ending, decision.action);
    return { ...outcome, ...UNVERIFIED, live, decisions: [...passed, decided] };
  }
  const why = `${release.id}: ${ending.reason}`;
  const rollback = await goBack(target, present.live, why, { expected: present }).catch(movedOrThrow);
  if (rollback instanceof StackMoved) {
    const reason = `${ending.reason}; not gone back: ${rollback.message}`;
    return { outcome: "stopped", exitCode: 1, reason, ...UNVERIFIED, live, decisions: [...passed, decided] };
  }
  const decisions = [...passed, decided, rollback.decision];
  return { ...endOf(rollback, ending.reason), rollback, live, verify: undefined, decisions };
}

const UNVERIFIED = { rollback: undefined, verify: undefined };
const DIGESTS_SECONDS = 15;

/** A promotion counts once the pods that run are seen to be the release's own, and the release is verified. */
async function promoted(
  target: StackTarget,
  release: Release,
  deployment: Deployment,
  ending: Ending,
): Promise<Conclusion> {
  const reach = await gateTargetOf(target, release, () => undefined);
  const digests = await judgeRunningDigests(reach, "fleet", DIGESTS_SECONDS);
  const apart = digests.find(({ verdict }) => verdict !== "pass");
  const decisions = decisionsOf([...deployment.gates, ...digests]);
  if (apart === undefined) {
    const decision = decideOn(ending, { canRollBack: true, hasState: true });
    const { problem, ...after } = await lookAfterPromotion(target, release);
    const outcome = problem ?? outcomeOf(deployment, ending, decision.action);
    return { ...outcome, ...after, live: release, decisions: [...decisions, decision, ...after.decisions] };
  }
  const reason = `promoted, but ${apart.reason}`;
  const decision = decideOn({ phase: "promoted", verdict: "error", reason }, { canRollBack: true, hasState: true });
  return { outcome: "failed", exitCode: 4, reason, ...UNVERIFIED, live: release, decisions: [...decisions, decision] };
}

async function obstaclesAfter(
  target: StackTarget,
  release: Release,
  present: StackPresent,
): Promise<Obstacles | undefined> {
  const { live, updates, resources } = present;
  return live && obstaclesTo(live, target, present, migratedReleases(updates, resources, { release }));
}

function canGoBack({ live }: StackPresent, obstacles: Obstacles | undefined): boolean {
  return live !== undefined && obstacles !== undefined && obstacleText(obstacles) === undefined;
}

function withObstacle({ action, reason }: Decision, obstacles: Obstacles | undefined): string {
  const obstacle = action === "stop" && obstacles !== undefined ? obstacleText(obstacles) : undefined;
  return obstacle === undefined ? reason : `${reason}; ${obstacle}`;
}
