import { levelsOf } from "../../gates/bounds.ts";
import { BUDGET_PERIOD_SECONDS, MIN_BUDGET_LEFT, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import { type GateResult, percent, type Verdict, worst } from "../../gates/gate.ts";
import { budgetWindow, judgeWindow, type ReleaseCounts } from "../../gates/live/release-slo.ts";
import { type Counts, type CountsByObjective, NO_COUNTS } from "../../gates/objective.ts";
import { type Decision, decide, SUSTAINED_SECONDS, withFinding } from "../../gates/tree.ts";
import { baselineIn, highErrorSeconds, judgeBaseline, judgePairs, PAIR_WINDOWS } from "../../gates/watching.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import type { DiagnosisContext, Examination } from "../diagnosis/examination.ts";
import { cacheWords, databaseWords, errorLines, pods } from "../diagnosis/pods.ts";
import { type EndedCheck, runSideBySide } from "../preflight/check.ts";
import { certificate, entrance, zone } from "../preflight/checks/names.ts";
import { dashboards } from "../preflight/checks/observability.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { END_SECONDS, LOOKS, stageAt } from "./schedule.ts";

/** What one look saw, before anything is decided. */
export interface Seen extends TrafficSeen {
  readonly checks: readonly EndedCheck[];
}

/** One check at a promoted release: what was seen, what is not as it should be, and what was decided and done. */
export interface WatchLook extends Seen {
  /** Seconds since 1970. */
  readonly at: number;
  /** Since the promotion. */
  readonly elapsedSeconds: number;
  readonly stage: string;
  readonly verdict: Verdict;
  /** What people should know of, in words; empty when all is well. */
  readonly problems: readonly string[];
  readonly decision: Decision;
  /** What became of the decision; null when it asked for nothing. */
  readonly done: string | null;
}

export interface Circumstances {
  readonly at: number;
  readonly elapsedSeconds: number;
  readonly canRollBack: boolean;
  /** The release is what was rolled back to already, or rolling back was tried. */
  readonly rollbackTried: boolean;
}

const NOTHING_SEEN: Seen = { rows: [], anomalies: [], highErrorSeconds: 0, budgetLeft: null, checks: [] };

/** Judges what was seen and asks the decision tree; worse findings never better the verdict. */
export function judgeLook(seen: Seen, circumstances: Circumstances): WatchLook {
  const verdict = worst([verdictOfTraffic(seen), verdictOfChecks(seen.checks)]);
  return conclude(seen, verdict, problemsIn(seen), circumstances);
}

/** A few requests that prove nothing speak neither for nor against a release; none at all is not enough to pass. */
function verdictOfTraffic({ rows, anomalies }: Seen): Verdict {
  if (anomalies.length > 0) return worst(anomalies.map(({ verdict }) => verdict));
  return rows.some(({ requests }) => requests > 0) ? "pass" : "inconclusive";
}

/** A look that could not be taken. */
export function failedLook(error: unknown, circumstances: Circumstances): WatchLook {
  const reason = messageOf(error);
  return conclude(NOTHING_SEEN, "error", [`could not check: ${reason}`], circumstances);
}

function conclude(seen: Seen, verdict: Verdict, problems: readonly string[], given: Circumstances): WatchLook {
  const { at, elapsedSeconds, canRollBack, rollbackTried } = given;
  const decision = decide({
    phase: "promoted",
    verdict,
    elapsedSeconds,
    deadlineSeconds: END_SECONDS,
    canRollBack,
    hasState: true,
    destroyRequested: false,
    rollbackTried,
    highErrorSeconds: seen.highErrorSeconds,
  });
  const [problem] = problems;
  const told = problem === undefined ? decision : withFinding(decision, problem);
  const { name: stage } = stageAt(elapsedSeconds);
  return { at, elapsedSeconds, stage, verdict, problems, ...seen, decision: told, done: null };
}

/** What is wrong in words, what is proven bad first. */
function problemsIn({ anomalies, checks }: Seen): string[] {
  const order: readonly Verdict[] = ["fail", "error", "inconclusive", "pass"];
  // A source that is silent is so for every objective.
  const byReason = Map.groupBy(anomalies, ({ verdict, reason }) => `${verdict} ${reason}`);
  const found = [
    ...[...byReason.values()].flatMap(([row, ...more]) => (row === undefined ? [] : [problemOf(row, more.length)])),
    ...checks
      .filter((check) => verdictOf(check) !== "pass")
      .map((check) => ({ verdict: verdictOf(check), text: `${check.title}: ${check.reason}` })),
  ];
  return found.sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict)).map(({ text }) => text);
}

