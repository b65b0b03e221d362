import { type Levels, levelsOf, lowerBound, provesOver, provesUnder, requestsToPass, upperBound } from "./bounds.ts";
import {
  type Counts,
  type CountsReading,
  type Evidence,
  NO_COUNTS,
  type Objective,
  pooled,
  problemOfCounts,
  problemOfObjective,
  problemOfReading,
} from "./objective.ts";

/** What a gate can say, worst first: proven bad, could not look, not proven yet, proven good. */
export const VERDICTS = ["fail", "error", "inconclusive", "pass"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The worst of the verdicts; of none, `inconclusive`: nothing was proven. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? "inconclusive";
}

/** Why counts are not usable, and what a gate may say of them at most. */
export interface Trouble {
  readonly verdict: Verdict;
  readonly reason: string;
}

/** What keeps a reading from being judged; undefined where it has all counts, or nobody was asked anything. */
export function troubleOfReading(reading: CountsReading): Trouble | undefined {
  if (reading.kind === "value" || reading.kind === "no-data") return undefined;
  return { verdict: reading.kind === "unreachable" ? "error" : "inconclusive", reason: problemOfReading(reading) };
}

export const PHASES = [
  "preflight",
  "infrastructure",
  "database",
  "one-box",
  "fleet",
  "cutover",
  "promoted",
  "rollback",
] as const;

/** Where a deployment is; `promoted` begins with the cutover's end, `rollback` is the rollback and its proof. */
export type Phase = (typeof PHASES)[number];

/** What a gate judges, as facts beside the name that people read. */
export interface GateSubject {
  readonly gate: string;
  /** The part of a deployment that it guards; absent where nothing is deployed, as in a watch. */
  readonly phase?: Phase;
  /** Whose pods it judged; absent for what all services share, such as the entrance. */
  readonly service?: string;
  readonly track?: "one-box" | "fleet";
}

/** How a result was found: checked, or counted against an objective, a burn rate or other requests. */
const RESULT_KINDS = ["health", "objective", "burn-rate", "comparison"] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

/** The subject alone, of what has more beside it. */
export function subjectOf({ gate, phase, service, track }: GateSubject): GateSubject {
  return {
    gate,
    ...(phase !== undefined && { phase }),
    ...(service !== undefined && { service }),
    ...(track !== undefined && { track }),
  };
}

/** One objective's verdict with the evidence it rests on; kept with the release and shown in every report. */
export interface GateResult extends GateSubject {
  readonly kind: ResultKind;
  readonly objective: string;
  /** The config's own name of the objective, where `objective` says more, such as a burn rate's window. */
  readonly of?: string;
  readonly verdict: Verdict;
  /** All sources together. */
  readonly requests: number;
  readonly bad: number;
  /** bad / requests; null without requests. */
  readonly measured: number | null;
  readonly limit: number;
  /** Bounds of the true ratio that hold at every look together. */
  readonly lower: number;
  readonly upper: number;
  /** The fewest further requests, all good, after which it would pass; 0 once it does. */
  readonly needed: number;
  /** How many of the requests the gate made itself. */
  readonly synthetic: number;
  readonly reason: string;
  /** The cluster's own words for what a health gate found, such as a probe's answer. */
  readonly words?: string;
  /** How the bounds closed in while the gate looked; only in its log and in a deploy's document. */
  readonly looks?: readonly Look[];
}

/** What was known of one objective at one look. */
export interface Look {
  /** Since the gate began. */
  readonly seconds: number;
  readonly requests: number;
  readonly bad: number;
  readonly lower: number;
  readonly upper: number;
}

/** Total chance, over all looks and objectives, that a gate's verdict is wrong. */
export const DEFAULT_ERROR_RATE = 0.05;

export interface GateOptions extends GateSubject {
  /** @default 0.05 */
  readonly errorRate?: number;
  /** Tests beside the objectives that can also stop the release, such as comparisons with the fleet. @default 0 */
  readonly comparisons?: number;
}

/**
 * Judges each objective on its evidence so far; looking again never raises the chance of a wrong verdict.
 * An objective without evidence is inconclusive, one with impossible counts is an error; neither ever passes.
 */
