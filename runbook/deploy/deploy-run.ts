import { budgetText } from "../../gates/live/release-slo.ts";
import type { Decision } from "../../gates/tree.ts";
import { whileSilenced } from "../../io/alert-silence.ts";
import { fullPlace, ownPlaces } from "../../io/disk.ts";
import { copyConfig, type Watcher } from "../../io/engine.ts";
import type { Http } from "../../io/http.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { holdsData } from "../../records/state.ts";
import { deployMessage } from "../../records/update.ts";
import { EXIT, messageOf } from "../../shared/deploy-error.ts";
import { type Release, releaseOf, type StackConfig } from "../../stacks/schema.ts";
import { brokenMessage, endMessage, startMessage } from "../notify/notify.ts";
import { stackConfigIn } from "../preflight/stack-file.ts";
import type { Recovery } from "../recovery/take-over.ts";
import type { Screen } from "../report/screen.ts";
import { finishRollback } from "../rollback/requested-rollback.ts";
import { rollBack } from "../rollback/rollback-run.ts";
import {
  migratedIn,
  type Obstacles,
  obstaclesTo,
  obstacleText,
  readPresent,
  type StackPresent,
} from "../rollback/rollback-target.ts";
import { endOf, provePromotion } from "./after-promotion.ts";
import { type Beginning, type BeginOptions, begin } from "./begin.ts";
import { type Conclusion, type DeployRun, UNVERIFIED } from "./deploy-document.ts";
import { type Deployment, decideOn, decisionsOf, deploy, endingOf, outcomeOf } from "./deployment.ts";
import { rememberEnd } from "./release-history.ts";
import { forgetBegun, rememberBegun, thaw } from "./stack-tags.ts";
import { type ConfiguredStack, movedOrThrow, StackMoved, type StackTarget } from "./stack-target.ts";

/**
 * Something that continues beside an update that was previewed, whose events it may watch; what it breaks it fixes when the
 * update has ended.
 */
type Around = (work: (watch?: Watcher) => Promise<Deployment>, preview: EngineResult) => Promise<Deployment>;

export interface DeployOptions extends BeginOptions {
  readonly around?: Around;
  /** By which Alertmanager is asked to keep quiet about what the deployment causes. @default it is not asked */
  readonly http?: Http;
  /** Takes over what the update finds there already. */
  readonly recovery?: Pick<Recovery, "adoptTaken" | "adoptUnanswered" | "takeOverAlone">;
}

/** Deploys the config's release, does what the decision tree says to however that ends, and tells people of it. */
export async function runDeploy(target: StackTarget, options: DeployOptions): Promise<DeployRun> {
  const config = await target.config();
  const { stack, notifications, clock } = target;
  const startedAt = clock.now();
  const before = await readPresent(target);
  const [release, previous] = [releaseOf(config), before.live?.release ?? null];
  const occasion = () => ({ stack, config, at: clock.now() });
  const told = async (run: DeployRun): Promise<DeployRun> => {
    await remember(target, run, startedAt);
    const budget = run.outcome === "promoted" ? await budgetText({ ...target, config }) : "";
    notifications.tell(endMessage(occasion(), run, budget));
    return run;
  };
  const cutOff = await finished(target, release, before, options);
  if (cutOff !== undefined) return told({ release, previous, deployment: NOTHING_DEPLOYED, ...cutOff });
  let hasBegun = false;
  try {
    const beginning = await begin(target, release, before, options);
    return await quietly(target, options, { config, release, beginning }, async () => {
      const deployment = await update(target, release, beginning, options, () => {
        hasBegun = true;
        notifications.tell(startMessage(occasion(), release, previous));
      });
      const { preflight, plan, configText } = beginning;
      const conclusion = await withHeldConfig(target, configText, (held) =>
        conclude(held, release, deployment, options),
      );
      const reason = withDisk(conclusion.reason, conclusion.exitCode, target);
      return told({ release, previous, preflight, plan, deployment, ...conclusion, reason });
    });
  } catch (error) {
    if (hasBegun) notifications.tell(brokenMessage(occasion(), release, messageOf(error)));
    throw error;
  }
}

interface Begun {
  readonly config: StackConfig;
  readonly release: Release;
  readonly beginning: Beginning;
}

/** Does the work while alerts that it causes are silenced, where it changes anything and there is an Alertmanager to ask. */
function quietly<T>(target: StackTarget, { http }: DeployOptions, begun: Begun, work: () => Promise<T>): Promise<T> {
  const { stack, clock, env, screen } = target;
  if (http === undefined || !isGoingAhead(begun.beginning)) return work();
  const url = begun.config.storm.alertmanagerUrl?.replace(/\/+$/, "");
  const token = env.SPARKI_STORM_TOKEN?.trim() || undefined;
  const options = { url, http, clock, stack, token, line: (text: string) => screen.line(text) };
  return whileSilenced(options, `deployment of ${begun.release.id}`, work);
}

/** Whether something will be changed: nothing forbids it, and it could be previewed. */
function isGoingAhead({ refusal, preview }: Beginning): boolean {
  return refusal === undefined && preview?.outcome === "succeeded";
}

