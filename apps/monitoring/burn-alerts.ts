import { WORKBOOK_PAIRS } from "../../gates/burn-rate.ts";
import type { Objective } from "../../gates/objective.ts";
import { objectiveLabel } from "../../stacks/objective-label.ts";
import type { Alert } from "./alert.ts";
import { badRatio, type Window, windowOf, windowSeconds } from "./slo-rules.ts";

const SPEEDS = ["Fast", "Medium", "Slow"] as const;

/** The pairs by which `watch` judges too, as Prometheus names their windows. */
export const BURN_PAIRS = WORKBOOK_PAIRS.map((pair, index) => ({
  /** Tells an objective's alerts apart. */
  speed: SPEEDS[index] ?? `${index + 1}`,
  long: windowOf(pair.longSeconds),
  short: windowOf(pair.shortSeconds),
  factor: pair.maxBurnRate,
  severity: pair.severity,
  budgetUsed: pair.budgetUsed,
}));

type BurnPair = (typeof BURN_PAIRS)[number];

/** The burn-rate alerts of an objective; a pair that not even failing every request could reach has none. */
export function burnAlerts(stack: string, objective: Objective): Alert[] {
  return BURN_PAIRS.filter(({ factor }) => factor * objective.maxRatio < 1).map((pair) =>
    burnAlert(stack, objective, pair),
  );
}

function burnAlert(stack: string, objective: Objective, pair: BurnPair): Alert {
  const { speed, long, short, factor, severity } = pair;
  const limit = `${factor} * ${objective.maxRatio}`;
  return {
    name: `${upperCamelCase(objectiveLabel(objective))}BudgetBurn${speed}`,
    severity,
    component: "application",
    expr: `${badRatio(stack, objective, long)} > ${limit} and ${badRatio(stack, objective, short)} > ${limit}`,
    labels: { burn_windows: `${long}/${short}` },
    summary: `{{ $labels.namespace }} burns its budget "${objective.name}" over ${factor}x too fast: {{ $value | humanizePercentage }} of requests bad over ${long}`,
    page: burnPage(objective, pair),
  };
}

function burnPage(objective: Objective, { long, short, factor, severity, budgetUsed }: BurnPair) {
  const limit = percent(factor * objective.maxRatio);
  const bad = objective.kind.type === "errors" ? "failed with a 5xx" : `took longer than ${objective.kind.seconds} s`;
  return {
    meaning: `More than ${limit} of users' requests ${bad}, over ${long} and still over ${short}. The objective allows ${percent(objective.maxRatio)} over 30 days; at this rate ${percent(budgetUsed)} of that budget is gone when the alert fires.`,
    timing: `Fires when both windows are over ${factor} x ${percent(objective.maxRatio)}: ${firesAfter(factor, objective.maxRatio, long)}. Ends within ${short} of the burning's end.`,
    look: [
      "Dashboard *Reliability SLO*: which service, since when, and whether a deployment marker stands at the beginning.",
      "The same dashboard's panels by release and by track: only the newest release, or all of them?",
      objective.kind.type === "errors" ? "`npx sparki diagnose errors`" : "`npx sparki diagnose latency`",
      "Dashboards *Database* and *Cache*: connections, waiting, errors, slow statements.",
    ],
    act: [
      "Began with a release less than 24 h old: give it 5 minutes to settle, then `npx sparki rollback`.",
      "Database or cache are at fault: bring in their owners; a rollback does not help.",
      severity === "page"
        ? "Neither explains it within 15 minutes: escalate to the whole of the on-call team, then to the platform lead."
        : "No hurry, but no release either until it has stopped: `npx sparki deploy` refuses to start while a budget burns.",
    ],
  };
}

function firesAfter(factor: number, maxRatio: number, long: Window): string {
  const seconds = factor * maxRatio * windowSeconds(long);
  return `after ${duration(seconds)} in which every request is bad, after all of ${long} when the proportion is only just over`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}

function upperCamelCase(label: string): string {
  return label.replaceAll(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}
