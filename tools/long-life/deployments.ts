import { createHash } from "node:crypto";
import { z } from "zod";
import { MOST_ENDS } from "../../runbook/deploy/release-history.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { JOURNEYS, type Kill, killName, killsOf, type Victim } from "../chaos/points.ts";

/** What a release's images do; what is not named works as it should. "absent" is an image that the registry has not got. */
type Behaviour = Readonly<Record<string, unknown>> | "absent";

const OUTCOMES = ["promoted", "rolled-back", "stopped", "refused"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** How a deployment of a long life ends when nothing is wrong with the program. */
export interface Way {
  readonly name: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly engine: Behaviour;
  /** A value of the stack's config that is wrong, by its path. */
  readonly wrongSetting?: readonly [path: readonly string[], value: unknown] | undefined;
}

const GOOD: Way = { name: "good", outcome: "promoted", exitCode: EXIT.done.code, engine: {} };

/** What is refused before anything is changed, and what the gates refuse, each in turn. */
const REFUSED: readonly Way[] = [
  {
    ...{ name: "wrong setting", outcome: "refused", exitCode: EXIT.usage.code, engine: {} },
    wrongSetting: [["sparki:engine", "replicas"], "many"],
  },
  { name: "missing image", outcome: "stopped", exitCode: EXIT.refused.code, engine: "absent" },
];
const ROLLED_BACK: readonly Way[] = [
  { name: "errors", outcome: "rolled-back", exitCode: EXIT.refused.code, engine: { errorRatio: 0.2 } },
  { name: "crash", outcome: "rolled-back", exitCode: EXIT.refused.code, engine: { crash: true } },
  { name: "unpullable", outcome: "rolled-back", exitCode: EXIT.refused.code, engine: { unpullable: true } },
];

/** One deployment of a long life. */
export interface Deployment {
  /** From 1. */
  readonly number: number;
  readonly release: string;
  readonly way: Way;
  /** Where it is killed, before the same command is given once more. */
  readonly kill?: Kill;
}

/** Whose death leaves the cloud that serves the long life. */
const VICTIMS: readonly Victim[] = ["engine", "sparki", "interrupt", "interrupts", "provider", "lock"];

const KINDS = ["promoted", "promoted", "promoted", "refused", "refused", "rolled-back", "killed", "killed"] as const;

/**
 * So many deployments in an order that the seed says: of each eight, three are promoted, two refused before anything is
 * changed, one is rolled back by the gates, and two are killed at a point of an upgrade.
 */
export function drawn(count: number, seed: number): readonly Deployment[] {
  const kills = KILLS.toSorted(by((kill) => `${seed} ${killName(kill)}`));
  const turns = { promoted: 0, refused: 0, "rolled-back": 0, killed: 0 };
  return Array.from({ length: count }, (_, index): Deployment => {
    const round = Math.floor(index / KINDS.length);
    const order = KINDS.map((kind, place) => ({ kind, place })).toSorted(
      by(({ kind, place }) => `${seed} ${round} ${kind} ${place}`),
    );
    const kind = order[index % KINDS.length]?.kind ?? "promoted";
    const turn = turns[kind]++;
    const ways = { promoted: [GOOD], refused: REFUSED, "rolled-back": ROLLED_BACK, killed: [GOOD] }[kind];
    const kill = kind === "killed" ? kills[turn % kills.length] : undefined;
    return {
      number: index + 1,
      release: `life-${seed}.${index + 1}`,
      way: ways[turn % ways.length] ?? GOOD,
      ...(kill && { kill }),
    };
  });
}

/** The points of an upgrade at which something can be killed while the cloud goes on serving. */
const KILLS: readonly Kill[] = JOURNEYS.filter(({ name }) => name === "upgrade")
  .flatMap((journey) => killsOf(journey, { alone: false }))
  .filter(({ victim }) => VICTIMS.includes(victim));

function by<T>(text: (each: T) => string): (one: T, other: T) => number {
  return (one, other) => (hash(text(one)) < hash(text(other)) ? -1 : 1);
}

/** A hash that a text always has, as 64 hexadecimal digits. */
export function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

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

/** How a deployment ended is what its history must tell, be it as it was meant or not: that it was not is told of it alone. */
export function endedAs(outcome: string, meant: Outcome): Outcome {
  return OUTCOMES.find((each) => each === outcome) ?? meant;
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
