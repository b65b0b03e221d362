import fc from "fast-check";
import { draw, latency, TIMINGS, uniforms } from "../../../rehearsal/aws/latency.ts";

const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const timing = fc.constantFrom(...Object.values(TIMINGS));

function draws(of: Parameters<typeof draw>[0], count: number): number[] {
  return Array.from({ length: count }, (_, index) => draw(of, uniforms(7, `key ${index}`))).sort((a, b) => a - b);
}

describe("draw", () => {
  it("stays within minimum and maximum", () => {
    fc.assert(
      fc.property(timing, uniform, uniform, uniform, (of, first, second, tail) => {
        const seconds = draw(of, [first, second, tail]);
        expect(seconds).toBeGreaterThanOrEqual(of.min);
        expect(seconds).toBeLessThanOrEqual(of.max);
      }),
    );
  });

  it.each(Object.entries(TIMINGS))("has the typical time of %s in its middle", (_name, of) => {
    const middle = draws(of, 2001)[1000] ?? 0;
    expect(Math.abs(middle / of.typical - 1)).toBeLessThan(0.1);
  });

  it("comes near the maximum once or twice in a hundred", () => {
    const slow = draws(latency(358, 480, 3600), 10_000).filter((seconds) => seconds > 3000).length;
    expect(slow).toBeGreaterThan(100);
    expect(slow).toBeLessThan(200);
  });
});

describe("uniforms", () => {
  it("are the same for the same seed and key, and others for another", () => {
    expect(uniforms(1, "a")).toEqual(uniforms(1, "a"));
    expect(uniforms(1, "a")).not.toEqual(uniforms(2, "a"));
    expect(uniforms(1, "a")).not.toEqual(uniforms(1, "b"));
  });
});