function problemOf({ objective, verdict, reason }: GateResult, more: number) {
  return { verdict, text: `${objective}${more === 0 ? "" : ` and ${more} more`}: ${reason}` };
}

/** What a problem is about, whatever its numbers: so that people are told of it once. */
export function subjectsOf(look: Pick<WatchLook, "anomalies" | "checks" | "verdict">): string[] {
  const rows = look.anomalies.map(({ objective }: GateResult) => objective);
  const checks = look.checks.filter((check) => verdictOf(check) !== "pass").map(({ id }) => id);
  return [...new Set([...rows, ...checks])].sort();
}

type Watched = Pick<Examination, "id" | "title" | "timeLimitSeconds" | "run">;

/** Users are turned away: a person must investigate now. */
const URGENT: readonly Watched[] = [entrance];

/** People are told of it, and nobody is woken: it may fix itself, and the error rate says whether users feel it. */
const TOLD: readonly Watched[] = [pods, databaseWords, cacheWords, errorLines, zone, certificate, dashboards];

/** What each look goes through beside the requests: pods, their logs, the way in, DNS, TLS and the dashboards. */
export const WATCHED: readonly Watched[] = [...URGENT, ...TOLD];

/** Looks at everything side by side; rejects only when aborted. */
export function runChecks(context: DiagnosisContext, screen: Screen, signal: AbortSignal): Promise<EndedCheck[]> {
  return runSideBySide("look", WATCHED, context, { screen, signal });
}

/** What a check's finding means for the release: the tree knows verdicts. */
function verdictOf({ id, status, isBlind }: EndedCheck): Verdict {
  if (status === "pass" || status === "skipped") return "pass";
  if (isBlind === true) return "error";
  return status === "fail" && URGENT.some((each) => each.id === id) ? "fail" : "inconclusive";
}

/** The worst of the checks. */
function verdictOfChecks(checks: readonly EndedCheck[]): Verdict {
  return checks.length === 0 ? "pass" : worst(checks.map(verdictOf));
}

/** A word for each verdict, so that nothing is told by colour alone. */
export const WORDS = { pass: "✓ well", inconclusive: "- open", error: "! BLIND", fail: "✗ BAD" } as const;

/** A look as a person reads it: when, how it was, what is wrong, and what is decided. */
export function lookLines(look: WatchLook, nextSeconds: number | undefined, paint: Paint): string[] {
  const { verdict, elapsedSeconds, problems, decision } = look;
  const isBad = verdict === "fail" || verdict === "error";
  const word = isBad ? paint.bad(WORDS[verdict]) : verdict === "pass" ? paint.good(WORDS.pass) : WORDS[verdict];
  const next = nextSeconds === undefined ? "" : `; next at T+${duration(nextSeconds)}`;
  const told = problems.length === 0 ? [] : problems.map((problem) => `      ${problem}`);
  const isPlain = decision.action === "proceed" || (decision.action === "wait" && problems.length === 0);
  const action = isPlain ? [] : [`      → ${decision.action}: ${decision.reason}`];
  const lines = [`  ${word}  T+${duration(elapsedSeconds)}  ${summary(look)}${next}`, ...told, ...action];
  return lines.flatMap((line) => inColumns(line).split("\n"));
}

/** What the newest requests and the checks said. */
export function summary({ rows, checks, budgetLeft }: WatchLook): string {
  const errors = rows.find(({ objective }) => objective.startsWith("errors"));
  const isSilent = errors?.verdict === "error";
  const ratio =
    errors === undefined || errors.measured === null
      ? "no requests"
      : `${percent(errors.measured)} of ${errors.requests} failed`;
  const passed = checks.filter(({ status }) => status === "pass").length;
  const looked = checks.filter(({ status }) => status !== "skipped").length;
  const counted = isSilent ? "requests not counted" : `${ratio}, ${budgetText({ budgetLeft })}`;
  return `${counted}, ${passed} of ${looked} checks`;
}

/** What a look's requests said. */
interface TrafficSeen {
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
      return ("value" in reading ? reading.value[errors[0]?.name ?? ""] : undefined) ?? NO_COUNTS;
    }),
  );
  return totals.map((total, index) => difference(total, totals[index - 1] ?? NO_COUNTS));
}

/** Later scrapes may come between two questions; a slice is never less than nothing. */
function difference(total: Counts, newer: Counts): Counts {
  const requests = Math.max(0, total.requests - newer.requests);
  return { requests, bad: Math.min(requests, Math.max(0, total.bad - newer.bad)) };
}
