import { messageOf } from "../../shared/message-of.ts";
import type { Release } from "../../stacks/schema.ts";
import { freeze, frozenReason, rollbackProblem, thaw } from "../deploy/freeze.ts";
import type { Rollback } from "../deploy/result.ts";
import type { TaggedStack } from "../deploy/stack-tags.ts";
import type { StackTarget } from "../deploy/stack-target.ts";

/** The stack that is marked, and where it is told that this could not be kept; no mark ever fails a rollback. */
type Marked = Pick<StackTarget, "screen"> & { readonly engine: TaggedStack };

/**
 * Freezes the stack before a rollback changes anything, so that one which is cut off does not count as done. Resolves with
 * what takes the mark back when nothing was changed.
 */
export async function markUnproven(target: Marked, { id }: Release): Promise<() => Promise<void>> {
  const { engine } = target;
  let before: string | undefined;
  const isKept = await kept(target, "frozen", async () => {
    before = await frozenReason(engine);
    await freeze(engine, rollbackProblem(id, "was begun, and is not proven"));
  });
  return async () => {
    if (isKept) await kept(target, "as it was", () => (before === undefined ? thaw(engine) : freeze(engine, before)));
  };
}

/** Lets deploys begin again after a rollback that was proven, and keeps what another came to: a person has to look. */
export async function markEnded(
  target: Marked,
  { id }: Release,
  { verdict, reason }: Pick<Rollback, "verdict" | "reason">,
): Promise<void> {
  const { engine } = target;
  if (verdict === "pass") await kept(target, "no longer frozen", () => thaw(engine));
  else await kept(target, "frozen", () => freeze(engine, rollbackProblem(id, `failed: ${reason}`)));
}

async function kept({ screen }: Marked, what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    screen.line(`  ! that the stack is ${what} was not kept: ${messageOf(error)}`);
    return false;
  }
}
