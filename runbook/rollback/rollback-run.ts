import { type GateResult, type Verdict, worst } from "../../gates/gate.ts";
import { decide, withFinding } from "../../gates/tree.ts";
import type { Engine } from "../../io/engine.ts";
import { StackLocked } from "../../io/stack-state.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import { resourcesIn } from "../../records/state.ts";
import { type Promoted, rollbackMessage } from "../../records/update.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { Release } from "../../stacks/schema.ts";
import type { Rollback } from "../deploy/deploy-document.ts";
import {
  type DeployEngine,
  type Deployment,
  deploy,
  endingOf,
  isProviderLost,
  refusalText,
  type Surroundings,
} from "../deploy/deployment.ts";
import {
  type Frozen,
  freeze,
  frozenFor,
  rollbackBegun,
  rollbackProblem,
  rollbackUnproven,
  type TaggedStack,
  thaw,
} from "../deploy/stack-tags.ts";
import {
  type ConfiguredStack,
  gateTargetOf,
  type ReleaseStore,
  type RunningWork,
  StackMoved,
} from "../deploy/stack-target.ts";
import type { Notifications } from "../notify/notifications.ts";
import { type Kept, withPinned } from "../release/keep.ts";
import { showPhase } from "../report/live.ts";
import { PROOF_SECONDS, type Proof, proveRollback } from "./rollback-proof.ts";
import { assertUnmoved, type StackPresent } from "./rollback-target.ts";

/** What a rollback touches of a stack. */
export interface RollbackTarget extends ConfiguredStack, RunningWork, ReleaseStore {
  readonly engine: DeployEngine & TaggedStack & Pick<Engine, "history" | "identity" | "outputs">;
  /** Where the program's gates leave their results. */
  readonly gateLogFile: string;
  readonly notifications: Notifications;
}

/**
 * Takes the stack forward to a release that was promoted before, under the policies, and proves that it serves. Tries
 * once: a failure is a result, never another try. From before its first change until it is proven the stack is frozen.
 * Rejects when the signal aborts, and with `StackLocked` or `StackMoved`, nothing changed. A `preview` that was made and shown already is
 * not made again.
 */
export async function rollBack(
  target: RollbackTarget,
  promoted: Promoted,
  why: string,
  { preview, expected, recovery }: GoBackOptions = {},
): Promise<Rollback> {
  const { release } = promoted;
  const started = target.clock.now();
  const end = async (found: Pick<Rollback, "deployment" | "proof" | "verdict" | "reason">): Promise<Rollback> => {
    await markEnded(target, release, found);
    const decision = decide({ ...RETURNED, verdict: found.verdict });
    const seconds = target.clock.now() - started;
    return { release, ...found, decision: withFinding(decision, found.reason), seconds };
  };
  const kept = await target.keep(promoted, resourcesIn(await target.engine.exportState()));
  const unmark = await markUnproven(target, release);
  let deployment: Deployment | undefined;
  try {
    deployment = await update(target, promoted, kept, why, { preview, expected, recovery });
    target.signal.throwIfAborted();
    const { verdict, reason } = endingOf(deployment);
    // Neither done nor refused: it is to be finished, as one is whose engine was killed.
    const failed = isProviderLost(reason) ? "error" : "fail";
    if (verdict !== "pass") return await end({ deployment, proof: undefined, verdict: failed, reason });
    const proof = await prove(target, release, kept);
    return await end({ deployment, proof, ...judged(proof.gates) });
  } catch (error) {
    target.signal.throwIfAborted();
    if (error instanceof StackLocked || error instanceof StackMoved) {
      await unmark();
      throw error;
    }
    return await end({ deployment, proof: undefined, verdict: "error", reason: messageOf(error) });
  }
}

export interface GoBackOptions {
  /** It was made and shown already. */
  readonly preview?: EngineResult | undefined;
  /** What the state must still be once the engine holds its lock; an update that finds another one changes nothing. */
  readonly expected?: StackPresent | undefined;
  /** Takes over what the update finds there already; without it that is a failure. */
  readonly recovery?: Surroundings["recovery"];
}

/** Shows what rolling back to a release would change, under the policies, and changes nothing. */
export async function previewRollback(target: RollbackTarget, promoted: Promoted): Promise<EngineResult> {
  const { screen, clock, engine, configFile } = target;
  const kept = await target.keep(promoted, resourcesIn(await engine.exportState()));
  const record = await recordOf(target, promoted.release);
  return withPinned(configFile, promoted, kept, (run) =>
    showPhase(screen, clock, `preview the rollback to ${promoted.release.id}`, (phase) =>
      engine.preview(phase.watch({ lines: true }), { ...run, record }),
    ),
  );
}

