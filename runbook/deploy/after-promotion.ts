import type { GateResult } from "../../gates/gate.ts";
import { judgeRunningDigests } from "../../gates/live/health-gate.ts";
import { runNameGate } from "../../gates/live/name-gate.ts";
import { realSeconds } from "../../gates/live/pace.ts";
import { type Counts, NO_COUNTS, sum } from "../../gates/objective.ts";
import { type Decision, decide, HIGH_ERROR_RATIO, SETTLE_SECONDS, withFinding } from "../../gates/tree.ts";
import type { Clock } from "../../shared/clock.ts";
import { EXIT, messageOf } from "../../shared/deploy-error.ts";
import type { Release } from "../../stacks/schema.ts";
import type { Recovery } from "../recovery/take-over.ts";
import { showPhase, showWork } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { previewRollback, type RollbackTarget, rollBack } from "../rollback/rollback-run.ts";
import { type FoundRollback, findRollbackTarget, movedSince } from "../rollback/rollback-target.ts";
import { type VerifyContext, withVerify } from "../verify/verification.ts";
import { countsText, runVerify, type VerifyReport, verdictOf, verifyProblem } from "../verify/verify.ts";
import { type Conclusion, type Rollback, UNVERIFIED } from "./deploy-document.ts";
import { type Deployment, decideOn, decisionsOf, type Ending, type Outcome, outcomeOf } from "./deployment.ts";
import { gateTargetOf, movedOrThrow, StackMoved, type StackTarget } from "./stack-target.ts";

/** What a promotion is proven by, in this order: the next one is asked once the one before has passed. */
interface PromotionProofs {
  /** That the pods that run are the release's own. */
  digests(): Promise<readonly GateResult[]>;
  /** That the domain's name leads to the load balancer. */
  name(): Promise<readonly GateResult[]>;
  /** That the release is well, or what was done because it is not. */
  verify(): Promise<AfterPromotion>;
}

/** A release that an update has promoted. */
interface Promotion {
  readonly domain: string;
  readonly release: Release;
  readonly deployment: Deployment;
  readonly ending: Ending;
}

const CIRCUMSTANCES = { canRollBack: true, hasState: true };

/**
 * What a promotion comes to. It counts once its own pods run, its name leads to them and it is verified. Of a name that
 * still has another answer no release is the cause: it is held, not verified by a name that does not lead to it, and never
 * rolled back for it.
 */
export async function concludePromotion(promotion: Promotion, proofs: PromotionProofs): Promise<Conclusion> {
  const { domain, release, deployment, ending } = promotion;
  const digests = await proofs.digests();
  const apart = refused(digests);
  if (apart !== undefined) {
    const found: Ending = { phase: "promoted", verdict: "error", reason: `promoted, but ${apart.reason}` };
    const outcome = { outcome: "failed", exitCode: EXIT.outside.code, reason: found.reason } as const;
    return { ...outcome, ...unverified(promotion, digests, found) };
  }
  const names = await proofs.name();
  const other = refused(names);
  if (other !== undefined) {
    const found: Ending = { phase: "cutover", verdict: other.verdict, reason: nameText(domain, other) };
    const { action } = decideOn(found, CIRCUMSTANCES);
    return { ...outcomeOf(deployment, found, action), ...unverified(promotion, [...digests, ...names], found) };
  }
  const decision = decideOn(ending, CIRCUMSTANCES);
  const { problem, ...after } = await proofs.verify();
  const outcome = problem ?? outcomeOf(deployment, ending, decision.action);
  const decisions = [...decisionsOf([...deployment.gates, ...digests, ...names]), decision, ...after.decisions];
  return { ...outcome, ...after, live: release, decisions };
}

/** An update that has promoted a release, and what takes over what is half-made where that is rolled back. */
interface Promoting extends Pick<Promotion, "deployment" | "ending"> {
  readonly recovery: Adopter | undefined;
}

/** The same by looks at the stack itself. */
export async function provePromotion(
  target: StackTarget,
  release: Release,
  { deployment, ending, recovery }: Promoting,
): Promise<Conclusion> {
  const { clock, screen } = target;
  const reach = await gateTargetOf(target, release, () => undefined);
  const { domain } = reach.config;
  return concludePromotion(
    { domain, release, deployment, ending },
    {
      digests: () => judgeRunningDigests(reach, { gate: "fleet", phase: "fleet", track: "fleet" }, DIGESTS_SECONDS),
      name: () =>
        showPhase(screen, clock, `DNS of ${domain}`, (phase) =>
          runNameGate({ ...reach, onProgress: (text) => phase.say(text) }, clock),
        ),
      verify: () => lookAfterPromotion(target, release, recovery),
    },
  );
}

const DIGESTS_SECONDS = 15;

function refused(results: readonly GateResult[]): GateResult | undefined {
  return results.find(({ verdict }) => verdict !== "pass");
}