export function judgeGate(
  objectives: readonly Objective[],
  evidence: Readonly<Record<string, Evidence>>,
  options: GateOptions,
): GateResult[] {
  const levels = levelsOf(options.errorRate ?? DEFAULT_ERROR_RATE, failTests(objectives, evidence, options));
  return objectives.map((objective) => judgeObjective(objective, evidence[objective.name] ?? {}, levels, options));
}

/** How many tests of a gate could wrongly fail it: users alone are tested beside all sources together. */
export function failTests(
  objectives: readonly Objective[],
  evidence: Readonly<Record<string, Evidence>>,
  options: Pick<GateOptions, "comparisons">,
): number {
  const tests = objectives.map(({ name }) => (hasBothSources(evidence[name] ?? {}) ? 2 : 1));
  return Math.max(
    1,
    tests.reduce<number>((total, n) => total + n, options.comparisons ?? 0),
  );
}

function hasBothSources(evidence: Evidence): boolean {
  return evidence.users !== undefined && evidence.synthetic !== undefined;
}

function judgeObjective(objective: Objective, evidence: Evidence, levels: Levels, gate: GateSubject): GateResult {
  const problem = problemOfObjective(objective) ?? problemOfEvidence(evidence);
  if (problem !== undefined) return unusable(gate, objective, problem);
  const counts = pooled(evidence);
  const users = hasBothSources(evidence) ? (evidence.users ?? NO_COUNTS) : NO_COUNTS;
  const verdict = verdictOf(objective, counts, users, levels);
  const shown = verdict === "fail" && !provesOver(counts, objective.maxRatio, levels) ? users : counts;
  return {
    ...subjectOf(gate),
    kind: "objective",
    objective: objective.name,
    verdict,
    ...counts,
    measured: counts.requests === 0 ? null : counts.bad / counts.requests,
    limit: objective.maxRatio,
    lower: lowerBound(shown, levels),
    upper: upperBound(shown, levels),
    needed: requestsToPass(counts, objective.maxRatio, levels),
    synthetic: evidence.synthetic?.requests ?? 0,
    reason: reasonFor(verdict, objective, counts, shown, levels),
  };
}

function problemOfEvidence({ users, synthetic }: Evidence): string | undefined {
  const ofUsers = users && problemOfCounts(users);
  const ofSynthetic = synthetic && problemOfCounts(synthetic);
  return ofUsers ?? ofSynthetic;
}

function unusable(gate: GateSubject, objective: Objective, reason: string): GateResult {
  const nothing = { requests: 0, bad: 0, measured: null, lower: 0, upper: 1, needed: 0, synthetic: 0 };
  const about = { ...subjectOf(gate), kind: "objective", objective: objective.name } as const;
  return { ...about, verdict: "error", limit: objective.maxRatio, ...nothing, reason };
}

/** The verdict alone, as cheap as it can be told: for a million looks at recorded counts. */
export function verdictOf(objective: Objective, counts: Counts, users: Counts, levels: Levels): Verdict {
  const limit = objective.maxRatio;
  if (provesOver(counts, limit, levels) || provesOver(users, limit, levels)) return "fail";
  return counts.requests > 0 && provesUnder(counts, limit, levels) ? "pass" : "inconclusive";
}

function reasonFor(verdict: Verdict, objective: Objective, counts: Counts, shown: Counts, levels: Levels): string {
  const limit = percent(objective.maxRatio);
  const seen = `${shown.bad} of ${shown.requests} ${shown === counts ? "requests" : "users' requests"} bad`;
  if (verdict === "pass") return `${seen}: at most ${percent(upperBound(counts, levels))}, under the limit ${limit}`;
  if (verdict === "fail") return `${seen}: at least ${percent(lowerBound(shown, levels))}, over the limit ${limit}`;
  const needed = requestsToPass(counts, objective.maxRatio, levels);
  if (counts.requests === 0) return `no requests; ${needed} good ones would prove a ratio under ${limit}`;
  return `${seen}: not proven under ${limit}; at least ${needed} more needed`;
}

/** A ratio as people read it, with three significant digits. */
export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
