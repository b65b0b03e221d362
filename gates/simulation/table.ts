import type { Verdict } from "../verdict.ts";
import type { Decider, Outcome, Setting } from "./deciders.ts";
import { generator } from "./random.ts";
import { drawStream } from "./stream.ts";

export interface Simulation extends Setting {
  /** True ratios of bad requests, a row each. */
  readonly badRatios: readonly number[];
  readonly streams: number;
  readonly requestsPerStream: number;
  readonly seed: number;
}

/** What one decider did on all streams of one true ratio. */
export interface Row {
  readonly badRatio: number;
  readonly decider: string;
  /** Shares of the streams. */
  readonly pass: number;
  readonly fail: number;
  readonly undecided: number;
  /** Share of verdicts that are not what is true; at exactly the limit every verdict is wrong. */
  readonly wrong: number;
  /** Requests until half of the streams, and the last of them, had a verdict; null when they never had. */
  readonly medianRequests: number | null;
  readonly maxRequests: number | null;
  readonly medianSeconds: number | null;
}

/** After so many streams whoever runs it may do something else. */
const STREAMS_A_STEP = 250;

/**
 * Runs every decider on the same streams, step by step, and returns the table; the same seed gives the same table on
 * every machine.
 */
export function* simulate(deciders: readonly Decider[], simulation: Simulation): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const [index, badRatio] of simulation.badRatios.entries()) {
    const outcomes = deciders.map((): Outcome[] => []);
    const random = generator(simulation.seed + index);
    for (let i = 0; i < simulation.streams; i++) {
      if (i % STREAMS_A_STEP === 0) yield;
      const stream = drawStream(badRatio, simulation.requestsPerStream, random);
      for (const [j, decider] of deciders.entries()) outcomes[j]?.push(decider.decide(stream, simulation));
    }
    rows.push(...deciders.map(({ name }, j) => summarise(name, badRatio, outcomes[j] ?? [], simulation)));
  }
  return rows;
}

function summarise(decider: string, badRatio: number, outcomes: readonly Outcome[], setting: Setting): Row {
  const share = (verdict: Verdict) =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length / outcomes.length;
  const [pass, fail, undecided] = [share("pass"), share("fail"), share("inconclusive")];
  const requests = outcomes
    .map((outcome) => (outcome.verdict === "inconclusive" ? Number.POSITIVE_INFINITY : outcome.requests))
    .sort((a, b) => a - b);
  const medianRequests = finite(requests[Math.ceil(requests.length / 2) - 1]);
  return {
    badRatio,
    decider,
    pass,
    fail,
    undecided,
    wrong: wrongShare(badRatio, setting.maxRatio, pass, fail),
    medianRequests,
    maxRequests: finite(requests.at(-1)),
    medianSeconds: medianRequests === null ? null : medianRequests / setting.requestsPerSecond,
  };
}

function wrongShare(badRatio: number, maxRatio: number, pass: number, fail: number): number {
  if (badRatio === maxRatio) return pass + fail;
  return badRatio < maxRatio ? fail : pass;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
