import type { Engine } from "../io/engine.ts";

/** Kept with the stack, so that every machine that deploys it sees it. */
const TAG = "sparki:frozen";
/** Backends keep no longer values. */
const LONGEST = 250;

type TaggedStack = Pick<Engine, "tags" | "setTag">;

/** Lets no deploy begin until a rollback succeeds or a person says so. */
export function freeze(stack: TaggedStack, reason: string): Promise<void> {
  return stack.setTag(TAG, reason.replace(/\s+/g, " ").slice(0, LONGEST));
}

/** Why deploys are refused; undefined when they are not. */
export async function frozenReason(stack: Pick<TaggedStack, "tags">): Promise<string | undefined> {
  return (await stack.tags())[TAG];
}

/** Lets deploys begin again. */
export async function thaw(stack: TaggedStack): Promise<void> {
  if ((await frozenReason(stack)) !== undefined) await stack.setTag(TAG, undefined);
}
