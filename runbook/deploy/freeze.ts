import { type TaggedStack, tagText } from "./stack-tags.ts";

const TAG = "sparki:frozen";

/** Lets no deploy begin until a rollback succeeds or a person says so. */
export function freeze(stack: TaggedStack, reason: string): Promise<void> {
  return stack.setTag(TAG, tagText(reason));
}

/** Why deploys are refused; undefined when they are not. */
export async function frozenReason(stack: Pick<TaggedStack, "tags">): Promise<string | undefined> {
  return (await stack.tags())[TAG];
}

/** Lets deploys begin again. */
export async function thaw(stack: TaggedStack): Promise<void> {
  if ((await frozenReason(stack)) !== undefined) await stack.setTag(TAG, undefined);
}

/** The reason to freeze a stack for a rollback to a release, and what became of that. */
export function rollbackProblem(release: string, what: string): string {
  return `the rollback to ${release} ${what}`;
}

/** The id of the release whose rollback a stack is frozen for; undefined where it is frozen for nothing of the kind. */
export function unprovenRelease(reason: string | undefined): string | undefined {
  return /^the rollback to (\S+) /.exec(reason ?? "")?.[1];
}