function unverified({ release, deployment }: Promotion, results: readonly GateResult[], found: Ending) {
  const decisions = [...decisionsOf([...deployment.gates, ...results]), decideOn(found, CIRCUMSTANCES)];
  return { ...UNVERIFIED, live: release, decisions };
}

function nameText(domain: string, { reason }: GateResult): string {
  const next = `nslookup ${domain}, and npx sparki preflight for the delegation; once it resolves to the load balancer, run the same command again`;
  return `promoted, but DNS does not lead to it: ${reason}. Nothing more was changed. Next: ${next}`;
}

/** What became of a release once it was live. */
export interface AfterPromotion {
  /** Undefined when it is verified. */
  readonly problem: Outcome | undefined;
  readonly verify: VerifyReport;
  readonly rollback: Rollback | undefined;
  readonly decisions: readonly Decision[];
}

/** What takes over what is half-made before a rollback, and what its update finds there already. */
export type Adopter = Pick<Recovery, "takeOverAlone" | "adoptTaken" | "adoptUnanswered">;

/** Verifies a release that was promoted just now, and does what the decision tree says when it is not well. */
async function lookAfterPromotion(target: StackTarget, release: Release, recovery?: Adopter): Promise<AfterPromotion> {
  const ending = await withVerify(target, release, async (context): Promise<VerifiedEnding> => {
    const first = await verified(context, target);
    if (verdictOf(first.checks) === "pass")
      return { back: undefined, report: first, decisions: [decided(first, { ...QUIET, canRollBack: true })] };
    const found = await findRollbackTarget(target, { release }, release);
    const back = "promoted" in found ? found : undefined;
    return { back, ...(await settled(context, target, first, back !== undefined)) };
  });
  return act(target, release, ending, recovery);
}

const QUIET = { elapsedSeconds: 0, highErrorSeconds: 0 };

function verified(context: VerifyContext, { clock, screen, signal }: StackTarget): Promise<VerifyReport> {
  return showWork(screen, clock, `verify ${context.config.release.id}`, async (note) => {
    const report = await runVerify(context, { screen, signal });
    note(countsText(report.checks));
    return report;
  });
}

async function settled(
  context: VerifyContext,
  target: StackTarget,
  first: VerifyReport,
  canRollBack: boolean,
): Promise<Settled> {
  const { clock, screen, signal } = target;
  const traffic = context.traffic();
  traffic.start();
  try {
    return await showWork(screen, clock, `settle ${context.config.release.id}`, (note) =>
      settle(first, {
        clock,
        signal,
        timeScale: context.timeScale,
        errors: errorsSince(context, () => traffic.counts()),
        verify: () => runVerify(context, { screen: quiet(screen), signal }),
        canRollBack,
        onProgress: note,
      }),
    );
  } finally {
    await traffic.stop();
  }
}

/** Failed requests since the last call: our own at the entrance, and users' by the metrics. */
function errorsSince({ clock, config, counts }: VerifyContext, made: () => { requests: number; errors: number }) {
  const objectives = config.objectives.filter(({ kind }) => kind.type === "errors").slice(0, 1);
  let before = { requests: 0, errors: 0 };
  let since = clock.now();
  return async (): Promise<Counts> => {
    const now = { at: clock.now(), ...made() };
    const own = { requests: now.requests - before.requests, bad: now.errors - before.errors };
    const reading = await counts.users.countsSince(objectives, since);
    const users = "value" in reading ? (Object.values(reading.value)[0] ?? NO_COUNTS) : NO_COUNTS;
    [before, since] = [now, now.at];
    return sum(own, users);
  };
}

/** What a release that was promoted came to, and where it could be rolled back to. */
export interface VerifiedEnding extends Settled {
  /** The release that was promoted before and what it was found on, where nothing forbids to roll back to it. */
  readonly back: Exclude<FoundRollback, { obstacle: string }> | undefined;
}

/**
 * Does what was decided last; rolls back only while the stack is what the rollback was found on. What is half-made in it is
 * taken over first.
 */
export async function act(
  target: RollbackTarget,
  release: Release,
  { back, report, decisions }: VerifiedEnding,
  recovery?: Adopter,
): Promise<AfterPromotion> {
  const action = decisions.at(-1)?.action;
  const reason = `promoted, but ${verifyProblem(report) ?? "not verified"}`;
  const done = { verify: report, rollback: undefined, decisions };
  if (action === "proceed") return { ...done, problem: undefined };
  if (action === "hold") return { ...done, problem: { outcome: "held", exitCode: EXIT.held.code, reason } };
  if (action !== "rollback" || back === undefined) return { ...done, problem: failed(reason) };
  const stayed = (why: string) => ({ ...done, problem: failed(`${reason}; not rolled back: ${why}`) });
  const found = await takenOver(target, release, back, recovery);
  if ("obstacle" in found) return stayed(found.obstacle);
  const { promoted, present } = found;
  const preview = await previewRollback(target, promoted);
  target.signal.throwIfAborted();
  const moved = await movedSince(present, target);
  if (moved !== undefined) return stayed(moved);
  const why = `${release.id}: ${reason}`;
  const rollback = await rollBack(target, promoted, why, { preview, expected: present, recovery }).catch(movedOrThrow);
  if (rollback instanceof StackMoved) return stayed(rollback.message);
  return { ...done, rollback, decisions: [...decisions, rollback.decision], problem: endOf(rollback, reason) };
}

