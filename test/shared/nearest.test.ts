import fc from "fast-check";
import { nearest } from "../../shared/nearest.ts";

const STEPS = ["cache-redis", "database-instance", "database-subnets", "engine-fleet", "web-fleet"];

describe("nearest", () => {
  it.each([
    ["engine-flet", ["engine-fleet"]],
    ["database", ["database-instance", "database-subnets"]],
    ["Cache-Redis", ["cache-redis"]],
    ["nope", []],
  ])("offers for %s what comes close, the closest first", (mistyped, expected) => {
    expect(nearest(mistyped, STEPS)).toEqual(expected);
  });

  it("finds every word itself first, and never offers more than it may", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), fc.nat(4), (words, atMost) => {
        const [word = ""] = words;
        expect(nearest(word, words, 1 + atMost)[0]?.toLowerCase()).toBe(word.toLowerCase());
        expect(nearest(word, words, atMost).length).toBeLessThanOrEqual(atMost);
      }),
    );
  });
});
