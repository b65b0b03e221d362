import { z } from "zod";
import { knownReleaseSchema, type Release } from "../stacks/schema.ts";
import type { PromotionRecord } from "./promotion.ts";
import type { RunRecord } from "./run-record.ts";

/** What was live after an update; a backend that keeps no old states knows only the release. */
export type Promoted = Pick<PromotionRecord, "release"> & Partial<PromotionRecord>;

/** One update of a stack as its backend's history keeps it. */
export interface Update {
  /** The backend's own name of it. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: "succeeded" | "failed" | "unknown";
  readonly message: string;
  /** The release that its config asked for; undefined when the config names none that can be read. */
  readonly release: Release | undefined;
  /** Who ran it, as sparki kept it with the update; undefined where somebody else did. */
  readonly ranBy?: RunRecord | undefined;
  /** What the state named live when the update had ended; read only when asked for. */
  promotion(): Promise<Promoted | undefined>;
}

/** A stack's updates, newest first; previews, refreshes and destroys are none. */
export type History = () => Promise<readonly Update[]>;

const ROLLBACK = "sparki rollback to ";

/** What a deploy's update is called in the history. */
export function deployMessage(release: Release): string {
  return `sparki deploy of ${release.id}`;
}

/** What a rollback's update is called in the history, and why it was. */
export function rollbackMessage(release: Release, reason: string): string {
  return `${ROLLBACK}${release.id}: ${reason}`;
}

/** Whether sparki ran the update to go back; what a message says counts for nothing. */
export function isRollback({ ranBy }: Update): boolean {
  return ranBy?.by === "sparki rollback";
}

/** Why an update that was a rollback was made; undefined for any other. */
export function rollbackReason(update: Update): string | undefined {
  if (!isRollback(update)) return undefined;
  const end = update.message.indexOf(": ");
  return end < 0 ? "" : update.message.slice(end + 2);
}

/** The release in a config value as a backend keeps it: an object, or the same as JSON text. */
export function releaseIn(value: unknown): Release | undefined {
  const parsed = z.union([knownReleaseSchema, z.string().transform(asJson).pipe(knownReleaseSchema)]).safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
