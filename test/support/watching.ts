import type { GateResult, Verdict } from "../../gates/gate.ts";
import type { EndedCheck } from "../../runbook/preflight/check.ts";
import type { Seen } from "../../runbook/watch/look.ts";

/** A row of a look. */
export function rowOf(objective: string, verdict: Verdict, reason = "because"): GateResult {
  const counts = { requests: 1_000, bad: 0, measured: 0, limit: 0.001, lower: 0, upper: 1, needed: 0, synthetic: 0 };
  return { gate: "watch", kind: "burn-rate", objective, verdict, ...counts, reason };
}

/** A check of a look. */
export function checkOf(id: string, status: EndedCheck["status"], more: Partial<EndedCheck> = {}): EndedCheck {
  return { id, title: id, status, reason: "because", seconds: 1, ...more };
}

/** A look at a release that is well, but for what a test says. */
export function seenOf(changes: Partial<Seen> = {}): Seen {
  const row = rowOf("errors: 5 min burn rate", "pass");
  const checks = [checkOf("entrance", "pass")];
  return { rows: [row], anomalies: [], highErrorSeconds: 0, budgetLeft: 1, checks, ...changes };
}

/** A look at which more than 1 % of requests have failed for so long. */
export function failing(highErrorSeconds: number): Seen {
  const row = rowOf("errors: 5 min burn rate", "fail", "400 of 4000 requests bad");
  return seenOf({ rows: [row], anomalies: [row], highErrorSeconds });
}
