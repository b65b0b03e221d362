import fc from "fast-check";
import { observed, type ProbeThresholds, UNPROBED } from "../../../rehearsal/cluster/container-runner.ts";

function stateAfter(results: readonly boolean[], thresholds: ProbeThresholds = {}) {
  return results.reduce((state, succeeded) => observed(state, succeeded, thresholds), UNPROBED);
}

describe("observed", () => {
  it.each([
    { results: [], verdict: undefined },
    { results: [true], verdict: "pass" },
    { results: [false, false], verdict: undefined },
    { results: [false, false, false], verdict: "fail" },
    { results: [true, false, false], verdict: "pass" },
    { results: [true, false, false, false], verdict: "fail" },
    { results: [false, false, false, true], verdict: "pass" },
    { results: [false, false, true, false, false], verdict: "pass" },
  ])("says $verdict after $results", ({ results, verdict }) => {
    expect(stateAfter(results).verdict).toBe(verdict);
  });

  it("needs as many successes as the threshold says", () => {
    const thresholds = { successThreshold: 2, failureThreshold: 1 };
    expect(stateAfter([false, true], thresholds).verdict).toBe("fail");
    expect(stateAfter([false, true, true], thresholds).verdict).toBe("pass");
  });

  it("is decided by the last results alone, once there are as many alike as both thresholds", () => {
    const thresholds = fc.record({
      successThreshold: fc.integer({ min: 1, max: 4 }),
      failureThreshold: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(fc.boolean()), thresholds, fc.boolean(), (before, limits, last) => {
        const alike = Array.from({ length: 4 }, () => last);
        expect(stateAfter([...before, ...alike], limits).verdict).toBe(last ? "pass" : "fail");
      }),
    );
  });
});
