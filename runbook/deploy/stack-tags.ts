import { z } from "zod";
import type { Engine } from "../../io/engine.ts";
import { imageReference } from "../../stacks/fields.ts";
import type { Release } from "../../stacks/schema.ts";

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

const FROZEN_TAG = "sparki:frozen";

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
  return stack.setTag(FROZEN_TAG, tagDocument(frozen));
}

/** Why deploys are refused; undefined when they are not. */
export async function frozenFor(stack: Pick<TaggedStack, "tags">): Promise<Frozen | undefined> {
  const text = (await stack.tags())[FROZEN_TAG];
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
  if ((await frozenFor(stack)) !== undefined) await stack.setTag(FROZEN_TAG, undefined);
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

const begunSchema = z.object({
  id: z.string(),
  /** Of the image that has its migrations: the image's name may be too long for a tag. */
  digest: z.string(),
  schema: z.object({ level: z.number(), oldest: z.number() }),
});

/** A release whose deployment was begun, as far as tells what it may have made of the database. */
export interface BegunRelease extends Readonly<z.infer<typeof begunSchema>> {
  /** When it was, the last time, in seconds since 1970. */
  readonly at: number;
}

const BEGUN_PREFIX = "sparki:begun-";

/** A backend should not have to keep too many. */
export const MOST_BEGUN = 8;

/**
 * Keeps with the stack which release is about to change it: a backend's history has no deployment that was killed, and the
 * state only the image that migrated. The oldest are forgotten.
 */
export async function rememberBegun(stack: TaggedStack, release: Release, at: number): Promise<void> {
  const begun = begunOf(release);
  if (begun === undefined) return;
  const text = JSON.stringify(begun);
  const now = `${BEGUN_PREFIX}${Math.floor(at)}`;
  await stack.setTag(now, text);
  const all = Object.entries(await stack.tags()).filter(([name]) => name.startsWith(BEGUN_PREFIX));
  const others = all.filter(([name, value]) => name !== now && value !== text).map(([name]) => name);
  const kept = [now, ...others.sort().slice(-(MOST_BEGUN - 1))];
  for (const [name] of all) if (!kept.includes(name)) await stack.setTag(name, undefined);
}

/** Forgets them once a release is promoted: the database is then as that one's own migrations left it. */
export async function forgetBegun(stack: TaggedStack): Promise<void> {
  const names = Object.keys(await stack.tags()).filter((name) => name.startsWith(BEGUN_PREFIX));
  for (const name of names) await stack.setTag(name, undefined);
}

/** The releases whose deployments were begun since the last promotion, by a stack's tags; newest first. */
export function begunReleases(tags: Readonly<Record<string, string>>): BegunRelease[] {
  const names = Object.keys(tags).filter((name) => name.startsWith(BEGUN_PREFIX));
  return names
    .sort()
    .reverse()
    .flatMap((name) => {
      const begun = tagIn(tags[name] ?? "", begunSchema);
      return begun === undefined ? [] : [{ ...begun, at: Number(name.slice(BEGUN_PREFIX.length)) }];
    });
}

function begunOf({ id, images, schema }: Release): z.infer<typeof begunSchema> | undefined {
  const { engine } = images;
  return engine === undefined ? undefined : { id, digest: imageReference(engine).digest, schema };
}
