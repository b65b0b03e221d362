import { levelsOf } from "../bounds.ts";
import { type Verdict, verdictOf } from "../gate.ts";
import { NO_COUNTS, type Objective } from "../objective.ts";

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

/** What the gate must show at a true ratio, with 25 requests a look, limit 0.1 %, one objective, error rate 5 %. */
interface Target {
  readonly badRatio: number;
  readonly verdict: "pass" | "fail" | undefined;
  readonly maxMedianRequests?: number;
  readonly maxRequests?: number;
  readonly maxWrong?: number;
}

export const TARGETS: readonly Target[] = [
  { badRatio: 0, verdict: "pass", maxRequests: 3_600, maxWrong: 0 },
  { badRatio: 0.0002, verdict: "pass", maxMedianRequests: 6_000, maxWrong: 0.01 },
  { badRatio: 0.001, verdict: undefined, maxWrong: 0.05 },
  { badRatio: 0.005, verdict: "fail", maxMedianRequests: 1_200 },
  { badRatio: 0.01, verdict: "fail", maxMedianRequests: 300 },
  { badRatio: 0.05, verdict: "fail", maxMedianRequests: 60 },
];

/** What a row falls short of, in words; nothing when it meets its target. */
export function shortfalls(row: Row, target: Target): string[] {
  const { medianRequests, maxRequests } = row;
  const checks: [boolean, string][] = [
    [target.verdict !== undefined && row[target.verdict] < 0.5, `${target.verdict} in less than half of the streams`],
    [over(medianRequests, target.maxMedianRequests), `median ${medianRequests} over ${target.maxMedianRequests}`],
    [over(maxRequests, target.maxRequests), `${maxRequests} requests over ${target.maxRequests}`],
    [row.wrong > (target.maxWrong ?? 1), `wrong in ${row.wrong} over ${target.maxWrong}`],
  ];
  return checks.flatMap(([missed, words]) => (missed ? [words] : []));
}

function over(value: number | null, limit: number | undefined): boolean {
  return limit !== undefined && (value === null || value > limit);
}

/** Where a rival is better than our row on the same streams: fewer wrong verdicts, or as right and sooner. */
export function whereBehind(ours: Row, rival: Row): string[] {
  const wrong = rival.wrong < ours.wrong ? [`wrong less often (${share(rival.wrong)} to ${share(ours.wrong)})`] : [];
  const [theirs, own] = [
    rival.medianRequests ?? Number.POSITIVE_INFINITY,
    ours.medianRequests ?? Number.POSITIVE_INFINITY,
  ];
  const sooner =
    theirs < own
      ? [
          `answers sooner (median ${theirs} requests to ${ours.medianRequests ?? "none"}), wrong in ${share(rival.wrong)}`,
        ]
      : [];
  return [...wrong, ...sooner];
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** What was decided, and after how many requests; `inconclusive` when the stream ended first. */
interface Outcome {
  readonly verdict: Verdict;
  readonly requests: number;
}

interface Setting {
  /** Upper limit of the ratio of bad requests. */
  readonly maxRatio: number;
  readonly errorRate: number;
  readonly requestsPerSecond: number;
  readonly requestsPerLook: number;
}

/** A way to decide on a release from a stream of its requests, and where it is defined. */
interface Decider {
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

/** Requests in their order, each bad with the same chance; only the places of the bad ones are kept. */
interface Stream {
  readonly requests: number;
  /** Bad requests among the first `requests`. */
  badUpTo(requests: number): number;
}

/** A stream drawn from `random`: the gaps between bad requests are geometric. */
export function drawStream(badRatio: number, requests: number, random: () => number): Stream {
  const places: number[] = [];
  for (let place = gap(badRatio, random); place <= requests; place += gap(badRatio, random)) places.push(place);
  return { requests, badUpTo: (count) => upTo(places, count) };
}

/** Requests up to and with the next bad one. */
function gap(badRatio: number, random: () => number): number {
  if (badRatio === 0) return Number.POSITIVE_INFINITY;
  return 1 + Math.floor(Math.log1p(-random()) / Math.log1p(-badRatio));
}

/** How many of the sorted places are at most `count`. */
function upTo(places: readonly number[], count: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) <= count) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Uniform numbers in [0, 1) that the seed alone decides, on every machine (mulberry32, Tommy Ettinger, 2017; period 2^32).
 */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}
