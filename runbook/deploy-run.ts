import type { Release } from "../stacks/schema.ts";
import { type Conclusion, conclude } from "./conclusion.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { budgetText } from "./error-budget.ts";
import { frozenReason, thaw } from "./freeze.ts";
import type { Watcher } from "./io/engine.ts";
import { brokenMessage, endMessage, startMessage } from "./notify.ts";
import type { StackTarget } from "./stack-target.ts";
import { deployMessage } from "./update.ts";
import { obstaclesTo, readPresent, type StackPresent } from "./way-back.ts";

/** A deploy from its preview to its end, the rollback included where there was one. */
export interface DeployRun extends Conclusion {
  readonly release: Release;
  /** What was live before; null for a first deploy. */
  readonly previous: Release | null;
  readonly deployment: Deployment;
}

/** Something that goes on beside an update, whose events it may watch; what it breaks it mends when the update has ended. */
type Around = (work: (watch?: Watcher) => Promise<Deployment>) => Promise<Deployment>;

/** Asked just before the first change; resolves with why what would be deployed is not what was approved. */
export type Approval = () => Promise<string | undefined>;

export interface DeployOptions {
  readonly around?: Around;
  readonly approval?: Approval | undefined;
  /** A person has looked after a rollback failed, and lets deploys begin again. */
  readonly isThawed?: boolean;
}

/** Deploys the config's release, does what the decision tree says to however that ends, and tells people of it. */
export async function runDeploy(target: StackTarget, options: DeployOptions = {}): Promise<DeployRun> {
  const config = await target.config();
  const { release } = config;
  const before = await readPresent(target);
  const previous = before.live?.release ?? null;
  const { stack, notifications, clock } = target;
  const occasion = () => ({ stack, config, at: clock.now() });
  notifications.tell(startMessage(occasion(), release, previous));
  try {
    const deployment = await update(target, release, before, options);
    const run = { release, previous, deployment, ...(await conclude(target, release, deployment)) };
    if (run.outcome === "promoted") await thaw(target.engine);
    const budget = run.outcome === "promoted" ? await budgetText({ ...target, config }) : "";
    notifications.tell(endMessage(occasion(), run, budget));
    return run;
  } catch (error) {
    notifications.tell(brokenMessage(occasion(), release, error instanceof Error ? error.message : String(error)));
    throw error;
  }
}

async function update(
  { engine, screen, clock, gateLogFile, ...target }: StackTarget,
  release: Release,
  before: StackPresent,
  { around = (work) => work(), approval, isThawed = false }: DeployOptions,
): Promise<Deployment> {
  const checks = async () =>
    (isThawed ? undefined : await frozen(engine, target.stack)) ??
    (await approval?.()) ??
    refusalToBegin({ ...target, screen }, before);
  const run = { message: deployMessage(release) };
  const deployment = await around((watch) =>
    deploy(engine, release.id, { screen, clock, gateLogFile, watch, run, mayBegin: checks }),
  );
  target.signal.throwIfAborted();
  return deployment;
}

async function frozen(engine: StackTarget["engine"], stack: string): Promise<string | undefined> {
  const reason = await frozenReason(engine);
  return reason && `${reason}. Nothing is deployed until that is mended. Run: npx sparki rollback --stack ${stack}`;
}

/** A release that could not be gone back from for want of images is not begun. */
async function refusalToBegin(
  target: Pick<StackTarget, "registry" | "screen">,
  { live }: StackPresent,
): Promise<string | undefined> {
  if (live === undefined) return undefined;
  const { missing, unknown } = await obstaclesTo(live.release, target, []);
  for (const image of unknown) target.screen.line(`  ! not known to be there for a rollback: ${image}`);
  if (missing.length === 0) return undefined;
  return `a rollback to ${live.release.id} would fail: the registry no longer has ${missing.join(" and ")}`;
}
