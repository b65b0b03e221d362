import type { Answer, Copies, Copy, RestoreSource } from "../../io/restored-copies.ts";
import type { Clock } from "../../shared/clock.ts";
import type { ExitCodeOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine } from "../../shared/text/visible.ts";
import type { CheckReason, CheckResult } from "./restore-checks.ts";
import type { Subject } from "./subject.ts";
import type { Obstacle, OldExtension } from "./upgrade-obstacles.ts";

/** Why a drill did not pass; each is a failure of its own. */
export type DrillReason =
  | CheckReason
  | "no-backup"
  | "old-backup"
  | "not-restored"
  | "not-removed"
  | "upgrade-refused"
  | "upgrade-obstacle"
  | "not-upgraded"
  | "outside"
  | "interrupted";

export interface DrillFailure {
  readonly reason: DrillReason;
  readonly message: string;
  /** The next command, or what to do. */
  readonly next: string;
}

/** What a drill came to. Only `passed` proves the backup. */
export interface RestoreDrill {
  readonly stack: string;
  /** What was restored. */
  readonly of: "database" | "cache";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "held" | "outside">;
  readonly outcome: "passed" | "failed" | "inconclusive" | "broken-off";
  readonly failure: DrillFailure | null;
  /** What was restored; `at` is the moment whose data it holds, ISO 8601. */
  readonly source: {
    readonly kind: RestoreSource["kind"];
    readonly snapshot: string | null;
    readonly at: string;
  } | null;
  /** The temporary instance; null where none was asked for. */
  readonly instance: string | null;
  readonly startedAt: string;
  readonly seconds: number;
  /** From the request until the restored instance could be asked. */
  readonly recoverySeconds: number | null;
  /**
   * How old the data was when the drill began, which is what would have been lost: of the declared rows or keys the newest,
   * and of a cache without such keys the snapshot itself.
   */
  readonly dataAgeSeconds: number | null;
  readonly checks: readonly CheckResult[];
  /** What became of the copy's upgrade; null where none was tried. */
  readonly upgrade: TriedUpgrade | null;
  /** Whether nothing of it is left; null where nothing was made. */
  readonly removed: boolean | null;
}

export interface DrillPorts<Q> {
  readonly copies: Copies<Q>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Shows what it waits for. */
  say(text: string): void;
  /** How long it is waited between two looks. */
  readonly pollSeconds: number;
}

export interface DrillPlan<Q> {
  readonly subject: Subject<Q>;
  readonly copy: Copy;
  /** What the data's age is held against: the drill's begin, or the moment that was asked for. */
  readonly freshAt: number;
  /** The upgrade that is tried on the copy, once it has passed its checks. @default none */
  readonly upgrade?: UpgradePlan<Q>;
}

/** An upgrade to be tried, and what is asked around it. */
export interface UpgradePlan<Q> {
  readonly from: string;
  readonly to: string;
  /** Asked of the copy before it. */
  readonly before: readonly Q[];
  /** Asked of the one that serves. */
  readonly live: readonly Q[];
  /** Asked of the copy after it. */
  readonly after: readonly Q[];
  obstacles(answers: { readonly answers: readonly Answer[]; readonly live: readonly Answer[] }): Obstacle[];
  oldExtensions(answers: readonly Answer[]): readonly OldExtension[] | undefined;
}

/** What became of an upgrade that was tried on a copy. */
export interface TriedUpgrade {
  readonly from: string;
  readonly to: string;
  readonly outcome: "upgraded" | "refused" | "unfinished";
  /** When AWS was asked for it, ISO 8601. */
  readonly at: string;
  /** From the request until the copy had the new version and was available; null where it never was. */
  readonly seconds: number | null;
  /** How long in all nobody reached the copy; null where that was not measured, `unmeasured` says why. */
  readonly outageSeconds: number | null;
  readonly unmeasured: string | null;
  /** What the catalog shows that keeps a database from being upgraded. */
  readonly obstacles: readonly Obstacle[];
  /** What AWS told of it, oldest first, in its own words. */
  readonly said: readonly string[];
  /** The end of what pg_upgrade wrote, read before the copy was deleted; empty where it was upgraded. */
  readonly log: readonly string[];
  /** The declared checks once more, of the upgraded copy. */
  readonly checks: readonly CheckResult[];
  /** What ALTER EXTENSION … UPDATE is then to be run for; null where the copy did not say. */
  readonly oldExtensions: readonly OldExtension[] | null;
}

/** A question; its answers bear its id. */
export interface Identified {
  readonly id: string;
}

export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** As much of others' words as a message holds. */
export function short(text: string): string {
  return bounded(oneLine(text), 400);
}
