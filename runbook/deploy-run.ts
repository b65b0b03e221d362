import type { Release } from "../stacks/schema.ts";
import { type Decision, decideOn, decisionsOf } from "./decisions.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { endingOf } from "./ending.ts";
import type { Watcher } from "./io/engine.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { goBack, type Rollback } from "./rollback-run.ts";
import type { StackTarget } from "./stack-target.ts";
import { deployMessage } from "./update.ts";
import {
  migratedReleases,
  type Obstacles,
  obstaclesTo,
  obstacleText,
  readPresent,
  type StackPresent,
} from "./way-back.ts";

/** A deploy from its preview to its end, the rollback included where there was one. */
export interface DeployRun extends Outcome {
  readonly release: Release;
  /** What was live before; null for a first deploy. */
  readonly previous: Release | null;
  readonly deployment: Deployment;
  readonly rollback: Rollback | undefined;
  readonly decisions: readonly Decision[];
}

/** Something that goes on beside an update, whose events it may watch; what it breaks it mends when the update has ended. */
export type Around = (work: (watch?: Watcher) => Promise<Deployment>) => Promise<Deployment>;

/** Asked just before the first change; resolves with why what would be deployed is not what was approved. */
export type Approval = () => Promise<string | undefined>;

/** Deploys the config's release and does what the decision tree says to however that ends. */
export async function runDeploy(
  target: StackTarget,
  around: Around = (work) => work(),
  approval: Approval = async () => undefined,
): Promise<DeployRun> {
  const { release } = await target.config();
  const before = await readPresent(target);
  const { engine, screen, clock, gateLogFile } = target;
  const run = { message: deployMessage(release) };
  const mayBegin = async () => (await approval()) ?? refusalToBegin(target, before);
  const deployment = await around((watch) =>
    deploy(engine, release.id, { screen, clock, gateLogFile, watch, run, mayBegin }),
  );
  target.signal.throwIfAborted();
  return {
    release,
    previous: before.live?.release ?? null,
    deployment,
    ...(await conclude(target, release, deployment)),
  };
}

/** A release that could not be gone back from for want of images is not begun. */
async function refusalToBegin(target: StackTarget, { live }: StackPresent): Promise<string | undefined> {
  if (live === undefined) return undefined;
  const { missing, unknown } = await obstaclesTo(live.release, target, []);
  for (const image of unknown) target.screen.line(`  ! not known to be there for a rollback: ${image}`);
  if (missing.length === 0) return undefined;
  return `a rollback to ${live.release.id} would fail: the registry no longer has ${missing.join(" and ")}`;
}

/** What the tree says to the deploy's end, and that done. */
async function conclude(
  target: StackTarget,
  release: Release,
  deployment: Deployment,
): Promise<Outcome & Pick<DeployRun, "rollback" | "decisions">> {
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
