import fc from "fast-check";
import { levelsOf, lowerBound, provesOver, provesUnder, requestsToPass, upperBound } from "../../gates/bounds.ts";
import { judgeGate, VERDICTS, worst } from "../../gates/gate.ts";
import { type Objective, RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";

const errors: Objective = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 };
const limits = fc.constantFrom(0.001, 0.01, 0.05, 0.5);
const counts = fc
  .tuple(fc.nat({ max: 20_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([requests, share]) => ({ requests, bad: Math.floor(requests * share ** 4) }));

function judge(requests: number, bad: number) {
  const [result] = judgeGate([errors], { errors: { synthetic: { requests, bad } } }, { gate: "one-box" });
  if (result === undefined) throw new Error("no result");
  return result;
}

describe("judgeGate", () => {
  it.each([
    [0, 0, "inconclusive"],
    [3_500, 0, "inconclusive"],
    [3_600, 0, "pass"],
    [3_600, 1, "inconclusive"],
    [6_000, 1, "pass"],
    [1, 1, "inconclusive"],
    [50, 2, "fail"],
    [100, 2, "inconclusive"],
    [275, 3, "fail"],
    [1_000_000, 750, "pass"],
    [1_000_000, 1_400, "fail"],
    [20_000, 20, "inconclusive"],
  ])("judges %i requests with %i bad against 0.1 %%: %s", (requests, bad, verdict) => {
    expect(judge(requests, bad).verdict).toBe(verdict);
  });

  it.each([
    [Number.NaN, 0],
    [-1, 0],
    [10, -1],
    [10, 11],
    [10.5, 0],
    [Number.POSITIVE_INFINITY, 0],
  ])("calls %d requests with %d bad an error, never a pass", (requests, bad) => {
    expect(judge(requests, bad)).toMatchObject({ verdict: "error", requests: 0 });
  });

  it("says how many good requests are missing, and passes after exactly so many", () => {
    const { needed, reason } = judge(1_000, 1);
    expect(reason).toContain(`at least ${needed} more needed`);
    expect(judge(1_000 + needed, 1).verdict).toBe("pass");
    expect(judge(1_000 + needed - 1, 1).verdict).toBe("inconclusive");
  });

  it("is inconclusive for an objective without evidence", () => {
    expect(judgeGate([errors], {}, { gate: "one-box" })[0]).toMatchObject({ verdict: "inconclusive", measured: null });
  });

  it("fails when users alone prove it, however many synthetic requests dilute them", () => {
    const evidence = { users: { requests: 40, bad: 3 }, synthetic: { requests: 9_960, bad: 0 } };
    const [result] = judgeGate([errors], { errors: evidence }, { gate: "fleet" });
    expect(result).toMatchObject({ verdict: "fail", requests: 10_000, synthetic: 9_960 });
    expect(result?.reason).toMatch(/3 of 40 users' requests bad: at least/);
  });

  it("refuses to judge an objective whose limit is no proportion", () => {
    const [result] = judgeGate([{ ...errors, maxRatio: 0 }], {}, { gate: "one-box" });
    expect(result?.verdict).toBe("error");
  });

  it("passes a clean release on all objectives of the runbook as early as on the strictest alone", () => {
    const clean = Object.fromEntries(
      RUNBOOK_OBJECTIVES.map(({ name }) => [name, { synthetic: { requests: 3_600, bad: 0 } }]),
    );
    expect(judgeGate(RUNBOOK_OBJECTIVES, clean, { gate: "one-box" }).map(({ verdict }) => verdict)).toEqual(
      Array(4).fill("pass"),
    );
  });

  it("never betters a verdict for one more bad request", () => {
    fc.assert(
      fc.property(counts, limits, ({ requests, bad }, maxRatio) => {
        const at = (n: number) =>
          judgeGate([{ ...errors, maxRatio }], { errors: { users: { requests, bad: n } } }, { gate: "g" })[0];
        const [better, worse] = [at(bad), at(Math.min(requests, bad + 1))];
        expect(VERDICTS.indexOf(worse?.verdict ?? "pass")).toBeLessThanOrEqual(
          VERDICTS.indexOf(better?.verdict ?? "fail"),
        );
        expect(worse?.lower).toBeGreaterThanOrEqual(better?.lower ?? 1);
      }),
      { numRuns: 300 },
    );
  });
});

describe("bounds", () => {
  const levels = levelsOf(0.05, 1);

  it("enclose the measured ratio and agree with the proofs", () => {
    fc.assert(
      fc.property(counts, limits, (evidence, limit) => {
        const [lower, upper] = [lowerBound(evidence, levels), upperBound(evidence, levels)];
        const measured = evidence.requests === 0 ? 0 : evidence.bad / evidence.requests;
        expect(lower).toBeLessThanOrEqual(measured);
        expect(upper).toBeGreaterThanOrEqual(measured);
        expect(provesUnder(evidence, limit, levels)).toBe(upper <= limit);
        expect(provesOver(evidence, limit, levels)).toBe(lower >= limit);
      }),
      { numRuns: 300 },
    );
  });

  it("never prove both sides at once", () => {
    fc.assert(
      fc.property(counts, limits, (evidence, limit) => {
        expect(provesUnder(evidence, limit, levels) && provesOver(evidence, limit, levels)).toBe(false);
      }),
    );
  });

  it("need fewer further requests after each good one", () => {
    fc.assert(
      fc.property(counts, limits, (evidence, limit) => {
        const needed = requestsToPass(evidence, limit, levels);
        const next = requestsToPass({ ...evidence, requests: evidence.requests + 1 }, limit, levels);
        expect(next).toBe(Math.max(0, needed - 1));
      }),
      { numRuns: 100 },
    );
  });
});

describe("worst", () => {
  it.each([
    [["pass", "fail", "error"], "fail"],
    [["pass", "error", "inconclusive"], "error"],
    [["pass", "inconclusive"], "inconclusive"],
    [["pass", "pass"], "pass"],
    [[], "inconclusive"],
  ] as const)("of %j is %s", (verdicts, expected) => {
    expect(worst(verdicts)).toBe(expected);
  });
});
