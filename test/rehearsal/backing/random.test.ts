import fc from "fast-check";
import { chooseWeighted, seededRandom } from "../../../rehearsal/backing/random.ts";

describe("seededRandom", () => {
  it("gives the same numbers, from 0 up to 1, for the same seed", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [one, other] = [seededRandom(seed), seededRandom(seed)];
        for (let i = 0; i < 20; i += 1) {
          const value = one();
          expect(value).toBe(other());
          expect(value >= 0 && value < 1).toBe(true);
        }
      }),
    );
  });
});

describe("chooseWeighted", () => {
  it("never takes a weight of 0 while another is positive", () => {
    const weights = fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: 1 })
      .filter((all) => all.some((one) => one > 0));
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (all, at) => {
        const choice = chooseWeighted(
          all.map((weight) => ({ weight })),
          () => at,
        );
        expect(choice?.weight).toBeGreaterThan(0);
      }),
    );
  });

  it("takes each as often as its weight says", () => {
    const random = seededRandom(7);
    const choices = [{ weight: 90 }, { weight: 10 }, { weight: 0 }];
    const taken = Array.from({ length: 10_000 }, () => chooseWeighted(choices, random)?.weight);
    const share = taken.filter((weight) => weight === 10).length / taken.length;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.12);
  });

  it("takes any where every weight is 0, as Route 53 does, and none of none", () => {
    const all = [
      { weight: 0, name: "a" },
      { weight: 0, name: "b" },
    ];
    expect(chooseWeighted(all, () => 0.9)?.name).toBe("b");
    expect(chooseWeighted([], () => 0.5)).toBeUndefined();
  });
});
