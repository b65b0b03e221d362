import type { Release } from "../../stacks/schema.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import type { WatchLook } from "./look.ts";

export type WatchOutcome =
  | "well"
  | "rolled-back"
  | "anomalies"
  | "not-proven"
  | "blind"
  | "rollback-failed"
  | "superseded"
  | "interrupted";

/** What a watch came to; also the document of `--json`, without the notifications. */
export interface WatchRun {
  readonly outcome: WatchOutcome;
  readonly exitCode: number;
  readonly reason: string;
  readonly release: Release;
  readonly promotedAt: number;
  readonly looks: readonly WatchLook[];
  readonly rollback: RequestedRollback | null;
}

/** How a watch ended, before its exit code. */
export type End = Pick<WatchRun, "outcome" | "reason">;

export const EXIT_CODES: Readonly<Record<WatchOutcome, number>> = {
  well: 0,
  superseded: 0,
  "rolled-back": 1,
  anomalies: 3,
  "not-proven": 3,
  blind: 4,
  interrupted: 4,
  "rollback-failed": 5,
};

/** What a watch came to whose last look this is. */
export function endOf(look: WatchLook | undefined): End {
  if (look === undefined || look.verdict === "error")
    return { outcome: "blind", reason: look?.problems[0] ?? "no look" };
  if (look.problems.length > 0) return { outcome: "anomalies", reason: look.problems.join("; ") };
  if (look.decision.action === "hold") return { outcome: "not-proven", reason: look.decision.reason };
  return { outcome: "well", reason: look.decision.reason };
}
