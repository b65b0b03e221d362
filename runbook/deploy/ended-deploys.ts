import { type TaggedStack, tagText } from "./stack-tags.ts";

/** How a deploy ended that promoted nothing: no backend's history says why. */
export interface EndedDeploy {
  /** Seconds since 1970 at which the deploy began, before its update. */
  readonly startedAt: number;
  readonly release: string;
  readonly outcome: string;
  readonly reason: string;
}

const PREFIX = "sparki:ended-";
/** A backend should not have to keep too many. */
const MOST = 20;

/** Keeps with the stack how a deploy ended, so that every machine's history can tell; the oldest are forgotten. */
export async function rememberEnd(
  stack: TaggedStack,
  { startedAt, release, outcome, reason }: EndedDeploy,
): Promise<void> {
  await stack.setTag(`${PREFIX}${Math.floor(startedAt)}`, tagText(`${outcome} ${release} ${reason}`));
  const old = Object.keys(await stack.tags())
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .slice(0, -MOST);
  for (const name of old) await stack.setTag(name, undefined);
}

/** The ended deploys among a stack's tags, newest first. */
export function endedDeploys(tags: Readonly<Record<string, string>>): EndedDeploy[] {
  return Object.entries(tags)
    .flatMap(([name, text]) => {
      const [, outcome, release, reason] = /^(\S+) (\S+) (.*)$/.exec(text) ?? [];
      if (!name.startsWith(PREFIX) || outcome === undefined || release === undefined) return [];
      return [{ startedAt: Number(name.slice(PREFIX.length)), outcome, release, reason: reason ?? "" }];
    })
    .sort((one, other) => other.startedAt - one.startedAt);
}
