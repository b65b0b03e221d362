import fc from "fast-check";
import { judgeBesideFleet, provenFactor, provesWorse } from "../../gates/beside-fleet.ts";
import { generator } from "../../gates/simulation/table.ts";

describe("provesWorse", () => {
  it.each([
    ["much slower", [3_500, 140], [3_500, 17], true],
    ["a little slower", [3_000, 330], [3_000, 300], false],
    ["all bad beside none", [100, 100], [100, 0], true],
    ["as bad as the fleet", [1_000, 500], [1_000, 500], false],
    ["better than the fleet", [1_000, 1], [1_000, 500], false],
    ["beside a fleet without requests", [1_000, 1_000], [0, 0], false],
    ["without requests", [0, 0], [1_000, 1], false],
  ] as const)("a track %s: %j beside %j: %p", (_, [requests, bad], [others, othersBad], expected) => {
    expect(provesWorse({ requests, bad }, { requests: others, bad: othersBad }, 1.5, 0.002)).toBe(expected);
  });

  it("errs at most at its level while one looks after every 25 requests of equal tracks", () => {
    const random = generator(11);
    const count = () => Array.from({ length: 25 }, random).filter((x) => x < 0.02).length;
    const wrong = Array.from({ length: 400 }, () => {
      let [requests, own, beside] = [0, 0, 0];
      while (requests < 2_000) {
        requests += 25;
        own += count();
        beside += count();
        if (provesWorse({ requests, bad: own }, { requests, bad: beside }, 1, 0.05)) return true;
      }
      return false;
    });
    expect(wrong.filter(Boolean).length).toBeLessThanOrEqual(20);
  });

  it("proves no larger factor after one more bad request beside it", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (bad, others) => {
        const [less, more] = [others, others + 1].map((n) =>
          provenFactor({ requests: 1_000, bad }, { requests: 1_000, bad: n }, 0.01),
        );
        expect(more).toBeLessThanOrEqual((less ?? 0) + 1e-6);
      }),
      { numRuns: 50 },
    );
  });
});

describe("judgeBesideFleet", () => {
  const slow = { name: "slow", kind: { type: "slowerThan", seconds: 1 }, maxRatio: 0.05 } as const;
  const track = { slow: { synthetic: { requests: 3_500, bad: 100 } } };

  it("holds a track that is clearly worse, within its objective though it is", () => {
    const results = judgeBesideFleet(
      [slow],
      track,
      { slow: { synthetic: { requests: 3_500, bad: 10 } } },
      { gate: "one-box" },
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(["pass", "inconclusive"]);
    expect(results[1]?.reason).toBe(
      "2.86 % of 3500 beside the fleet's 0.286 % of 3500: clearly worse, at least 2.4 times as bad",
    );
  });

  it("compares like with like only", () => {
    const results = judgeBesideFleet(
      [slow],
      track,
      { slow: { users: { requests: 3_500, bad: 10 } } },
      { gate: "one-box" },
    );
    expect(results).toHaveLength(1);
  });
});