const NOTHING_DEPLOYED: Deployment = { preview: undefined, refusal: undefined, up: undefined, gates: [] };

/**
 * What a rollback came to that an earlier command began, and was cut off in or could not judge; undefined where there is none to finish. Who
 * has not agreed to changes yet is refused, as on any frozen stack.
 */
async function finished(
  target: StackTarget,
  { id }: Release,
  before: StackPresent,
  { confirm, isThawed, recovery }: DeployOptions,
): Promise<Conclusion | undefined> {
  if (confirm !== undefined || isThawed === true) return undefined;
  const rollback = await finishRollback(target, recovery);
  if (rollback === undefined) return undefined;
  const reason = `the rollback to ${rollback.release.id} was never proven, so it was finished first; ${id} was not deployed: run the same command again to deploy it`;
  const live = before.live?.release ?? null;
  return { ...endOf(rollback, reason), rollback, live, verify: undefined, decisions: [rollback.decision] };
}

/** An outside fault on a disk without room names the disk first: what failed for it, a server of ours too, seldom does. */
function withDisk(reason: string, exitCode: number, { plansDirectory: cwd, env }: StackTarget): string {
  const full = exitCode === EXIT.outside.code ? fullPlace([cwd, ...ownPlaces({ cwd, env })]) : undefined;
  return full === undefined ? reason : `${full}; ${reason}`;
}

/** Makes the changes that were previewed, unless something forbids them; `onBegin` is called just before the first. */
async function update(
  { configFile, engine, screen, clock, gateLogFile, signal }: StackTarget,
  release: Release,
  beginning: Beginning,
  { around = (work) => work(), recovery }: DeployOptions,
  onBegin: () => void,
): Promise<Deployment> {
  const { refusal, preview, approval = null, check } = beginning;
  if (preview === undefined || !isGoingAhead(beginning)) return { preview, refusal, up: undefined, gates: [] };
  onBegin();
  await kept(screen, "that this deployment was begun", () => rememberBegun(engine, release, clock.now()));
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
async function remember({ engine, screen, clock }: StackTarget, run: DeployRun, startedAt: number): Promise<void> {
  const { outcome, reason, release } = run;
  const end = { startedAt, endedAt: clock.now(), release: release.id, outcome, reason };
  await kept(screen, "how this deploy ended", async () => {
    if (outcome !== "promoted") return rememberEnd(engine, end);
    await thaw(engine);
    await forgetBegun(engine);
  });
}

/** Records something in the stack; where that cannot be done the screen says so, and the deploy continues. */
async function kept(screen: Screen, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    screen.line(`  ! could not record in the stack ${what}: ${messageOf(error)}`);
  }
}

/** Asks the decision tree what to do about how a deploy ended, and does it. */
async function conclude(
  target: StackTarget,
  release: Release,
  deployment: Deployment,
  { recovery }: DeployOptions,
): Promise<Conclusion> {
  const ending = endingOf(deployment);
  const passed = decisionsOf(deployment.gates);
  if (ending.verdict === "pass") return provePromotion(target, release, { deployment, ending, recovery });
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
  const rollback = await rollBack(target, present.live, why, { expected: present, recovery }).catch(movedOrThrow);
  if (rollback instanceof StackMoved) {
    const reason = `${ending.reason}; not rolled back: ${rollback.message}`;
    return {
      outcome: "stopped",
      exitCode: EXIT.refused.code,
      reason,
      ...UNVERIFIED,
      live,
      decisions: [...passed, decided],
    };
  }
  const decisions = [...passed, decided, rollback.decision];
  return { ...endOf(rollback, ending.reason), rollback, live, verify: undefined, decisions };
}

async function obstaclesAfter(
  target: StackTarget,
  release: Release,
  present: StackPresent,
): Promise<Obstacles | undefined> {
  const { live } = present;
  return live && obstaclesTo(live, target, present, await migratedIn(present, { release }, target));
}

function canGoBack({ live }: StackPresent, obstacles: Obstacles | undefined): boolean {
  return live !== undefined && obstacles !== undefined && obstacleText(obstacles) === undefined;
}

function withObstacle({ action, reason }: Decision, obstacles: Obstacles | undefined): string {
  const obstacle = action === "stop" && obstacles !== undefined ? obstacleText(obstacles) : undefined;
  return obstacle === undefined ? reason : `${reason}; ${obstacle}`;
}

/**
 * Works on the target with its config as the text says, whatever becomes of the file meanwhile: what a deploy does by
 * itself at its end was approved with its plan. Without a text, on the target as it is.
 */
export async function withHeldConfig<Target extends ConfiguredStack, T>(
  target: Target,
  text: string | undefined,
  work: (held: Target) => Promise<T>,
): Promise<T> {
  if (text === undefined) return work(target);
  const { configFile, stack, isEarlier } = target;
  const copy = copyConfig(configFile, text);
  const config = async () => stackConfigIn(text, { file: configFile, stack, isEarlier: isEarlier?.() ?? false });
  try {
    return await work({ ...target, config, configFile: copy.file });
  } finally {
    copy.remove();
  }
}
