import type { PreflightContext } from "./context.ts";

/** The parts of the runbook's checklist, in its order. */
export const GROUPS = ["Infrastructure", "Application", "Communication", "Observability"] as const;

export type Group = (typeof GROUPS)[number];

/** Skipped means that there is nothing to look at yet, or no means to look; only `fail` stops a deployment. */
export type Status = "pass" | "warn" | "fail" | "skipped";

/** What one look came to; the reason says what was found, the fix is what to do about it. */
export interface Finding {
  readonly status: Status;
  readonly reason: string;
  readonly fix?: string;
  /** A warning about how it was checked: what it checked is proven well. */
  readonly advisory?: true;
  /** What the finding rests on, such as log lines, each shortened. */
  readonly evidence?: readonly string[];
}

/** One line of the checklist as a value. */
export interface Check extends Look<PreflightContext> {
  /** Stable, for the JSON document and the docs. */
  readonly id: string;
  readonly group: Group;
  /** One sentence for the docs: what holds when it passes. */
  readonly proves: string;
}

export function pass(reason: string): Finding {
  return { status: "pass", reason };
}

export function skipped(reason: string): Finding {
  return { status: "skipped", reason };
}

export function warn(reason: string, fix: string): Finding {
  return { status: "warn", reason, fix };
}

export function fail(reason: string, fix: string): Finding {
  return { status: "fail", reason, fix };
}

/** One thing to look at, with the longest that it may take. */
export interface Look<Context> {
  /** Stable, for the JSON document and the docs. */
  readonly id: string;
  readonly title: string;
  /** After this it has failed, whatever it still waits for. */
  readonly timeLimitSeconds: number;
  /** Resolves with what was found; a rejection counts as a failure with its message. `signal` aborts at the time limit. */
  run(context: Context, signal: AbortSignal): Promise<Finding>;
}
