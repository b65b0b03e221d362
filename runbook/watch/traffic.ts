import { levelsOf } from "../../gates/bounds.ts";
import { BUDGET_PERIOD_SECONDS, MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import type { CountsByObjective } from "../../gates/evidence.ts";
import { type Counts, NO_COUNTS } from "../../gates/evidence.ts";
import { percent } from "../../gates/gate.ts";
import { budgetWindow, judgeWindow, type ReleaseCounts } from "../../gates/live/release-slo.ts";
import { SUSTAINED_SECONDS } from "../../gates/tree.ts";
import type { GateResult } from "../../gates/verdict.ts";
import { baselineIn, highErrorSeconds, judgeBaseline, judgePairs, PAIR_WINDOWS } from "../../gates/watching.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { LOOKS, stageAt } from "./schedule.ts";

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

/** By the objectives that the rows are of. */
function countsIn(rows: readonly GateResult[]): CountsByObjective {
  return Object.fromEntries(rows.map(({ of, objective, requests, bad }) => [of ?? objective, { requests, bad }]));
}

/** The error budget is what the runbook keeps 95 % of; a latency objective may use up all of its own every day. */
function errorsOnly({ objectives }: StackConfig, rows: readonly GateResult[]): GateResult[] {
  const names = objectives.filter(({ kind }) => kind.type === "errors").map(({ name }) => name);
  return rows.filter(({ of, objective }) => names.includes(of ?? objective));
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

/** A release to look at, and through what. */
export interface TrafficLook {
  readonly counts: ReleaseCounts;
  /** Its release is the one that is watched. */
  readonly config: StackConfig;
  /** What the release's gates found when it was promoted. */
  readonly baseline: StackOutputs["gates"];
  /** Modelled seconds since the promotion. */
  readonly elapsedSeconds: number;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** Modelled seconds since the look before; a look may be late. @default the schedule's */
  readonly sinceLookSeconds?: number;
}

/** What rows of a watch are called. */
const GATE = "watch";

/** Of how many seconds each slice is that says how long errors are high. */
const SLICE_SECONDS = 60;

const SHORTEST_WINDOW_SECONDS = 300;

/** The release's own requests: the newest five minutes, and the time since the look before where that is longer. */
async function judgeOwnWindows(look: TrafficLook, config: StackConfig): Promise<GateResult[][]> {
  const { counts, elapsedSeconds, timeScale, sinceLookSeconds = 0 } = look;
  const lengths = [SHORTEST_WINDOW_SECONDS, Math.max(stageAt(elapsedSeconds).everySeconds, sinceLookSeconds)];
  const windows = [...new Set(lengths.map((seconds) => Math.max(1, Math.min(seconds, elapsedSeconds))))];
  const ofRelease = { ...counts, service: counts.users };
  const found = await Promise.all(
    windows.map((seconds) => {
      const window = { name: `${Number((seconds / 60).toPrecision(2))} min`, seconds, maxBurnRate: 1 };
      return judgeWindow(ofRelease, config, window, { name: GATE, timeScale });
    }),
  );
  return found.map((rows) => (rows === "no-requests" ? [] : rows));
}

/** Every window that reaches back beyond the release, by its length; no rows where users asked nothing in it. */
async function readServiceWindows(
  { counts, timeScale }: TrafficLook,
  config: StackConfig,
): Promise<ReadonlyMap<number, GateResult[]>> {
  const pairs = PAIR_WINDOWS.map((seconds) => ({ name: `${seconds} s`, seconds, maxBurnRate: 1 }));
  const byLength = new Map(
    [...pairs, ...RELEASE_WINDOWS, budgetWindow(MIN_BUDGET_LEFT)].map((window) => [window.seconds, window]),
  );
  const found = await Promise.all(
    [...byLength].map(async ([seconds, window]) => {
      const rows = await judgeWindow(counts, config, window, { name: GATE, timeScale });
      return [seconds, rows === "no-requests" ? [] : rows] as const;
    }),
  );
  return new Map(found);
}

/** Users' requests of the newest minutes, each minute by itself, newest first. */
async function readSlices({ counts, config, timeScale }: TrafficLook): Promise<Counts[]> {
  const errors = config.objectives.filter(({ kind }) => kind.type === "errors").slice(0, 1);
  const now = counts.now();
  const ages = Array.from({ length: SUSTAINED_SECONDS / SLICE_SECONDS }, (_, index) => (index + 1) * SLICE_SECONDS);
  const totals = await Promise.all(
    ages.map(async (age) => {
      const reading = await counts.users.countsSince(errors, now - age * timeScale);
      return (reading.kind === "value" ? reading.value[errors[0]?.name ?? ""] : undefined) ?? NO_COUNTS;
    }),
  );
  return totals.map((total, index) => difference(total, totals[index - 1] ?? NO_COUNTS));
}

/** Later scrapes may come between two questions; a slice is never less than nothing. */
function difference(total: Counts, newer: Counts): Counts {
  const requests = Math.max(0, total.requests - newer.requests);
  return { requests, bad: Math.min(requests, Math.max(0, total.bad - newer.bad)) };
}
