import fc from "fast-check";
import { WORKBOOK_PAIRS } from "../../gates/burn-rate.ts";
import { type GateResult, VERDICTS } from "../../gates/gate.ts";
import type { Counts, Objective } from "../../gates/objective.ts";
import { baselineIn, highErrorSeconds, judgeBaseline, judgePairs, PAIR_WINDOWS } from "../../gates/watching.ts";
import { subjectNamed } from "../support/gate-subjects.ts";

const errors: Objective = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 };
const LEVEL = 0.001;
const counts = fc
  .integer({ min: 0, max: 20_000 })
  .chain((requests) => fc.record({ requests: fc.constant(requests), bad: fc.integer({ min: 0, max: requests }) }));
/** Counts, and the same requests with more bad ones among them. */
const worsened = counts.chain(({ requests, bad }) =>
  fc.integer({ min: bad, max: requests }).map(
    (more) =>
      [
        { requests, bad },
        { requests, bad: more },
      ] as const,
  ),
);
const isNoBetter = (worse: readonly GateResult[], better: readonly GateResult[]) =>
  worse.every(({ verdict }, index) => {
    const before = better[index]?.verdict;
    return before !== undefined && VERDICTS.indexOf(verdict) <= VERDICTS.indexOf(before);
  });

describe("judgePairs", () => {
  const windows = (bad: Readonly<Record<number, number>>) =>
    new Map(PAIR_WINDOWS.map((seconds) => [seconds, { errors: { requests: 10_000, bad: bad[seconds] ?? 0 } }]));
  const both = (long: Counts, short: Counts) =>
    new Map([
      [3_600, { errors: long }],
      [300, { errors: short }],
    ]);
  const judge = (bad: Readonly<Record<number, number>>) => judgePairs([errors], windows(bad), { gate: "watch" });

  it.each([
    ["nothing burns", {}, ["pass", "pass", "pass"]],
    ["14.4x is exceeded over 1 h and 5 min", { 3600: 250, 300: 145 }, ["fail", "pass", "pass"]],
    ["only the short window proves it", { 3600: 145, 300: 250 }, ["fail", "pass", "pass"]],
    ["it is exceeded, and not proven", { 3600: 145, 300: 145 }, ["inconclusive", "pass", "pass"]],
    ["it is only met", { 3600: 144, 300: 144 }, ["pass", "pass", "pass"]],
    ["the short window has stopped burning", { 3600: 250, 300: 0 }, ["pass", "pass", "pass"]],
    ["6x is exceeded over 6 h and 30 min", { 21600: 150, 1800: 61 }, ["pass", "fail", "pass"]],
    ["1x is exceeded over 3 d and 6 h", { 259200: 11, 21600: 11 }, ["pass", "pass", "inconclusive"]],
  ])("when %s", (_, bad, verdicts) => {
    expect(judge(bad).map(({ verdict }) => verdict)).toEqual(verdicts);
  });

  it("tells the rates and what they would have to be", () => {
    expect(judge({ 3600: 200, 300: 250 })[0]).toMatchObject({
      objective: "errors: 1 h and 5 min burn rates",
      reason: "burns at 20x and 25x over 1 h and 5 min; page above 14.4x in both",
    });
  });

  it("proves nothing by one failed request in a quiet hour", () => {
    const one = { requests: 1, bad: 1 };
    expect(judgePairs([errors], both(one, one), { gate: "watch" })).toMatchObject([
      {
        verdict: "inconclusive",
        reason: "burns at 1000x and 1000x over 1 h and 5 min; page above 14.4x in both; 1 bad of 1 proves nothing",
      },
    ]);
  });

  it.each([
    ["less than no bad requests", { requests: 10, bad: -3 }],
    ["more bad requests than requests", { requests: 10, bad: 11 }],
    ["no number", { requests: Number.NaN, bad: 0 }],
  ])("is an error for %s", (_, impossible) => {
    const good = { requests: 10, bad: 0 };
    const expected = [{ verdict: "error", requests: 0, bad: 0, reason: expect.stringContaining("expected") }];
    expect(judgePairs([errors], both(impossible, good), { gate: "watch" })).toMatchObject(expected);
    expect(judgePairs([errors], both(good, impossible), { gate: "watch" })).toMatchObject(expected);
  });

  it("has no row for a window without requests", () => {
    expect(judgePairs([errors], new Map(), { gate: "watch" })).toEqual([]);
  });

  it("never betters for more bad requests in any window", () => {
    fc.assert(
      fc.property(worsened, worsened, fc.constantFrom(...WORKBOOK_PAIRS), ([long, longer], [short, shorter], pair) => {
        const judged = (a: Counts, b: Counts) =>
          judgePairs(
            [errors],
            new Map([
              [pair.longSeconds, { errors: a }],
              [pair.shortSeconds, { errors: b }],
            ]),
            { gate: "watch" },
          );
        return isNoBetter(judged(longer, shorter), judged(long, short));
      }),
    );
  });
});

