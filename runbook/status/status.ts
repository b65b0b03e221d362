import type { StateLock } from "../../io/stack-state.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import type { Release, StackConfig } from "../../stacks/schema.ts";
import type { ReleaseEvent } from "../deploy/release-history.ts";
import type { LostCluster } from "../preflight/checks/state.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { NextAction } from "../report/what-now.ts";
import { summary, type WatchLook, WORDS } from "../watch/look.ts";

import { END_SECONDS } from "../watch/schedule.ts";
import type { Promoted } from "../watch/watch-run.ts";

/** What was read of a stack. */
export interface StatusFacts {
  readonly stack: string;
  /** Seconds since 1970. */
  readonly at: number;
  /** Undefined when nothing is live. */
  readonly live: Pick<Promoted, "release" | "promotedAt" | "isReturned"> | undefined;
  /** What users get now; undefined when nothing is live. */
  readonly look: WatchLook | undefined;
  /** Why deployments are refused; undefined while they are not. */
  readonly frozen: string | undefined;
  /** Who changes the stack now; undefined when nobody does. */
  readonly lock: StateLock | undefined;
  /** How many operations an interrupted update began that nobody knows the end of. */
  readonly unfinished: number;
  /** The cluster that the state names and AWS no longer has; undefined while it has it. */
  readonly lostCluster: LostCluster | undefined;
  readonly events: readonly ReleaseEvent[];
  readonly contacts: StackConfig["contacts"];
}

/** How a stack is: the document of `sparki status --json`. */
export interface StackStatus {
  readonly stack: string;
  /** ISO 8601. */
  readonly at: string;
  readonly exitCode: number;
  readonly health: Health;
  readonly live: { readonly release: Release; readonly since: string; readonly isReturned: boolean } | null;
  readonly look: WatchLook | null;
  readonly frozen: string | null;
  readonly running: { readonly holder: string; readonly since: string | null } | null;
  readonly unfinished: number;
  /** The cluster that the state names and AWS no longer has, or is deleting; null while it has it. */
  readonly lostCluster: Pick<LostCluster, "name" | "standing" | "message"> | null;
  /** What was done with a release last. */
  readonly last: ReleaseEvent | null;
  readonly contacts: StackConfig["contacts"];
  /** What a person does next, in order; never empty. */
  readonly next: readonly NextAction[];
}

/** `unknown` is a stack that could not be looked at; `nothing` one on which nothing is live. */
export type Health = "well" | "not-proven" | "bad" | "unknown" | "nothing";

const EXIT_CODES: Readonly<Record<Health, number>> = {
  well: EXIT.done.code,
  bad: EXIT.refused.code,
  "not-proven": EXIT.held.code,
  nothing: EXIT.held.code,
  unknown: EXIT.outside.code,
};

