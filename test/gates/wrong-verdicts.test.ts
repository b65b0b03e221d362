import { levelsOf } from "../../gates/bounds.ts";
import { verdictOf } from "../../gates/gate.ts";
import { NO_COUNTS, RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { drawStream, generator } from "../../gates/simulation/table.ts";

/** Exact chances of each verdict over `looks` looks of 25 requests, by the distribution of the bad count. */
function chances(ratio: number, limit: number, looks: number) {
  const levels = levelsOf(0.05, 1);
  const objective = { name: "errors", kind: { type: "errors" }, maxRatio: limit } as const;
  const perLook = binomial(25, ratio);
  let undecided = new Map([[0, 1]]);
  const decided = { pass: 0, fail: 0, error: 0, inconclusive: 0 };
  for (let look = 1; look <= looks; look++) {
    const next = new Map<number, number>();
    for (const [bad, chance] of undecided)
      for (const [more, mass] of perLook.entries()) next.set(bad + more, (next.get(bad + more) ?? 0) + chance * mass);
    undecided = new Map();
    for (const [bad, chance] of next) {
      if (chance < 1e-12) continue;
      const verdict = verdictOf(objective, { requests: look * 25, bad }, NO_COUNTS, levels);
      if (verdict === "inconclusive") undecided.set(bad, chance);
      else decided[verdict] += chance;
    }
  }
  return decided;
}

function binomial(trials: number, ratio: number): number[] {
  const masses = [(1 - ratio) ** trials];
  for (let i = 0; i < 8; i++) masses.push(((masses[i] ?? 0) * (trials - i) * ratio) / ((i + 1) * (1 - ratio)));
  return masses;
}

describe("verdictOf, looking after every 25 of 20,000 requests", () => {
  it("is wrong at most 5 % of the time at exactly the limit, either way together", () => {
    const { pass, fail } = chances(0.001, 0.001, 800);
    expect(pass + fail).toBeLessThan(0.05);
    expect(pass).toBeGreaterThan(0.03);
  });

  it("fails a healthy release less than once in a thousand times", () => {
    expect(chances(0.0002, 0.001, 800).fail).toBeLessThan(0.001);
  });

  it.each([0.0011, 0.002])("passes a release of ratio %d at most 4.16 % of the time", (ratio) => {
    expect(chances(ratio, 0.001, 800).pass).toBeLessThan(0.0416);
  });
});

describe("levelsOf, for four objectives", () => {
  it("lets a release exactly at all its limits fail at most as often as one objective alone", () => {
    const random = generator(21);
    const levels = levelsOf(0.05, RUNBOOK_OBJECTIVES.length);
    const failed = Array.from({ length: 400 }, () =>
      RUNBOOK_OBJECTIVES.some((objective) => {
        const stream = drawStream(objective.maxRatio, 3_000, random);
        return Array.from({ length: 120 }, (_, look) => (look + 1) * 25).some((requests) => {
          const counts = { requests, bad: stream.badUpTo(requests) };
          return verdictOf(objective, counts, NO_COUNTS, levels) === "fail";
        });
      }),
    );
    expect(failed.filter(Boolean).length / failed.length).toBeLessThan(0.02);
  });
});
