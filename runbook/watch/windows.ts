import { MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import { type Counts, NO_COUNTS } from "../../gates/evidence.ts";
import { budgetWindow, judgeWindow, type ReleaseCounts } from "../../gates/live/release-slo.ts";
import { SUSTAINED_SECONDS } from "../../gates/tree.ts";
import type { GateResult } from "../../gates/verdict.ts";
import { PAIR_WINDOWS } from "../../gates/watching.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { stageAt } from "./schedule.ts";

/** A release to look at, and through what. */
export interface TrafficLook {
  readonly counts: ReleaseCounts;
  /** Its release is the one that is watched. */
  readonly config: StackConfig;
  /** What the release's gates found when it was promoted. */
  readonly baseline: readonly GateResult[];
  /** Modelled seconds since the promotion. */
  readonly elapsedSeconds: number;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** Modelled seconds since the look before; a look may be late. @default the schedule's */
  readonly sinceLookSeconds?: number;
}

/** What rows of a watch are called. */
export const GATE = "watch";
/** Of how many seconds each slice is that says how long errors are high. */
export const SLICE_SECONDS = 60;
const SHORTEST_WINDOW_SECONDS = 300;

/** The release's own requests: the newest five minutes, and the time since the look before where that is longer. */
export async function judgeOwnWindows(look: TrafficLook, config: StackConfig): Promise<GateResult[][]> {
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
export async function readServiceWindows(
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
export async function readSlices({ counts, config, timeScale }: TrafficLook): Promise<Counts[]> {
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