/** What the facts amount to, and what to do about them. */
export function statusOf(facts: StatusFacts): StackStatus {
  const { stack, at, live, look, frozen, lock, unfinished, lostCluster: lost, events, contacts } = facts;
  // Whatever a look still sees of a lost cluster, no pod of it serves anybody.
  const health = lost === undefined ? healthOf(look) : "bad";
  return {
    stack,
    at: isoOf(at),
    exitCode: frozen === undefined ? EXIT_CODES[health] : EXIT.rollback.code,
    health,
    live: live === undefined ? null : sinceOf(live),
    look: look ?? null,
    frozen: frozen ?? null,
    running: lock === undefined ? null : { holder: lock.holder, since: lock.since ?? null },
    unfinished,
    lostCluster: lost === undefined ? null : { name: lost.name, standing: lost.standing, message: lost.message },
    last: events[0] ?? null,
    contacts,
    next: nextActions(facts, health),
  };
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function sinceOf({ release, promotedAt, isReturned }: NonNullable<StatusFacts["live"]>): StackStatus["live"] {
  return { release, since: isoOf(promotedAt), isReturned };
}

function healthOf(look: WatchLook | undefined): Health {
  if (look === undefined) return "nothing";
  if (look.verdict === "error") return "unknown";
  if (look.verdict === "fail" || look.decision.action === "rollback") return "bad";
  return look.verdict === "pass" ? "well" : "not-proven";
}

function nextActions(facts: StatusFacts, health: Health): NextAction[] {
  const { stack, at, live, frozen, lock, unfinished, lostCluster: lost } = facts;
  const command = (words: string) => `npx sparki ${words} --stack ${stack}`;
  const diagnose: NextAction = { text: "Find out what users see, and why", command: command("diagnose") };
  const rollback: NextAction = { text: "Or roll back to what was promoted before", command: command("rollback") };
  const waiting: NextAction[] =
    lock === undefined
      ? []
      : [
          { text: `Wait for ${lock.holder}, who is changing the stack now: no other update can start.` },
          { text: "If that run is known to be dead, remove its lock", command: `pulumi cancel --stack ${stack}` },
        ];
  const goOn: NextAction[] =
    unfinished > 0 && lock === undefined
      ? [{ text: "The last update was interrupted; the next one continues from there", command: command("deploy") }]
      : [];
  if (lost?.standing === "gone")
    return [
      ...waiting,
      { text: "Take what died with it out of the state", command: command("recover cluster") },
      { text: "Then make it again", command: command(frozen === undefined ? "deploy" : "deploy --thaw") },
    ];
  if (lost !== undefined) return [...waiting, { text: `${upperFirst(lost.message)}: ${lost.next}` }];
  if (frozen !== undefined)
    return [
      ...waiting,
      diagnose,
      { text: "Then prove the rollback, which allows deployments again", command: command("rollback") },
    ];
  if (health === "bad") return [...waiting, diagnose, rollback];
  if (health === "unknown" || health === "not-proven") return [...waiting, ...goOn, diagnose];
  if (live === undefined)
    return [...waiting, ...goOn, { text: "Deploy the config's release", command: command("deploy") }];
  const isYoung = at - live.promotedAt < END_SECONDS;
  const watching: NextAction[] = isYoung
    ? [{ text: "It is in its first day: watch it, unless a watch is already running", command: command("watch") }]
    : [];
  const all = [...waiting, ...goOn, ...watching];
  return all.length > 0 ? all : [{ text: "Nothing." }];
}

/** The status as a person reads it at three in the morning: one screen, the first thing to do at its end. */
export function statusText(status: StackStatus, paint: Paint): string {
  const { stack, at, live, look, frozen, running, unfinished, lostCluster, last, contacts, next } = status;
  const seconds = live === null ? 0 : (Date.parse(at) - Date.parse(live.since)) / 1000;
  const returned = live?.isReturned === true ? ", restored by a rollback" : "";
  const since = running?.since == null ? "" : ` since ${shortTime(running.since)}`;
  const rows: (readonly [label: string, text: string])[] = [
    [
      "live",
      live === null ? "nothing" : `${live.release.id}${returned}, ${duration(seconds)}, since ${shortTime(live.since)}`,
    ],
    ["health", healthText(look, paint)],
    ...(look?.problems ?? []).map((problem) => ["", problem] as const),
    ...(lostCluster === null ? [] : [["cluster", paint.bad(lostCluster.message)] as const]),
    ["frozen", frozen === null ? "no" : paint.bad(`deployments are refused: ${frozen}`)],
    ["runs now", running === null ? "nothing" : `${running.holder}${since}`],
    ...(unfinished === 0 ? [] : [["unfinished", operationsText(unfinished)] as const]),
    ["last", last === null ? "nothing was ever deployed" : `${last.release} ${last.what}: ${last.reason}`],
    ["on call", `${contacts.incidents.mention} in ${contacts.incidents.channel}`],
    ["also", othersText(contacts)],
    ...next.map(({ text, command }, index) => [index === 0 ? "next" : "", textOf(text, command)] as const),
  ];
  const lines = rows.map(([label, text]) => `  ${label.padEnd(WIDTH)}${text}`);
  return `${inColumns([`${paint.strong(stack)} at ${shortTime(at)}`, ...lines].join("\n"))}\n`;
}

/** Of the longest label, and what parts it from its text. */
const WIDTH = "unfinished".length + 2;

function healthText(look: WatchLook | null, paint: Paint): string {
  if (look === null) return "- nothing to check";
  const word = WORDS[look.verdict];
  const isBad = look.verdict === "fail" || look.verdict === "error";
  return `${isBad ? paint.bad(word) : look.verdict === "pass" ? paint.good(word) : word}: ${summary(look)}`;
}

function operationsText(count: number): string {
  return count === 1 ? "1 operation, whose outcome is not known" : `${count} operations, whose outcome is not known`;
}

function othersText({ platform, database, infrastructure }: StackConfig["contacts"]): string {
  const named = { platform, database, infrastructure };
  return Object.entries(named)
    .map(([name, { mention, channel }]) => `${name} ${mention} in ${channel}`)
    .join(", ");
}

function textOf(text: string, command: string | undefined): string {
  return command === undefined ? text : `${text}: ${command}`;
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function shortTime(iso: string): string {
  return `${iso.replace("T", " ").slice(0, 16)} UTC`;
}
