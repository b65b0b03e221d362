import type { Engine } from "../../io/engine.ts";

/** The tags of a stack: kept with it, so that every machine that deploys it sees them. */
export type TaggedStack = Pick<Engine, "tags" | "setTag">;

/** Backends keep no longer values. */
const LONGEST = 250;

/** Text as a tag can hold it: one line, cut at 250 characters. */
export function tagText(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, LONGEST);
}
