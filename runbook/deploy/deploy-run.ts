import { budgetText } from "../../gates/live/error-budget.ts";
import { fullPlace, ownPlaces } from "../../io/disk.ts";
import type { Watcher } from "../../io/engine.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { deployMessage } from "../../records/update.ts";
import { messageOf } from "../../shared/message-of.ts";
import { type Release, releaseOf } from "../../stacks/schema.ts";
import { brokenMessage, endMessage, startMessage } from "../notify/notify.ts";
import type { Recovery } from "../recovery/take-over.ts";
import { readPresent } from "../rollback/way-back.ts";
import { type Beginning, type BeginOptions, begin } from "./begin.ts";
import { conclude } from "./conclusion.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { rememberEnd } from "./ended-deploys.ts";
import { thaw } from "./freeze.ts";
import { withHeldConfig } from "./held-config.ts";
import type { DeployRun } from "./result.ts";
import { StackMoved } from "./stack-moved.ts";
import type { StackTarget } from "./stack-target.ts";

/**
 * Something that goes on beside an update that was previewed, whose events it may watch; what it breaks it mends when the
 * update has ended.
 */
type Around = (work: (watch?: Watcher) => Promise<Deployment>, preview: EngineResult) => Promise<Deployment>;

export interface DeployOptions extends BeginOptions {
  readonly around?: Around;
  /** Takes over what the update finds there already. */
  readonly recovery?: Pick<Recovery, "adoptTaken">;
}

/** Deploys the config's release, does what the decision tree says to however that ends, and tells people of it. */
export async function runDeploy(target: StackTarget, options: DeployOptions): Promise<DeployRun> {
  const config = await target.config();
  const { stack, notifications, clock } = target;
  const startedAt = clock.now();
  const before = await readPresent(target);
  const [release, previous] = [releaseOf(config), before.live?.release ?? null];
  const occasion = () => ({ stack, config, at: clock.now() });
  let hasBegun = false;
  try {
    const beginning = await begin(target, release, before, options);
    const deployment = await update(target, release, beginning, options, () => {
      hasBegun = true;
      notifications.tell(startMessage(occasion(), release, previous));
    });
    const { preflight, plan, configText } = beginning;
    const conclusion = await withHeldConfig(target, configText, (held) => conclude(held, release, deployment));
    const reason = withDisk(conclusion.reason, conclusion.exitCode, target);
    const run = { release, previous, preflight, plan, deployment, ...conclusion, reason };
    await remember(target, run, startedAt);
    const budget = run.outcome === "promoted" ? await budgetText({ ...target, config }) : "";
    notifications.tell(endMessage(occasion(), run, budget));
    return run;
  } catch (error) {
    if (hasBegun) notifications.tell(brokenMessage(occasion(), release, messageOf(error)));
    throw error;
  }
}

/** An outside fault on a disk without room names the disk first: what failed for it, a server of ours too, seldom does. */
function withDisk(reason: string, exitCode: number, { plansDirectory: cwd, env }: StackTarget): string {
  const full = exitCode === 4 ? fullPlace([cwd, ...ownPlaces({ cwd, env })]) : undefined;
  return full === undefined ? reason : `${full}; ${reason}`;
}

/** Makes the changes that were previewed, unless something forbids them; `onBegin` is called just before the first. */
async function update(
  { configFile, engine, screen, clock, gateLogFile, signal }: StackTarget,
  release: Release,
  { refusal, preview, approval = null, check }: Beginning,
  { around = (work) => work(), recovery }: DeployOptions,
  onBegin: () => void,
): Promise<Deployment> {
  if (refusal !== undefined || preview?.outcome !== "succeeded") return { preview, refusal, up: undefined, gates: [] };
  onBegin();
  const at = new Date(clock.now() * 1000).toISOString();
  const who = approval?.by ?? (await engine.identity());
  const record = { by: "sparki deploy", release: release.id, at, who, approval } as const;
  const run = { message: deployMessage(release), configFile, record, ...(check && { check }) };
  const deployment = await around(
    (watch) => deploy(engine, release.id, { screen, clock, gateLogFile, watch, run, preview, recovery }),
    preview,
  ).catch((error: unknown): Deployment => {
    if (!(error instanceof StackMoved)) throw error;
    return { preview, refusal: error.message, up: undefined, gates: [] };
  });
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
