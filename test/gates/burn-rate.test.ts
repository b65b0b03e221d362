import { alerts, budgetLeft, burnRate, judgeBurn, RELEASE_WINDOWS, WORKBOOK_PAIRS } from "../../gates/burn-rate.ts";
import type { Objective } from "../../gates/objective.ts";

const errors: Objective = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 };
const [halfHour] = RELEASE_WINDOWS;

describe("burnRate", () => {
  it.each([
    [1_000, 1, 1],
    [1_000, 0, 0],
    [1_000, 144, 144],
    [0, 0, undefined],
    [10, 11, undefined],
    [Number.NaN, 0, undefined],
  ])("of %d requests with %d bad against 0.1 %% is %p", (requests, bad, rate) => {
    expect(burnRate({ requests, bad }, 0.001)).toBe(rate);
  });
});

describe("budgetLeft", () => {
  it.each([
    [1_000_000, 0, 1],
    [1_000_000, 50, 0.95],
    [1_000_000, 2_000, -1],
    [0, 0, undefined],
  ])("after %d requests with %d bad is %p", (requests, bad, left) => {
    expect(budgetLeft({ requests, bad }, 0.001)).toEqual(left === undefined ? left : expect.closeTo(left, 9));
  });
});

describe("WORKBOOK_PAIRS", () => {
  it.each(WORKBOOK_PAIRS)("use $budgetUsed of the budget at $maxBurnRate over $longSeconds s", (pair) => {
    expect((pair.maxBurnRate * pair.longSeconds) / (30 * 86_400)).toBeCloseTo(pair.budgetUsed, 9);
    expect(pair.longSeconds / pair.shortSeconds).toBe(12);
  });
});

describe("alerts", () => {
  const [page] = WORKBOOK_PAIRS;
  if (page === undefined) throw new Error("no pair");
  it.each([
    ["both windows burn", 200, 20, true],
    ["the short window has stopped burning", 200, 0, false],
    ["only the short window burns", 10, 20, false],
  ])("when %s: %d of 10,000 and %d of 1,000: %p", (_, long, short, expected) => {
    expect(alerts(page, { requests: 10_000, bad: long }, { requests: 1_000, bad: short }, 0.001)).toBe(expected);
  });

  it("are not silenced by a short window without counts", () => {
    expect(alerts(page, { requests: 10_000, bad: 200 }, { requests: 0, bad: 0 }, 0.001)).toBe(true);
  });
});

describe("judgeBurn", () => {
  it.each([
    ["proven too fast", 20_000, 100, "fail"],
    ["too fast, but not proven", 500, 1, "inconclusive"],
    ["slow enough", 20_000, 5, "pass"],
    ["not measured", 0, 0, "inconclusive"],
    ["impossible", 10, 20, "error"],
  ])("calls a rate that is %s (%d requests, %d bad) %s", (_, requests, bad, verdict) => {
    if (halfHour === undefined) throw new Error("no window");
    const [result] = judgeBurn([errors], halfHour, { errors: { requests, bad } }, { gate: "start" });
    expect(result).toMatchObject({ gate: "start", objective: "errors: 30 min burn rate", verdict, limit: 0.001 });
  });
});
