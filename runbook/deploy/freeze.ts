import { z } from "zod";
import type { Engine } from "../../io/engine.ts";

const TAG = "sparki:frozen";

const frozenSchema = z.object({
  reason: z.string(),
  release: z.string().exactOptional(),
  /** The rollback to the release was begun, and nothing is known of its end: it may continue, was cut off, or could not be judged. */
  isBegun: z.literal(true).exactOptional(),
});

/** Why no deploy may begin, and the release whose rollback is not proven, where that is why. */
export type Frozen = Readonly<z.infer<typeof frozenSchema>>;

/** Lets no deploy begin until a rollback succeeds or a person says so. */
export function freeze(stack: TaggedStack, frozen: Frozen): Promise<void> {
  return stack.setTag(TAG, tagDocument(frozen));
}

/** Why deploys are refused; undefined when they are not. */
export async function frozenFor(stack: Pick<TaggedStack, "tags">): Promise<Frozen | undefined> {
  const text = (await stack.tags())[TAG];
  if (text === undefined) return undefined;
  return tagIn(text, frozenSchema) ?? frozenInWords(text);
}

/** The reason alone, for people. */
export async function frozenReason(stack: Pick<TaggedStack, "tags">): Promise<string | undefined> {
  return (await frozenFor(stack))?.reason;
}

/** Earlier versions kept the reason alone. */
function frozenInWords(reason: string): Frozen {
  const release = /^the rollback to (\S+) /.exec(reason)?.[1];
  return release === undefined ? { reason } : { reason, release };
}

/** Lets deploys begin again. */
export async function thaw(stack: TaggedStack): Promise<void> {
  if ((await frozenFor(stack)) !== undefined) await stack.setTag(TAG, undefined);
}

/** Why a stack is frozen while a rollback to a release continues, and after one that was cut off. */
export function rollbackBegun(release: string): Frozen {
  return { ...rollbackProblem(release, "was started, and is not proven"), isBegun: true };
}

/** Why a stack is frozen after a rollback that could not be judged; it may well serve. */
export function rollbackUnproven(release: string, reason: string): Frozen {
  return { ...rollbackProblem(release, `could not be proven: ${reason}`), isBegun: true };
}

/** Why a stack is frozen for a rollback to a release, with what became of that. */
export function rollbackProblem(release: string, what: string): Frozen {
  return { reason: `the rollback to ${release} ${what}`, release };
}

/** The tags of a stack: kept with it, so that every machine that deploys it sees them. */
export type TaggedStack = Pick<Engine, "tags" | "setTag">;

/** Backends keep no longer values. */
const LONGEST = 250;

/** A document as a tag can hold it: JSON of one line and at most 250 characters, for which its reason is cut. */
export function tagDocument<Document extends { readonly reason: string }>(document: Document): string {
  const reason = document.reason.replace(/\s+/g, " ");
  let length = Math.min(reason.length, LONGEST);
  for (;;) {
    const text = JSON.stringify({ ...document, reason: reason.slice(0, length).toWellFormed() });
    if (text.length <= LONGEST || length === 0) return text;
    length -= Math.min(length, text.length - LONGEST);
  }
}

/** The document that a tag holds; undefined for another text, as earlier versions wrote it. */
export function tagIn<Document>(text: string, schema: z.ZodType<Document>): Document | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