/** The deadline of the proof has passed when the tree decides. */
const RETURNED = {
  phase: "rollback",
  elapsedSeconds: PROOF_SECONDS,
  deadlineSeconds: PROOF_SECONDS,
  canRollBack: false,
  hasState: true,
  destroyRequested: false,
  rollbackTried: true,
  highErrorSeconds: 0,
} as const;

function update(
  target: RollbackTarget,
  promoted: Promoted,
  kept: Kept,
  why: string,
  { preview, expected, recovery }: GoBackOptions,
): Promise<Deployment> {
  const { engine, screen, clock, gateLogFile, configFile } = target;
  const { release } = promoted;
  const message = rollbackMessage(release, why);
  const check = expected === undefined ? {} : { check: () => assertUnmoved(expected, target) };
  return withPinned(configFile, promoted, kept, async (pinned) => {
    const run = { ...pinned, ...check, message, record: await recordOf(target, release, why) };
    const verb = "roll back to";
    return deploy(engine, release.id, { screen, clock, gateLogFile, run, preview, recovery, verb });
  });
}

/** Who rolls back, and when, as the checkpoint keeps it. */
async function recordOf({ clock, engine }: RollbackTarget, { id }: Release, why?: string) {
  const at = new Date(clock.now() * 1000).toISOString();
  const record = { by: "sparki rollback", release: id, at, who: await engine.identity(), approval: null } as const;
  return why === undefined ? record : { ...record, why };
}

async function prove(target: RollbackTarget, release: Release, kept: Kept): Promise<Proof> {
  const { screen, clock } = target;
  return showPhase(screen, clock, `prove that ${release.id} serves`, async (phase) => {
    const proof = await proveRollback(await gateTargetOf(target, release, (text) => phase.say(text)), kept);
    phase.note(judged(proof.gates).reason);
    return proof;
  });
}

/** The worst of the proof's findings with its words; when all passed, those of the error rate, which hold the bound. */
function judged(gates: readonly GateResult[]): { readonly verdict: Verdict; readonly reason: string } {
  const verdict = worst(gates.map((gate) => gate.verdict));
  const telling = verdict === "pass" ? gates.at(-1) : gates.find((gate) => gate.verdict === verdict);
  return {
    verdict,
    reason: telling ? refusalText(telling) : "nothing was checked",
  };
}

/** The stack that is marked, and where a mark that could not be recorded is reported; no mark ever fails a rollback. */
type Marked = Pick<RunningWork, "screen"> & { readonly engine: TaggedStack };

/**
 * Freezes the stack before a rollback changes anything, so that one which is cut off does not count as done. Resolves with
 * what restores the earlier mark when nothing was changed.
 */
async function markUnproven(target: Marked, { id }: Release): Promise<() => Promise<void>> {
  const { engine } = target;
  let before: Frozen | undefined;
  const isKept = await kept(target, "frozen", async () => {
    before = await frozenFor(engine);
    await freeze(engine, rollbackBegun(id));
  });
  return async () => {
    if (isKept) await kept(target, "as it was", () => (before === undefined ? thaw(engine) : freeze(engine, before)));
  };
}

/**
 * Allows deploys again after a rollback that was proven, and records how another one ended. One that failed waits for a
 * person. One that was cut off, or could not be judged, as while the cluster's API does not answer, has no known end: the
 * next command finishes it.
 */
async function markEnded(
  target: Marked,
  { id }: Release,
  { deployment, verdict, reason }: Pick<Rollback, "deployment" | "verdict" | "reason">,
): Promise<void> {
  const { engine } = target;
  if (verdict === "pass") await kept(target, "no longer frozen", () => thaw(engine));
  else {
    const isOpen = verdict === "error" || deployment?.up?.cutOff === true;
    const frozen = isOpen ? rollbackUnproven(id, reason) : rollbackProblem(id, `failed: ${reason}`);
    await kept(target, "frozen", () => freeze(engine, frozen));
  }
}

async function kept({ screen }: Marked, what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    screen.line(`  ! could not record that the stack is ${what}: ${messageOf(error)}`);
    return false;
  }
}
