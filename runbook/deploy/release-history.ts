import { z } from "zod";
import { type Approval, isOwnPlan, isRollback, rollbackReason, type Update } from "../../records/update.ts";
import { type TaggedStack, tagDocument, tagIn } from "./stack-tags.ts";

/** What was done with a release once. */
export interface ReleaseEvent {
  /** Seconds since 1970. */
  readonly at: number;
  readonly release: string;
  readonly what:
    | "promoted"
    | "gone back to"
    | "rollback failed"
    | "rolled-back"
    | "held"
    | "stopped"
    | "failed"
    | "unknown";
  readonly reason: string;
  /** The backend's own name of the update; null for a deploy that was stopped before it changed anything. */
  readonly update: string | null;
}

/** Who approved what was deployed by an update. */
export interface ReleaseApproval extends Approval {
  readonly release: string;
  readonly update: string;
  /** Whether who approved it made the plan too; null where that is not known. */
  readonly isOwnPlan: boolean | null;
}

/** Every approval that the stack's updates were deployed by, newest first. */
export function approvalsIn(updates: readonly Update[]): ReleaseApproval[] {
  return updates.flatMap(({ id, ranBy }) => {
    const approval = ranBy?.approval;
    if (approval === undefined || approval === null) return [];
    return [{ ...approval, release: ranBy?.release ?? "unknown", update: id, isOwnPlan: isOwnPlan(approval) ?? null }];
  });
}

/** Tells from a stack's updates, and from how its deploys ended, what became of each release; newest first. */
export function releaseHistory(updates: readonly Update[], ends: readonly EndedDeploy[]): ReleaseEvent[] {
  const used = new Set<EndedDeploy>();
  const events = updates.map((update, index): ReleaseEvent => {
    const end = endOf(update, updates[index + 1], ends);
    if (end !== undefined) used.add(end);
    return {
      at: update.startedAt,
      release: update.release?.id ?? "unknown",
      update: update.id,
      ...became(update, end, updates[index - 1]),
    };
  });
  const refused = ends.filter((end) => !used.has(end)).map(refusedEvent);
  return [...events, ...refused].sort((one, other) => other.at - one.at);
}

/** Of an update that failed, and of which nothing more is kept. */
export const UNRECORDED = "the reason was not recorded: see the log of that run";

type Became = Pick<ReleaseEvent, "what" | "reason">;

function became(update: Update, end: EndedDeploy | undefined, next: Update | undefined): Became {
  const back = rollbackReason(update);
  if (update.result === "unknown") return { what: "unknown", reason: update.message };
  if (isRollback(update))
    return { what: update.result === "succeeded" ? "gone back to" : "rollback failed", reason: back ?? "" };
  if (end !== undefined) return { what: kindOf(end.outcome), reason: end.reason };
  if (update.result === "succeeded") return { what: "promoted", reason: "every gate passed" };
  const why = leftFor(update, next);
  return why === undefined ? { what: "failed", reason: UNRECORDED } : { what: "rolled-back", reason: why };
}

/** Why the next update went back from what this one deployed, as it says itself; undefined where it did not. */
function leftFor({ release }: Update, next: Update | undefined): string | undefined {
  const why = next && rollbackReason(next);
  const named = `${release?.id}: `;
  return why?.startsWith(named) ? why.slice(named.length) : undefined;
}

/**
 * A deploy begins before its update and after the update before it, and ends after it: where it was cut off, its update may be
 * in no history, and the next one of the release is another deploy's.
 */
function endOf(update: Update, before: Update | undefined, ends: readonly EndedDeploy[]): EndedDeploy | undefined {
  if (isRollback(update)) return undefined;
  return ends.find(
    ({ startedAt, endedAt = Number.POSITIVE_INFINITY, release }) =>
      release === update.release?.id &&
      startedAt <= update.startedAt &&
      update.startedAt <= endedAt &&
      startedAt >= (before?.endedAt ?? 0) - 1,
  );
}

function refusedEvent({ startedAt, release, outcome, reason }: EndedDeploy): ReleaseEvent {
  return { at: startedAt, release, what: kindOf(outcome), reason, update: null };
}

function kindOf(outcome: string): ReleaseEvent["what"] {
  const kinds = ["rolled-back", "held", "stopped", "failed"] as const;
  return kinds.find((kind) => kind === outcome) ?? "unknown";
}

/** How a deploy ended that promoted nothing: no backend's history says why. */
export interface EndedDeploy {
  /** Seconds since 1970 at which the deploy began, before its update. */
  readonly startedAt: number;
  /** Seconds since 1970 at which it ended. @default not known: earlier versions kept none */
  readonly endedAt?: number;
  readonly release: string;
  readonly outcome: string;
  readonly reason: string;
}

const PREFIX = "sparki:ended-";

/** A backend should not have to keep too many. */
export const MOST_ENDS = 20;

/** Keeps with the stack how a deploy ended, so that every machine's history can tell; the oldest are forgotten. */
export async function rememberEnd(
  stack: TaggedStack,
  { startedAt, endedAt, release, outcome, reason }: EndedDeploy,
): Promise<void> {
  const ended = endedAt === undefined ? {} : { endedAt: Math.ceil(endedAt) };
  await stack.setTag(`${PREFIX}${Math.floor(startedAt)}`, tagDocument({ outcome, release, ...ended, reason }));
  const old = Object.keys(await stack.tags())
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .slice(0, -MOST_ENDS);
  for (const name of old) await stack.setTag(name, undefined);
}

const endSchema = z.object({
  outcome: z.string(),
  release: z.string(),
  endedAt: z.number().exactOptional(),
  reason: z.string(),
});

/** Earlier versions kept a sentence. */
function endInWords(text: string): Omit<EndedDeploy, "startedAt"> | undefined {
  const [, outcome, release, reason = ""] = /^(\S+) (\S+) (.*)$/.exec(text) ?? [];
  return outcome === undefined || release === undefined ? undefined : { outcome, release, reason };
}

/** The ended deploys among a stack's tags, newest first. */
export function endedDeploys(tags: Readonly<Record<string, string>>): EndedDeploy[] {
  return Object.entries(tags)
    .flatMap(([name, text]) => {
      const end = name.startsWith(PREFIX) ? (tagIn(text, endSchema) ?? endInWords(text)) : undefined;
      return end === undefined ? [] : [{ startedAt: Number(name.slice(PREFIX.length)), ...end }];
    })
    .sort((one, other) => other.startedAt - one.startedAt);
}
