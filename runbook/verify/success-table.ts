import { percent } from "../../gates/gate.ts";
import type { Objective } from "../../gates/objective.ts";
import type { Finding, Status } from "../preflight/check.ts";
import { GOOD_BUDGET_LEFT } from "./checks/budget.ts";
import { percentileOf, sloId } from "./checks/objectives.ts";

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
    ...(errors === undefined ? [] : [row("Error Rate", `< ${percent(errors.maxRatio)}`, sloId(errors))]),
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
    .flatMap(({ kind, maxRatio }) => (kind.type === "slowerThan" ? [{ kind, maxRatio }] : []))
    .sort((one, other) => one.maxRatio - other.maxRatio);
  if (strictest === undefined) return undefined;
  return { name: `P${percentileOf(strictest.maxRatio)}`, id: sloId(strictest), seconds: strictest.kind.seconds };
}
