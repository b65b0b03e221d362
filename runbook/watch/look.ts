import { percent } from "../../gates/gate.ts";
import { type Decision, decide, withFinding } from "../../gates/tree.ts";
import { type GateResult, type Verdict, worst } from "../../gates/verdict.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { DiagnosisContext, Examination } from "../diagnosis/examination.ts";
import { cacheWords, databaseWords, errorLines, pods } from "../diagnosis/pods.ts";
import { type EndedCheck, runSideBySide } from "../preflight/check.ts";
import { certificate, entrance, zone } from "../preflight/checks/names.ts";
import { dashboards } from "../preflight/checks/observability.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { END_SECONDS, stageAt } from "./schedule.ts";
import { budgetText, type TrafficSeen } from "./traffic.ts";

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
