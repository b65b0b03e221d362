import type { Release } from "../../stacks/schema.ts";
import { budgetText } from "../gates/error-budget.ts";
import type { Watcher } from "../io/engine.ts";
import { brokenMessage, endMessage, startMessage } from "../notify/notify.ts";
import { obstaclesTo, readPresent, type StackPresent } from "../rollback/way-back.ts";
import { type Conclusion, conclude } from "./conclusion.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { rememberEnd } from "./ended-deploys.ts";
import { frozenReason, thaw } from "./freeze.ts";
import type { StackTarget } from "./stack-target.ts";
import { deployMessage } from "./update.ts";

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
  const { stack, notifications, clock } = target;
  const startedAt = clock.now();
  const before = await readPresent(target);
  const [{ release }, previous] = [config, before.live?.release ?? null];
  const occasion = () => ({ stack, config, at: clock.now() });
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    notifications.tell(startMessage(occasion(), release, previous));
  };
  try {
    const deployment = await update(target, release, { ...options, before, begin });
    const run = { release, previous, deployment, ...(await conclude(target, release, deployment)) };
    await remember(target, run, startedAt);
    const budget = run.outcome === "promoted" ? await budgetText({ ...target, config }) : "";
    notifications.tell(endMessage(occasion(), run, budget));
    return run;
  } catch (error) {
    if (hasBegun) notifications.tell(brokenMessage(occasion(), release, messageOf(error)));
    throw error;
  }
}

interface UpdateOptions extends DeployOptions {
  readonly before: StackPresent;
  /** Called just before the first change. */
  begin(): void;
}

async function update(target: StackTarget, release: Release, options: UpdateOptions): Promise<Deployment> {
  const { engine, screen, clock, gateLogFile, signal } = target;
  const { around = (work) => work() } = options;
  const mayBegin = async () => {
    const refusal = await refusalToBegin(target, options);
    if (refusal === undefined) options.begin();
    return refusal;
  };
  const run = { message: deployMessage(release) };
  const deployment = await around((watch) =>
    deploy(engine, release.id, { screen, clock, gateLogFile, watch, run, mayBegin }),
  );
  signal.throwIfAborted();
  return deployment;
}

/** Keeps what the next command must know: that the stack may be deployed to again, or why this deploy promoted nothing. */
async function remember({ engine, screen }: StackTarget, run: DeployRun, startedAt: number): Promise<void> {
  const { outcome, reason, release } = run;
  try {
    await (outcome === "promoted"
      ? thaw(engine)
      : rememberEnd(engine, { startedAt, release: release.id, outcome, reason }));
  } catch (error) {
    screen.line(`  ! how this deploy ended was not kept with the stack: ${messageOf(error)}`);
  }
}

async function refusalToBegin(
  target: StackTarget,
  { before, approval, isThawed = false }: UpdateOptions,
): Promise<string | undefined> {
  const refusal = isThawed ? undefined : await frozen(target);
  return refusal ?? (await missingWayBack(target, before)) ?? approval?.();
}

async function frozen({ engine, stack }: StackTarget): Promise<string | undefined> {
  const reason = await frozenReason(engine);
  return reason && `${reason}. Nothing is deployed until that is mended. Run: npx sparki rollback --stack ${stack}`;
}

/** A release that could not be gone back from for want of images is not begun. */
async function missingWayBack(target: StackTarget, { live }: StackPresent): Promise<string | undefined> {
  if (live === undefined) return undefined;
  const { missing, unknown } = await obstaclesTo(live.release, target, []);
  for (const image of unknown) target.screen.line(`  ! not known to be there for a rollback: ${image}`);
  if (missing.length === 0) return undefined;
  return `a rollback to ${live.release.id} would fail: the registry no longer has ${missing.join(" and ")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
