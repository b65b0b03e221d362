import { z } from "zod";
import { imageReference } from "../../stacks/fields.ts";
import type { Release } from "../../stacks/schema.ts";
import { type TaggedStack, tagIn } from "./freeze.ts";

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

const PREFIX = "sparki:begun-";

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
  const now = `${PREFIX}${Math.floor(at)}`;
  await stack.setTag(now, text);
  const all = Object.entries(await stack.tags()).filter(([name]) => name.startsWith(PREFIX));
  const others = all.filter(([name, value]) => name !== now && value !== text).map(([name]) => name);
  const kept = [now, ...others.sort().slice(-(MOST_BEGUN - 1))];
  for (const [name] of all) if (!kept.includes(name)) await stack.setTag(name, undefined);
}

/** Forgets them once a release is promoted: the database is then as that one's own migrations left it. */
export async function forgetBegun(stack: TaggedStack): Promise<void> {
  const names = Object.keys(await stack.tags()).filter((name) => name.startsWith(PREFIX));
  for (const name of names) await stack.setTag(name, undefined);
}

/** The releases whose deployments were begun since the last promotion, by a stack's tags; newest first. */
export function begunReleases(tags: Readonly<Record<string, string>>): BegunRelease[] {
  const names = Object.keys(tags).filter((name) => name.startsWith(PREFIX));
  return names
    .sort()
    .reverse()
    .flatMap((name) => {
      const begun = tagIn(tags[name] ?? "", begunSchema);
      return begun === undefined ? [] : [{ ...begun, at: Number(name.slice(PREFIX.length)) }];
    });
}

function begunOf({ id, images, schema }: Release): z.infer<typeof begunSchema> | undefined {
  const { engine } = images;
  return engine === undefined ? undefined : { id, digest: imageReference(engine).digest, schema };
}
