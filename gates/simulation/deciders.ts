import { levelsOf } from "../bounds.ts";
import { NO_COUNTS } from "../evidence.ts";
import { verdictOf } from "../gate.ts";
import type { Objective } from "../objective.ts";
import type { Verdict } from "../verdict.ts";
import type { Stream } from "./stream.ts";

/** What was decided, and after how many requests; `inconclusive` when the stream ended first. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly requests: number;
}

export interface Setting {
  /** Upper limit of the ratio of bad requests. */
  readonly maxRatio: number;
  readonly errorRate: number;
  readonly requestsPerSecond: number;
  readonly requestsPerLook: number;
}

/** A way to decide on a release from a stream of its requests, and where it is defined. */
export interface Decider {
  readonly name: string;
  readonly source: string;
  decide(stream: Stream, setting: Setting): Outcome;
}

const sparki: Decider = {
  name: "sparki",
  source: "gates/gate.ts",
  decide(stream, { maxRatio, errorRate, requestsPerLook }) {
    const objective: Objective = { name: "errors", kind: { type: "errors" }, maxRatio };
    const levels = levelsOf(errorRate, 1);
    for (let requests = requestsPerLook; requests <= stream.requests; requests += requestsPerLook) {
      const counts = { requests, bad: stream.badUpTo(requests) };
      const verdict = verdictOf(objective, counts, NO_COUNTS, levels);
      if (verdict !== "inconclusive") return { verdict, requests };
    }
    return { verdict: "inconclusive", requests: stream.requests };
  },
};

/** Looks once after five minutes and compares what it measured with the limit. */
const fixedWait: Decider = {
  name: "fixed 5 min",
  source: "the runbook, section 4: wait 5 minutes, then compare",
  decide(stream, { maxRatio, requestsPerSecond }) {
    const requests = Math.round(300 * requestsPerSecond);
    if (requests > stream.requests) return { verdict: "inconclusive", requests: stream.requests };
    return { verdict: stream.badUpTo(requests) / requests < maxRatio ? "pass" : "fail", requests };
  },
};

/**
 * Flagger: every minute the success rate of that minute is compared with its minimum; a failed check halts the step and
 * counts, ten failed checks roll back, ten passed ones (stepWeight 5 up to maxWeight 50) promote.
 */
const flagger: Decider = {
  name: "Flagger",
  source: "https://docs.flagger.app/usage/how-it-works (interval 1m, threshold 10, maxWeight 50, stepWeight 5)",
  decide: (stream, setting) => checkEveryMinute(stream, setting, { passes: 10, failures: 10 }),
};

/** Argo Rollouts: five measurements a minute apart, and one more failure than failureLimit, which is 0, aborts. */
const argo: Decider = {
  name: "Argo Rollouts",
  source: "https://argo-rollouts.readthedocs.io/en/stable/features/analysis (interval 60s, count 5, failureLimit 0)",
  decide: (stream, setting) => checkEveryMinute(stream, setting, { measurements: 5, failures: 1 }),
};

interface Checks {
  /** Passed checks that promote. */
  readonly passes?: number;
  /** Checks after which it promotes. */
  readonly measurements?: number;
  /** Failed checks that roll back. */
  readonly failures: number;
}

function checkEveryMinute(stream: Stream, { maxRatio, requestsPerSecond }: Setting, checks: Checks): Outcome {
  const minute = Math.round(60 * requestsPerSecond);
  let failed = 0;
  for (let check = 1; check * minute <= stream.requests; check++) {
    const requests = check * minute;
    const bad = stream.badUpTo(requests) - stream.badUpTo(requests - minute);
    if (1 - bad / minute < 1 - maxRatio) failed++;
    if (failed >= checks.failures) return { verdict: "fail", requests };
    if (check - failed === checks.passes || check === checks.measurements) return { verdict: "pass", requests };
  }
  return { verdict: "inconclusive", requests: stream.requests };
}

export const DECIDERS: readonly Decider[] = [sparki, fixedWait, flagger, argo];
