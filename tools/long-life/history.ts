import { z } from "zod";
import { MOST_ENDS } from "../../runbook/deploy/release-history.ts";
import type { Way } from "./deployments.ts";

/** What `sparki history --json` says, as far as it is compared. */
export const historySchema = z.object({
  live: z.string().nullable(),
  frozen: z.string().nullable(),
  events: z.array(z.object({ at: z.number(), release: z.string(), what: z.string(), reason: z.string() })),
});

type History = z.infer<typeof historySchema>;
type Event = History["events"][number];

/** What the harness knows became of a release. */
export interface Happened {
  readonly release: string;
  readonly outcome: Way["outcome"];
  /** It was killed, and given once more. */
  readonly isKilled: boolean;
  /** What was live when it began. */
  readonly previous: string;
}

/** What may be said of an attempt that was killed, before the one that ended. */
const CUT_OFF: ReadonlySet<string> = new Set(["failed", "unknown", "stopped", "promoted", "rolled-back"]);

/**
 * In what a history differs from what happened to a stack on which `first` was promoted before; nothing where it is true.
 * Every release has its events, in the order in which they were deployed, and there is no other event.
 */
export function untruthsIn({ live, frozen, events }: History, first: string, happened: readonly Happened[]): string[] {
  const rest = events.toReversed();
  const [opening] = rest.splice(0, 1);
  const found: string[] = [];
  if (opening?.release !== first || opening.what !== "promoted")
    found.push(`begins with ${textOf(opening)}, expected ${first} promoted`);
  let expectedLive = first;
  for (const [index, each] of happened.entries()) {
    const own: Event[] = [];
    while (rest[0] !== undefined && belongsTo(rest[0], each)) own.push(...rest.splice(0, 1));
    const wrong = wrongWith(own, each, mayBeForgotten(happened.slice(index + 1)));
    if (wrong !== undefined) found.push(`${each.release}: ${wrong}, found ${own.map(textOf).join(", ") || "nothing"}`);
    if (each.outcome === "promoted") expectedLive = each.release;
  }
  found.push(...rest.map((event) => `out of order, or never happened: ${textOf(event)}`));
  if (live !== expectedLive) found.push(`live is ${live}, expected ${expectedLive}`);
  if (frozen !== null) found.push(`frozen: ${frozen}`);
  const unsorted = events.findIndex(({ at }, index) => at > (events[index - 1]?.at ?? Number.POSITIVE_INFINITY));
  if (unsorted >= 0) found.push(`not newest first at ${textOf(events[unsorted])}`);
  return found;
}

function belongsTo({ release, what }: Event, each: Happened): boolean {
  if (release === each.release) return true;
  const isBack = what === "gone back to" || what === "rollback failed";
  return isBack && release === each.previous && (each.outcome === "rolled-back" || each.isKilled);
}

/** How a deploy ended that promoted nothing is kept for the newest alone. */
function mayBeForgotten(later: readonly Happened[]): boolean {
  return (
    later.filter(({ outcome, isKilled }) => isKilled || !["promoted", "refused"].includes(outcome)).length >= MOST_ENDS
  );
}

function wrongWith(
  own: readonly Event[],
  { outcome, isKilled, previous }: Happened,
  isForgotten: boolean,
): string | undefined {
  const said = own.map(({ what }) => what);
  if (outcome === "refused") return said.length === 0 ? undefined : "expected no event: its config was refused";
  if (outcome === "stopped")
    return `${said}` === "stopped" || (isForgotten && said.length === 0) ? undefined : "expected that it was stopped";
  if (outcome === "rolled-back") {
    const back = own.at(-1);
    const isBack = back?.what === "gone back to" && back.release === previous;
    const isRefused = said[0] === "rolled-back";
    return said.length === 2 && isRefused && isBack ? undefined : `expected that it was rolled back to ${previous}`;
  }
  const before = isKilled ? said.slice(0, -1).filter((what) => !CUT_OFF.has(what)) : said.slice(0, -1);
  return said.at(-1) === "promoted" && before.length === 0 ? undefined : "expected that it was promoted";
}

function textOf(event: Event | undefined): string {
  return event === undefined ? "nothing" : `${event.release} ${event.what}`;
}
