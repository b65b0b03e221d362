import { percent } from "../../gates/gate.ts";
import type { Objective } from "../../gates/objective.ts";
import type { Finding, Status } from "../preflight/check.ts";
import { GOOD_BUDGET_LEFT } from "./checks/budget.ts";

/** One line of the runbook's success table. */
export interface Criterion {
  readonly metric: string;
  readonly threshold: string;
  /** What was found, or why nothing was. */
  readonly found: string;
  readonly verdict: "pass" | "fail" | "not proven" | "no data yet";
}

interface Checked extends Finding {
  readonly id: string;
}

const VERDICTS: Readonly<Record<Status, Criterion["verdict"]>> = {
  pass: "pass",
  fail: "fail",
  warn: "not proven",
  skipped: "no data yet",
};

/** The runbook's success criteria, from what was verified; one that was not looked at is not proven. */
export function successTable(checks: readonly Checked[], objectives: readonly Objective[]): Criterion[] {
  const row = (metric: string, threshold: string, id: string): Criterion => {
    const check = checks.find((each) => each.id === id);
    const found = check?.reason ?? "not looked at";
    return { metric, threshold, found, verdict: check === undefined ? "not proven" : VERDICTS[check.status] };
  };
  const errors = objectives.find(({ kind }) => kind.type === "errors");
  const slowest = slowestOf(objectives);
  return [
    row("Pod Health", "100 % running", "pods"),
    ...(errors === undefined ? [] : [row("Error Rate", `< ${percent(errors.maxRatio)}`, "slo-errors")]),
    ...(slowest === undefined ? [] : [row(`${slowest.name} Latency`, `< ${slowest.seconds} s`, slowest.id)]),
    row("Error Budget", `> ${percent(GOOD_BUDGET_LEFT)}`, "error-budget"),
    row("Database", "healthy", "database"),
    row("Cache", "healthy", "cache"),
    row("DNS", "resolving", "dns"),
  ];
}

/** The objective of the fewest slow requests: P99 in the runbook. */
function slowestOf(objectives: readonly Objective[]) {
  const [strictest] = objectives
    .flatMap(({ kind, maxRatio }) => (kind.type === "slowerThan" ? [{ seconds: kind.seconds, maxRatio }] : []))
    .sort((one, other) => one.maxRatio - other.maxRatio);
  if (strictest === undefined) return undefined;
  const share = Number((100 - strictest.maxRatio * 100).toPrecision(4));
  return { name: `P${share}`, id: `slo-p${share}`, seconds: strictest.seconds };
}
