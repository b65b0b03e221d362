import fc from "fast-check";
import type { GateResult } from "../../../gates/gate.ts";
import { LookHistory, thinned } from "../../../gates/live/gate-runner.ts";

const result = (objective: string, requests: number): GateResult => ({
  gate: "engine one-box",
  kind: "objective",
  objective,
  verdict: "inconclusive",
  requests,
  bad: 0,
  measured: 0,
  limit: 0.001,
  lower: 0,
  upper: 1 / (requests + 3),
  needed: 10,
  synthetic: requests,
  reason: "",
});

describe("LookHistory", () => {
  it("gives each objective its own looks, with the last as the gate saw it", () => {
    const history = new LookHistory();
    history.add(0.5, [result("errors", 100), result("slower than 1 s", 90)]);
    history.add(1.123456, [result("errors", 300)]);
    const [errors, slow, beside] = history.attachTo([
      result("errors", 300),
      result("slower than 1 s", 90),
      result("errors beside the fleet (users)", 300),
    ]);
    expect(errors?.looks).toEqual([
      { seconds: 0.5, requests: 100, bad: 0, lower: 0, upper: 0.009709 },
      { seconds: 1.123, requests: 300, bad: 0, lower: 0, upper: 0.0033 },
    ]);
    expect(slow?.looks).toHaveLength(1);
    expect(beside).not.toHaveProperty("looks");
  });

  it("stays small however long a gate looks", () => {
    const history = new LookHistory();
    for (let look = 1; look <= 1_000; look++) history.add(look, [result("errors", look)]);
    const [errors] = history.attachTo([result("errors", 1_000)]);
    expect(errors?.looks).toHaveLength(50);
    expect(JSON.stringify(errors).length).toBeLessThan(4_500);
  });
});

describe("thinned", () => {
  it("keeps the first, the last, the order, and all when they are few", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer()), fc.integer({ min: 2, max: 60 }), (items, most) => {
        const kept = thinned(items, most);
        expect(kept.length).toBe(Math.min(items.length, most));
        expect([kept.at(0), kept.at(-1)]).toEqual([items.at(0), items.at(-1)]);
        expect(kept).toEqual(items.filter((item) => kept.includes(item)));
      }),
    );
  });
});