describe("baselineIn", () => {
  const row = (gate: string, objective: string, bad: number): GateResult => ({
    ...subjectNamed(gate),
    kind: "objective",
    objective,
    verdict: "pass",
    requests: 4_000,
    bad,
    measured: bad / 4_000,
    limit: 0.001,
    lower: 0,
    upper: 0.001,
    needed: 0,
    synthetic: 4_000,
    reason: "",
  });

  it("sums what the fleets' gates counted for each objective", () => {
    const gates = [
      row("engine one-box", "errors", 9),
      row("engine fleet", "errors", 1),
      row("web fleet", "errors", 2),
      row("engine fleet", "pods ready", 0),
    ];
    expect(baselineIn(gates, [errors])).toEqual({ errors: { requests: 8_000, bad: 3 } });
  });

  it("has nothing where the gates checked health alone", () => {
    expect(baselineIn([row("engine fleet", "pods ready", 0)], [errors])).toEqual({});
  });
});

describe("judgeBaseline", () => {
  const judge = (own: Counts, beside: Counts) =>
    judgeBaseline([errors], { errors: own }, { errors: beside }, { gate: "watch", level: LEVEL });

  it("passes what is as it was, and what is not proven worse", () => {
    expect(judge({ requests: 5_000, bad: 5 }, { requests: 8_000, bad: 8 })[0]).toMatchObject({ verdict: "pass" });
    expect(judge({ requests: 200, bad: 1 }, { requests: 8_000, bad: 8 })[0]).toMatchObject({ verdict: "pass" });
  });

  it("is inconclusive, and never fails, for what is proven clearly worse", () => {
    expect(judge({ requests: 20_000, bad: 400 }, { requests: 8_000, bad: 8 })[0]).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringMatching(/^2 % of 20000 beside 0.1 % of 8000 when it was promoted: at least [\d.]+ times/),
    });
  });

  it("has no row without requests, or without a baseline", () => {
    expect(judge({ requests: 0, bad: 0 }, { requests: 8_000, bad: 8 })).toEqual([]);
    expect(judge({ requests: 10, bad: 0 }, { requests: 0, bad: 0 })).toEqual([]);
  });

  it("never betters for more bad requests", () => {
    fc.assert(
      fc.property(worsened, counts, ([own, worse], beside) => isNoBetter(judge(worse, beside), judge(own, beside))),
    );
  });
});

describe("highErrorSeconds", () => {
  const slice = (bad: number, requests = 100): Counts => ({ requests, bad });

  it.each([
    ["none fails", [slice(0), slice(0)], 0],
    ["exactly 1 % fails", [slice(1), slice(1)], 0],
    ["all slices fail", [slice(2), slice(2), slice(9)], 180],
    ["the newest is well again", [slice(0), slice(9), slice(9)], 0],
    ["a slice was well in between", [slice(9), slice(0), slice(9)], 60],
    ["a slice has no requests", [slice(9), slice(0, 0), slice(9), slice(0)], 180],
    ["only slices without requests come before", [slice(9), slice(0, 0)], 60],
    ["one request failed, and nobody has asked since", [...Array(4).fill(slice(0, 0)), slice(1, 1)], 60],
    ["they failed a while ago, and nobody has asked since", [slice(0, 0), slice(9), slice(0, 0), slice(9)], 180],
    ["nobody asks", [slice(0, 0), slice(0, 0)], 0],
  ])("when %s", (_, slices, seconds) => {
    expect(highErrorSeconds(slices, 60)).toBe(seconds);
  });

  it("is never shorter for more bad requests in any slice", () => {
    fc.assert(
      fc.property(fc.array(worsened, { maxLength: 6 }), (slices) => {
        const [before, after] = [slices.map(([one]) => one), slices.map(([, other]) => other)];
        return highErrorSeconds(after, 60) >= highErrorSeconds(before, 60);
      }),
    );
  });
});
