import { type Counts, NO_COUNTS, sum } from "../../gates/evidence.ts";
import type { Decision } from "../../gates/tree.ts";
import type { Release } from "../../stacks/schema.ts";
import { showWork } from "../report/live.ts";
import type { Screen } from "../report/screen.ts";
import { goBack, previewBack, type RollbackTarget } from "../rollback/rollback-run.ts";
import { findWayBack, movedSince, type WayBack } from "../rollback/way-back.ts";
import type { VerifyContext } from "../verify/verification.ts";
import { runVerify, type VerifyReport, verdictOf, verifyProblem } from "../verify/verify.ts";
import { withVerify } from "../verify/verify-release.ts";
import { countsText } from "../verify/verify-text.ts";
import type { Outcome } from "./outcome.ts";
import type { Rollback } from "./result.ts";
import { decided, type Settled, settle } from "./settle.ts";
import { movedOrThrow, StackMoved } from "./stack-moved.ts";
import type { StackTarget } from "./stack-target.ts";

/** What became of a release once it was live. */
export interface AfterPromotion {
  /** Undefined when it is verified. */
  readonly problem: Outcome | undefined;
  readonly verify: VerifyReport;
  readonly rollback: Rollback | undefined;
  readonly decisions: readonly Decision[];
}

/** Verifies a release that was promoted just now, and does what the decision tree says when it is not well. */
export async function lookAfterPromotion(target: StackTarget, release: Release): Promise<AfterPromotion> {
  const ending = await withVerify(target, release, async (context): Promise<Ending> => {
    const first = await verified(context, target);
    if (verdictOf(first.checks) === "pass")
      return { back: undefined, report: first, decisions: [decided(first, { ...QUIET, canRollBack: true })] };
    const found = await findWayBack(target, { release }, release);
    const back = "promoted" in found ? found : undefined;
    return { back, ...(await settled(context, target, first, back !== undefined)) };
  });
  return act(target, release, ending);
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
    const users = reading.kind === "value" ? (Object.values(reading.value)[0] ?? NO_COUNTS) : NO_COUNTS;
    [before, since] = [now, now.at];
    return sum(own, users);
  };
}

/** What a release that was promoted came to, and where it could be gone back to. */
export interface Ending extends Settled {
  /** The release that was promoted before and what it was found on, where nothing forbids to go back to it. */
  readonly back: Exclude<WayBack, { obstacle: string }> | undefined;
}

/** Does what was decided last; goes back only while the stack is what the way back was found on. */
export async function act(
  target: RollbackTarget,
  release: Release,
  { back, report, decisions }: Ending,
): Promise<AfterPromotion> {
  const action = decisions.at(-1)?.action;
  const reason = `promoted, but ${verifyProblem(report) ?? "not verified"}`;
  const done = { verify: report, rollback: undefined, decisions };
  if (action === "proceed") return { ...done, problem: undefined };
  if (action === "hold") return { ...done, problem: { outcome: "held", exitCode: 3, reason } };
  if (action !== "rollback" || back === undefined) return { ...done, problem: failed(reason) };
  const preview = await previewBack(target, back.promoted);
  target.signal.throwIfAborted();
  // It was found before the release had its minutes to settle, in which others may have deployed.
  const moved = await movedSince(back.present, target);
  const stayed = (why: string) => ({ ...done, problem: failed(`${reason}; not gone back: ${why}`) });
  if (moved !== undefined) return stayed(moved);
  const why = `${release.id}: ${reason}`;
  const rollback = await goBack(target, back.promoted, why, { preview, expected: back.present }).catch(movedOrThrow);
  if (rollback instanceof StackMoved) return stayed(rollback.message);
  return { ...done, rollback, decisions: [...decisions, rollback.decision], problem: endOf(rollback, reason) };
}

function failed(reason: string): Outcome {
  return { outcome: "failed", exitCode: 1, reason };
}

/** What a deploy came to that ended in a rollback. */
export function endOf({ release, verdict, reason: found }: Rollback, reason: string): Outcome {
  if (verdict === "pass") return { outcome: "rolled-back", exitCode: 1, reason };
  return { outcome: "failed", exitCode: 5, reason: `the rollback to ${release.id} failed: ${found}` };
}

/** The same screen without regions, for work inside a phase that draws its own. */
function quiet(screen: Screen): Screen {
  return { ...screen, region: () => () => undefined };
}
