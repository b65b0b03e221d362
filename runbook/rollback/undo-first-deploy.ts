import { isDeepStrictEqual } from "node:util";
import { decide } from "../../gates/tree.ts";
import type { Engine } from "../../io/engine.ts";
import { type EngineResult, nameOf } from "../../records/engine-record.ts";
import { holdsData, resourcesIn, type StateResource } from "../../records/state.ts";
import { EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import type { RunningWork } from "../deploy/stack-target.ts";
import type { Recovery } from "../recovery/take-over.ts";
import { showPhase } from "../report/live.ts";
import { readPresent } from "./rollback-target.ts";

/** What undoing a first deployment came to. */
export interface Undoing {
  readonly outcome: "destroyed" | "unchanged" | "planned" | "stopped" | "failed";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "outside">;
  readonly reason: string;
  /** What was deleted, or would be, by name. */
  readonly resources: readonly string[];
}

export interface UndoRequest {
  /** Only shows what would be deleted. */
  readonly isDryRun: boolean;
  /** Takes over what an update that was killed has left half-made, so that it is deleted too. @default that refuses */
  readonly recovery?: Pick<Recovery, "takeOverAlone">;
  /** Asked before the first deletion; throws for a no. */
  readonly confirm: (question: string) => Promise<void>;
}

/** What an undoing touches of a stack. */
export interface UndoTarget extends RunningWork {
  readonly stack: string;
  readonly engine: Pick<Engine, "exportState" | "history" | "refresh" | "unprotectAll" | "destroy">;
}

/**
 * Deletes what a first deployment made that came to nothing. Refuses, and changes nothing, once a release was promoted or
 * a database or a cache exists, while an interrupted update has left what the state does not know, and when there is
 * something else to delete than what was asked about.
 */
export async function undoFirstDeploy(
  target: UndoTarget,
  { isDryRun, recovery, confirm }: UndoRequest,
): Promise<Undoing> {
  if (!isDryRun && (await mayTakeOver(target))) await recovery?.takeOverAlone();
  const found = await lookAtFirst(target);
  if ("outcome" in found) return found;
  const { made, reason, resources } = found;
  if (isDryRun)
    return {
      outcome: "planned",
      exitCode: EXIT.done.code,
      reason: `would delete ${resources.length} resources`,
      resources,
    };
  const commands = await protectedAtAws(target, made);
  if (commands.length > 0) return stopped(`AWS protects it from deletion. Run first: ${commands.join("; ")}`);
  await confirm(`Delete the ${resources.length} resources that the failed first deployment of ${target.stack} made?`);
  const now = await lookAtFirst(target);
  if ("outcome" in now) return now;
  if (!isDeepStrictEqual(now.resources, resources))
    return stopped("another update has changed the stack since you were asked; run the same command again");
  const { outcome, failure } = await destroy(target);
  if (outcome === "succeeded") return { outcome: "destroyed", exitCode: EXIT.done.code, reason, resources };
  return {
    outcome: "failed",
    exitCode: EXIT.outside.code,
    reason: `${failure}; the same command continues from there`,
    resources,
  };
}

/** Whether an update was killed in the middle of creating something, on a stack where nothing was ever promoted. */
async function mayTakeOver(target: UndoTarget): Promise<boolean> {
  const { live, interrupted } = await readPresent(target);
  return live === undefined && interrupted.length > 0;
}

interface Undoable extends Pick<Undoing, "reason" | "resources"> {
  readonly made: readonly StateResource[];
}

/** What a first deployment made, by the state as it is now; an undoing that ends here where nothing may be deleted. */
async function lookAtFirst(target: UndoTarget): Promise<Undoable | Undoing> {
  const { live, begun, resources: state } = await readPresent(target);
  const made = state.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
  const resources = made.map(({ urn }) => nameOf(urn));
  if (live !== undefined) return stopped(`release ${live.release.id} was promoted: npx sparki rollback restores it`);
  if (begun.length > 0)
    return stopped(
      `an update was interrupted, and what it created is not known yet. Without --dry-run this command finds it, once the ` +
        `update's lock is gone: pulumi cancel --stack ${target.stack}`,
    );
  if (made.length === 0)
    return { outcome: "unchanged", exitCode: EXIT.done.code, reason: "nothing was created yet", resources };
  const { action, reason } = decide({ ...FAILED, hasState: holdsData(state) });
  return action === "destroy" ? { made, reason, resources } : stopped(reason);
}

function destroy({ engine, screen, clock, stack }: UndoTarget): Promise<EngineResult> {
  return showPhase(screen, clock, `delete what was made for ${stack}`, async (phase) => {
    await engine.unprotectAll();
    return engine.destroy(phase.watch({ lines: true }));
  });
}

/** A failed infrastructure phase that has no more time, and whose destruction someone asks for. */
const FAILED = {
  phase: "infrastructure",
  verdict: "fail",
  elapsedSeconds: 0,
  deadlineSeconds: 0,
  canRollBack: false,
  destroyRequested: true,
  rollbackTried: false,
  highErrorSeconds: 0,
} as const;

function stopped(reason: string): Undoing {
  return { outcome: "stopped", exitCode: EXIT.refused.code, reason: `nothing is deleted: ${reason}`, resources: [] };
}

/** What AWS itself protects from deletion when the stack's config does: by which input, and what takes that off. */
const PROTECTION: Readonly<Record<string, { readonly input: string; readonly lift: (id: string) => string }>> = {
  "aws:eks/cluster:Cluster": {
    input: "deletionProtection",
    lift: (id) => `aws eks update-cluster-config --name ${id} --no-deletion-protection`,
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    input: "enableDeletionProtection",
    lift: (id) =>
      `aws elbv2 modify-load-balancer-attributes --load-balancer-arn ${id} --attributes Key=deletion_protection.enabled,Value=false`,
  },
};

/** The commands that people have to run first: nothing but AWS's own protection stands between a mistake and the network. */
async function protectedAtAws({ engine }: UndoTarget, made: readonly StateResource[]): Promise<string[]> {
  const urns = made.filter(({ type }) => type in PROTECTION).map(({ urn }) => urn);
  if (urns.length === 0) return [];
  // Somebody may have taken it off since the state was saved.
  await engine.refresh(undefined, urns);
  return resourcesIn(await engine.exportState()).flatMap(({ type, id = "", outputs }) => {
    const protection = PROTECTION[type];
    return protection !== undefined && outputs[protection.input] === true ? [protection.lift(id)] : [];
  });
}