/** The rollback as it is found once nothing is half-made any more, which neither the policies nor Helm would let pass. */
async function takenOver(
  target: RollbackTarget,
  release: Release,
  back: NonNullable<VerifiedEnding["back"]>,
  recovery: Adopter | undefined,
): Promise<FoundRollback> {
  // It was found before the release had its minutes to settle, in which others may have deployed.
  const moved = await movedSince(back.present, target);
  if (moved !== undefined) return { obstacle: moved };
  if (recovery === undefined) return back;
  try {
    await recovery.takeOverAlone();
  } catch (error) {
    target.signal.throwIfAborted();
    return { obstacle: messageOf(error) };
  }
  return findRollbackTarget(target, { release }, release);
}

function failed(reason: string): Outcome {
  return { outcome: "failed", exitCode: EXIT.refused.code, reason };
}

/** What a deploy came to that ended in a rollback. */
export function endOf({ release, verdict, reason: found }: Rollback, reason: string): Outcome {
  if (verdict === "pass") return { outcome: "rolled-back", exitCode: EXIT.refused.code, reason };
  return { outcome: "failed", exitCode: EXIT.rollback.code, reason: `the rollback to ${release.id} failed: ${found}` };
}

/** The same screen without regions, for work inside a phase that draws its own. */
function quiet(screen: Screen): Screen {
  return { ...screen, region: () => () => undefined };
}

/** What is checked while a promoted release that is not verified gets time to settle. */
export interface SettlePorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** Requests and failed ones since the last call. */
  errors(): Promise<Counts>;
  /** Verifies again. */
  verify(): Promise<VerifyReport>;
  readonly canRollBack: boolean;
  onProgress(text: string): void;
}

interface Settled {
  /** The last one. */
  readonly report: VerifyReport;
  /** In order, a wait that continues told once; the last one is what is to be done. */
  readonly decisions: readonly Decision[];
}

const LOOK_SECONDS = 15;

/** Counters are scraped once a second at the fastest. */
const SHORTEST_LOOK_SECONDS = 1;

/** Real pods and servers need real time to settle, on a machine that rehearses them above all. */
const SHORTEST_SETTLE_SECONDS = 45;

/**
 * Gives a release five minutes to settle, verifies it again, and asks the decision tree until it says more than to wait:
 * errors of more than 1 % for five minutes roll back, anything else that is still wrong is for a person.
 */
export async function settle(first: VerifyReport, ports: SettlePorts): Promise<Settled> {
  const { clock, signal, onProgress } = ports;
  const { timeScale: asked } = ports;
  const settleSeconds = realSeconds(SETTLE_SECONDS, { timeScale: asked, shortest: SHORTEST_SETTLE_SECONDS });
  const timeScale = settleSeconds / SETTLE_SECONDS;
  const started = clock.now();
  const decisions: Decision[] = [];
  let report = first;
  let highSince: number | undefined;
  for (;;) {
    const elapsedSeconds = (clock.now() - started) / timeScale;
    const errors = await ports.errors();
    const isHigh = errors.requests > 0 && errors.bad / errors.requests > HIGH_ERROR_RATIO;
    highSince = isHigh ? (highSince ?? elapsedSeconds) : undefined;
    if (elapsedSeconds >= SETTLE_SECONDS) report = await ports.verify();
    const highErrorSeconds = highSince === undefined ? 0 : Math.max(1, elapsedSeconds - highSince);
    const decision = decided(report, { elapsedSeconds, highErrorSeconds, canRollBack: ports.canRollBack });
    if (decisions.at(-1)?.reason !== decision.reason) decisions.push(decision);
    if (decision.action !== "wait") return { report, decisions };
    onProgress(`${decision.reason}: ${errors.bad} of ${errors.requests} requests failed`);
    await clock.sleep(Math.max(SHORTEST_LOOK_SECONDS, LOOK_SECONDS * timeScale), signal);
  }
}

/** What the tree says to a promoted release by its verification. */
function decided(
  report: Pick<VerifyReport, "checks">,
  facts: { readonly elapsedSeconds: number; readonly highErrorSeconds: number; readonly canRollBack: boolean },
): Decision {
  const state = { hasState: true, destroyRequested: false, rollbackTried: false, deadlineSeconds: SETTLE_SECONDS };
  const decision = decide({ phase: "promoted", verdict: verdictOf(report.checks), ...state, ...facts });
  const problem = verifyProblem(report);
  return problem === undefined ? decision : withFinding(decision, problem);
}
