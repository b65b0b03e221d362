import { Health } from "../../../rehearsal/backing/balancer.ts";

const after = (results: string, healthyThreshold = 3) => {
  const health = new Health();
  for (const result of results) health.record(result === "+", healthyThreshold);
  return health.healthy;
};

describe("Health", () => {
  it.each([
    ["", false, "nothing"],
    ["+", true, "a new target's first success"],
    ["-", false, "a new target's first failure"],
    ["--+", true, "a late first success"],
    ["+-", true, "one failure"],
    ["+--", false, "two failures in a row"],
    ["+-+-", true, "two failures apart"],
    ["+--++", false, "fewer successes than the threshold after that"],
    ["+--+++", true, "as many successes as the threshold after that"],
    ["+--++-+++", true, "successes in a row only"],
    ["+--++-++", false, "successes that a failure parts"],
  ])("after %s is %s: %s", (results, expected) => {
    expect(after(results)).toBe(expected);
  });

  it("says when it changes", () => {
    const health = new Health();
    expect([true, true, false, false, false].map((result) => health.record(result, 2))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});
