import { type Levels, levelsOf, lowerBound, provesOver, provesUnder, requestsToPass, upperBound } from "./bounds.ts";
import {
  type Counts,
  type Evidence,
  NO_COUNTS,
  type Objective,
  pooled,
  problemOfCounts,
  problemOfObjective,
} from "./objective.ts";
import { type GateResult, type GateSubject, subjectOf, type Verdict } from "./verdict.ts";

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
