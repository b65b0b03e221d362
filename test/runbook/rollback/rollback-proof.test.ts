import { type GateResult, judgeGate } from "../../../gates/gate.ts";
import type { SloGate } from "../../../gates/live/gate-runner.ts";
import type { Reading } from "../../../gates/objective.ts";
import { NO_TRAFFIC } from "../../../gates/traffic.ts";
import { acceptWeaker, proveErrors } from "../../../runbook/rollback/rollback-proof.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const errors = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 } as const;

/** The gate on what is made at twenty requests a second, beside what users' metrics say. */
function gate(reading: Reading<never>, changes: Partial<SloGate> = {}): SloGate {
  const clock = fakeClock();
  const synthetic = {
    start: () => undefined,
    stop: async () => undefined,
    counts: () => ({ ...NO_TRAFFIC, requests: Math.round(clock.now() * 20) }),
  };
  const sources = { synthetic, users: { countsSince: async () => reading } };
  return {
    gate: "rollback",
    objectives: [errors],
    sources,
    lookEverySeconds: 5,
    deadlineSeconds: 100,
    clock,
    ...changes,
  };
}

describe("proveErrors", () => {
  it("accepts the weaker bound where nobody but the gate asks", async () => {
    const [result] = await proveErrors(gate({ kind: "no-data" }));
    expect(result).toMatchObject({ verdict: "pass", reason: expect.stringContaining("a weaker bound than 0.1 %") });
  });

  it("accepts nothing beside metrics that are stale, however good the gate's own requests are (F43)", async () => {
    const results = await proveErrors(gate({ kind: "stale", ageSeconds: 600 }, { deadlineSeconds: 500 }));
    expect(results).toMatchObject([{ verdict: "inconclusive", reason: expect.stringContaining("600 s old") }]);
  });

  it("accepts nothing when no time is left to look", async () => {
    const results = await proveErrors(gate({ kind: "no-data" }, { deadlineSeconds: 0 }));
    expect(results).toMatchObject([
      { verdict: "inconclusive", requests: 0, reason: expect.stringMatching(/^nothing was left of the 120 s/) },
    ]);
  });
});

describe("acceptWeaker", () => {
  const judged = (requests: number, bad: number): GateResult => {
    const [result] = judgeGate([errors], { errors: { synthetic: { requests, bad } } }, { gate: "rollback" });
    if (result === undefined) throw new Error("no result");
    return acceptWeaker(result);
  };

  it("states the bound that two minutes at twenty requests a second allow, and that it is weaker", () => {
    const result = judged(2400, 0);
    expect(result.verdict).toBe("pass");
    expect(result.upper).toBeGreaterThan(0.001);
    expect(result.upper).toBeLessThan(0.002);
    expect(result.reason).toMatch(
      /^0 of 2400 requests bad: at most 0\.1\d+ %, a weaker bound than 0\.1 %, for lack of/,
    );
  });

  it.each([
    ["next to nothing was measured", 1, 0, "inconclusive", /at most 97\.\d+ %, but a rollback needs a bound of 1 %$/],
    ["what was measured proves less than 1 %", 300, 0, "inconclusive", /at most 1\.\d+ %, but a rollback needs/],
    ["enough good requests prove the limit itself", 6000, 0, "pass", /under the limit/],
    ["there were no requests", 0, 0, "inconclusive", /no requests/],
    ["more were bad than the limit allows, though nothing is proven", 1000, 2, "inconclusive", /not proven/],
    ["errors are proven", 1000, 50, "fail", /over the limit/],
  ] as const)("leaves the verdict when %s", (_, requests, bad, verdict, reason) => {
    expect(judged(requests, bad)).toMatchObject({ verdict, reason: expect.stringMatching(reason) });
  });
});
