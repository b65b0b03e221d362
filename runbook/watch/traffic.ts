import { levelsOf } from "../../gates/bounds.ts";
import { BUDGET_PERIOD_SECONDS, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import { percent } from "../../gates/gate.ts";
import type { CountsByObjective } from "../../gates/reading.ts";
import type { GateResult } from "../../gates/verdict.ts";
import { baselineIn, highErrorSeconds, judgeBaseline, judgePairs } from "../../gates/watching.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { LOOKS } from "./schedule.ts";
import { GATE, judgeOwnWindows, readServiceWindows, readSlices, SLICE_SECONDS, type TrafficLook } from "./windows.ts";

/** What a look's requests said. */
export interface TrafficSeen {
  readonly rows: readonly GateResult[];
  /** Those of the rows that people should know of; what is only not proven is none. */
  readonly anomalies: readonly GateResult[];
  /** How long more than 1 % of users' requests have failed without a break, in modelled seconds. */
  readonly highErrorSeconds: number;
  /** Of the 30 days' error budget; null when users asked nothing in them. */
  readonly budgetLeft: number | null;
}

/** Of every look: the newest minutes, and the time since the look before. */
const WINDOWS_A_LOOK = 2;

/**
 * Judges users' requests at one time after a promotion. The chance of a false alarm is the gate's own, shared over all
 * looks of the schedule.
 */
export async function lookAtTraffic(look: TrafficLook): Promise<TrafficSeen> {
  const shared = withErrorRate(look.config, look.config.gate.maxWrongVerdictRatio / (LOOKS.length * WINDOWS_A_LOOK));
  const [own, service, slices] = await Promise.all([
    judgeOwnWindows(look, shared),
    readServiceWindows(look, shared),
    readSlices(look),
  ]);
  const budget = errorsOnly(look.config, service.get(BUDGET_PERIOD_SECONDS) ?? []);
  const counted = new Map([...service].map(([seconds, rows]) => [seconds, countsIn(rows)]));
  const release = RELEASE_WINDOWS.filter(({ seconds }) => look.elapsedSeconds >= seconds).flatMap(
    ({ seconds }) => service.get(seconds) ?? [],
  );
  const pairs = judgePairs(look.config.objectives, counted, {
    gate: GATE,
    errorRate: shared.gate.maxWrongVerdictRatio,
  });
  const beside = judgeBeside(look, shared, own.at(-1) ?? []);
  const proven = [...own.flat(), ...release];
  const told = [...pairs, ...beside];
  return {
    rows: [...proven, ...told, ...budget.map(softened)],
    anomalies: [
      ...proven.filter(isProvenOrUnusable),
      ...told.filter(({ verdict }) => verdict !== "pass"),
      ...budget.filter(isProvenOrUnusable).map(softened),
    ],
    highErrorSeconds: highErrorSeconds(slices, SLICE_SECONDS),
    budgetLeft: leftIn(look.config, counted.get(BUDGET_PERIOD_SECONDS)),
  };
}

function withErrorRate(config: StackConfig, maxWrongVerdictRatio: number): StackConfig {
  return { ...config, gate: { ...config.gate, maxWrongVerdictRatio } };
}

function judgeBeside(look: TrafficLook, { gate, objectives }: StackConfig, rows: readonly GateResult[]): GateResult[] {
  const { failFew, failMany } = levelsOf(gate.maxWrongVerdictRatio, objectives.length);
  const baseline = baselineIn(look.baseline, objectives);
  return judgeBaseline(objectives, countsIn(rows), baseline, { gate: GATE, level: failFew + failMany });
}

/** A window's rows are named `errors: 30 min burn rate`. */
function countsIn(rows: readonly GateResult[]): CountsByObjective {
  return Object.fromEntries(
    rows.map(({ objective, requests, bad }) => [objective.replace(/: [^:]* burn rate$/, ""), { requests, bad }]),
  );
}

/** The error budget is what the runbook keeps 95 % of; a latency objective may use up all of its own every day. */
function errorsOnly({ objectives }: StackConfig, rows: readonly GateResult[]): GateResult[] {
  const names = objectives.filter(({ kind }) => kind.type === "errors").map(({ name }) => name);
  return rows.filter(({ objective }) => names.some((name) => objective.startsWith(`${name}: `)));
}

/** A budget may have been used up long before this release: people are told, and nobody is woken. */
function softened(row: GateResult): GateResult {
  return row.verdict === "fail" ? { ...row, verdict: "inconclusive" } : row;
}

/** Proven bad, or not to be counted at all; too few requests for a proof are no news. */
function isProvenOrUnusable({ verdict, requests }: GateResult): boolean {
  return verdict === "fail" || verdict === "error" || (verdict === "inconclusive" && requests === 0);
}

function leftIn({ objectives }: StackConfig, counts: CountsByObjective | undefined): number | null {
  const errors = objectives.find(({ kind }) => kind.type === "errors");
  const found = errors && counts?.[errors.name];
  if (errors === undefined || found === undefined || found.requests === 0) return null;
  return 1 - found.bad / found.requests / errors.maxRatio;
}

/** How the budget stands, for people. */
export function budgetText({ budgetLeft }: Pick<TrafficSeen, "budgetLeft">): string {
  if (budgetLeft === null) return "budget untouched";
  return budgetLeft > 0 ? `budget ${percent(budgetLeft)} left` : "budget used up";
}
