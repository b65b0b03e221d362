import type { OpenTarget } from "../deploy/real-target.ts";
import { endedDeploys, releaseHistory } from "../deploy/release-history.ts";
import { frozenReason } from "../deploy/stack-tags.ts";
import { lostCluster } from "../preflight/checks/state.ts";
import { NOBODY_ASKED } from "../preflight/context.ts";
import { openPreflight } from "../preflight/open.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { readPresent } from "../rollback/rollback-target.ts";
import { failedLook, judgeLook, type WatchLook } from "../watch/look.ts";
import { openWatch, readPromoted, type WatchTools } from "../watch/open-watch.ts";
import { LATE_SECONDS } from "../watch/schedule.ts";
import type { Promoted } from "../watch/watch-run.ts";
import { type StackStatus, type StatusFacts, statusOf } from "./status.ts";

/** Reads how a stack is now, without its lock; rejects when its state or its history cannot be read. */
export async function readStatus(
  target: OpenTarget,
  given: Pick<WatchTools, "tools" | "timeScale">,
): Promise<StackStatus> {
  const [{ updates }, promoted, tags, frozen, held, config] = await Promise.all([
    readPresent(target),
    readPromoted(target),
    target.engine.tags(),
    frozenReason(target.engine),
    readHeld(target, given),
    target.config(),
  ]);
  const look = promoted && (await lookOnce(target, { ...given, config, isTerminal: false }, promoted));
  return statusOf({
    stack: target.stack,
    at: target.clock.now(),
    live: promoted,
    look,
    frozen,
    ...held,
    events: releaseHistory(updates, endedDeploys(tags)),
    contacts: config.contacts,
  });
}

/** One look of a watch; one that cannot be taken is a look that says so. */
async function lookOnce(target: OpenTarget, given: WatchTools, promoted: Promoted): Promise<WatchLook> {
  const at = target.clock.now();
  const elapsedSeconds = Math.max(0, (at - promoted.promotedAt) / given.timeScale);
  const circumstances = { at, elapsedSeconds, canRollBack: true, rollbackTried: promoted.isReturned };
  try {
    const seen = await openWatch(target, given).see(promoted, elapsedSeconds, LATE_SECONDS);
    return judgeLook(seen, circumstances);
  } catch (error) {
    target.signal.throwIfAborted();
    return failedLook(error, circumstances);
  }
}

/** Who holds the stack, what an interrupted update left unfinished, and whether its cluster is lost. */
async function readHeld(
  { stack, fullName, config, clock, env }: OpenTarget,
  { tools }: Pick<WatchTools, "tools">,
): Promise<Pick<StatusFacts, "lock" | "unfinished" | "lostCluster">> {
  const own = { stack, fullName, config: await config(), projectDirectory: PROJECT_DIRECTORY };
  const opened = openPreflight({ ...own, tools, answers: NOBODY_ASKED, clock, env });
  try {
    const { state } = opened.context;
    const [lock, { pending, resources }] = await Promise.all([state.lock(), state.read()]);
    // Where AWS does not say, the look at what users get tells as much.
    const lost = await lostCluster(resources, opened.context).catch(() => undefined);
    return { lock, unfinished: pending.length, lostCluster: lost };
  } finally {
    await opened.close();
  }
}
