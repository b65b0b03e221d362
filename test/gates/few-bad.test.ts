import { failBoundary, passBoundary, poissonMass, poissonTail } from "../../gates/bounds.ts";

/** The chance that a Poisson process of rate 1 ever has `bad` points by `boundary[bad]`, by small steps of time. */
function chanceToFail(boundary: readonly number[]): number {
  const step = 0.001;
  let alive = [1, ...Array<number>(boundary.length).fill(0)];
  let crossed = 0;
  for (let time = step; time <= (boundary.at(-1) ?? 0); time += step) {
    alive = alive.map((_, to) =>
      alive.reduce((sum, mass, from) => (from > to ? sum : sum + mass * poissonMass(step, to - from)), 0),
    );
    for (const [bad, exposure] of boundary.entries()) {
      if (time > exposure) continue;
      crossed += alive[bad] ?? 0;
      alive[bad] = 0;
    }
  }
  return crossed;
}

describe("failBoundary", () => {
  it("grows with the count of bad requests and never fails on one", () => {
    const boundary = failBoundary(0.0078);
    expect(boundary[1]).toBe(0);
    expect(boundary.slice(2)).toEqual([...boundary.slice(2)].sort((a, b) => a - b));
  });

  it.each([0.0078, 0.05])("spends at most its level %d, and nearly all of it", (level) => {
    const chance = chanceToFail(failBoundary(level));
    expect(chance).toBeLessThanOrEqual(level);
    expect(chance).toBeGreaterThan(0.9 * level);
  });
});

describe("passBoundary", () => {
  it("grows with the count of bad requests", () => {
    const boundary = passBoundary(0.041);
    expect(boundary).toEqual([...boundary].sort((a, b) => a - b));
  });

  it.each([0.041, 0.2])("spends exactly its level %d", (level) => {
    let alive = [1, ...Array<number>(8).fill(0)];
    let before = 0;
    let crossed = 0;
    for (const [bad, exposure] of passBoundary(level).entries()) {
      alive = alive.map((_, to) =>
        alive.reduce((sum, m, from) => (from > to ? sum : sum + m * poissonMass(exposure - before, to - from)), 0),
      );
      crossed += alive[bad] ?? 0;
      alive[bad] = 0;
      before = exposure;
    }
    expect(crossed).toBeCloseTo(level, 5);
  });
});

describe("poissonTail", () => {
  it.each([
    [1, 0, 1],
    [1, 1, 1 - Math.exp(-1)],
    [0.01, 2, 4.96679e-5],
  ])("of mean %d from %d is %d", (mean, count, tail) => {
    expect(poissonTail(mean, count)).toBeCloseTo(tail, 9);
  });
});
