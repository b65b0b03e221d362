import { decide } from "../../gates/tree.ts";
import { type GateResult, type Verdict, worst } from "../../gates/verdict.ts";
import { messageOf } from "../../stacks/message-of.ts";
import type { Release } from "../../stacks/schema.ts";
import type { Decision } from "../deploy/decisions.ts";
import { type DeployEngine, type Deployment, deploy } from "../deploy/deployment.ts";
import { endingOf } from "../deploy/ending.ts";
import type { EngineResult } from "../deploy/engine-record.ts";
import { gateTargetOf } from "../deploy/gate-target.ts";
import type { TaggedStack } from "../deploy/stack-tags.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { rollbackMessage } from "../deploy/update.ts";
import type { Engine, RunSettings } from "../io/engine.ts";
import { pinConfig } from "../io/pinned-config.ts";
import { StackLocked } from "../io/state-lock.ts";
import { showPhase } from "../report/live.ts";
import { markEnded, markUnproven } from "./rollback-mark.ts";
import { ROLLBACK_ENVIRONMENT } from "./rollback-mode.ts";
import { PROOF_SECONDS, type Proof, proveRollback } from "./rollback-proof.ts";

/** What a rollback touches of a stack. */
export interface RollbackTarget
  extends Omit<StackTarget, "engine" | "projectDirectory" | "plansDirectory" | "seal" | "template"> {
  readonly engine: DeployEngine & TaggedStack & Pick<Engine, "history" | "identity" | "outputs">;
}

/** What a rollback came to; only `pass` says that its release serves again. */
export interface Rollback {
  readonly release: Release;
  /** Undefined when even the preview could not be made. */
  readonly deployment: Deployment | undefined;
  /** Undefined when there was nothing to prove yet. */
  readonly proof: Proof | undefined;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly decision: Decision;
  /** From its beginning to the end of its proof. */
  readonly seconds: number;
}

/**
 * Takes the stack forward to a release that was promoted before, under the policies, and proves that it serves. Tries
 * once: a failure is a result, never another try. From before its first change until it is proven the stack is frozen.
 * Rejects when the signal aborts, and with `StackLocked`, nothing changed. A `preview` that was made and shown already is
 * not made again.
 */
export async function goBack(
  target: RollbackTarget,
  release: Release,
  why: string,
  preview?: EngineResult,
): Promise<Rollback> {
  const started = target.clock.now();
  const end = async (found: Pick<Rollback, "deployment" | "proof" | "verdict" | "reason">): Promise<Rollback> => {
    await markEnded(target, release, found);
    const decision = decide({ ...RETURNED, verdict: found.verdict });
    const seconds = target.clock.now() - started;
    return { release, ...found, decision: { ...decision, reason: `${decision.reason} (${found.reason})` }, seconds };
  };
  const unmark = await markUnproven(target, release);
  let deployment: Deployment | undefined;
  try {
    deployment = await update(target, release, why, preview);
    target.signal.throwIfAborted();
    const { verdict, reason } = endingOf(deployment);
    if (verdict !== "pass") return await end({ deployment, proof: undefined, verdict: "fail", reason });
    const proof = await prove(target, release);
    return await end({ deployment, proof, ...judged(proof.gates) });
  } catch (error) {
    target.signal.throwIfAborted();
    if (error instanceof StackLocked) {
      await unmark();
      throw error;
    }
    return await end({ deployment, proof: undefined, verdict: "error", reason: messageOf(error) });
  }
}

/** Shows what going back to a release would change, under the policies, and changes nothing. */
export function previewBack(target: RollbackTarget, release: Release): Promise<EngineResult> {
  const { screen, clock, engine } = target;
  return withPin(target, release, "", (run) =>
    showPhase(screen, clock, `preview the way back to ${release.id}`, (phase) =>
      engine.preview(phase.watch({ lines: true }), run),
    ),
  );
}

/** It has looked for as long as it may when it asks the tree. */
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

function update(target: RollbackTarget, release: Release, why: string, preview?: EngineResult): Promise<Deployment> {
  const { engine, screen, clock, gateLogFile } = target;
  return withPin(target, release, why, (run) =>
    deploy(engine, release.id, { screen, clock, gateLogFile, run, preview, verb: "go back to" }),
  );
}

/** The settings of an operation that goes back, with the release in a config of its own while it lasts. */
async function withPin<T>(
  { configFile, clock, engine }: RollbackTarget,
  release: Release,
  why: string,
  work: (run: RunSettings) => Promise<T>,
): Promise<T> {
  const at = new Date(clock.now() * 1000).toISOString();
  const who = await engine.identity();
  const pinned = pinConfig(configFile, release);
  try {
    return await work({
      message: rollbackMessage(release, why),
      configFile: pinned.file,
      record: { by: "sparki rollback", release: release.id, at, who, approval: null },
      environment: ROLLBACK_ENVIRONMENT,
    });
  } finally {
    pinned.remove();
  }
}

async function prove(target: RollbackTarget, release: Release): Promise<Proof> {
  const { screen, clock } = target;
  return showPhase(screen, clock, `prove that ${release.id} serves`, async (phase) => {
    const proof = await proveRollback(await gateTargetOf(target, release, (text) => phase.say(text)));
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
    reason: telling ? `${telling.gate}, ${telling.objective}: ${telling.reason}` : "nothing was looked at",
  };
}
