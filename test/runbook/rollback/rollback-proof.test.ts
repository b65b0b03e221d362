import { judgeGate } from "../../../gates/gate.ts";
import type { GateResult } from "../../../gates/verdict.ts";
import { acceptWeaker } from "../../../runbook/rollback/rollback-proof.ts";

describe("acceptWeaker", () => {
  const errors = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 } as const;
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
      /^0 of 2400 requests bad: at most 0\.1\d+ %, a weaker bound than 0\.1 %, for want of/,
    );
  });

  it.each([
    ["enough good requests prove the limit itself", 6000, 0, "pass", /under the limit/],
    ["there were no requests", 0, 0, "inconclusive", /no requests/],
    ["more were bad than the limit allows, though nothing is proven", 1000, 2, "inconclusive", /not proven/],
    ["errors are proven", 1000, 50, "fail", /over the limit/],
  ] as const)("leaves the verdict when %s", (_, requests, bad, verdict, reason) => {
    expect(judged(requests, bad)).toMatchObject({ verdict, reason: expect.stringMatching(reason) });
  });
});
