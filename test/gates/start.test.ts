import { judgeStart, RELEASE_WINDOWS } from "../../gates/burn-rate.ts";
import type { CountsByObjective, Objective, Reading } from "../../gates/objective.ts";

const errors: Objective = { name: "errors", kind: { type: "errors" }, maxRatio: 0.001 };

function judge(reading: Reading<CountsByObjective>) {
  const [halfHour] = RELEASE_WINDOWS;
  if (halfHour === undefined) throw new Error("no window");
  return judgeStart([errors], halfHour, reading, { gate: "start engine" })[0];
}

const counted = (requests: number, bad: number): Reading<CountsByObjective> => {
  return { kind: "value", value: { errors: { requests, bad } } };
};

describe("judgeStart", () => {
  it("fails while the budget is proven to burn too fast", () => {
    const result = judge(counted(2_000, 100));
    expect(result).toMatchObject({ verdict: "fail", gate: "start engine", objective: "errors: 30 min burn rate" });
    expect(result?.reason).toMatch(/^already burning: 100 of 2000 requests bad: burns at 50x; expected under 1x/);
  });

  it.each<[string, Reading<CountsByObjective>, RegExp]>([
    ["nobody asked anything", { kind: "no-data" }, /^skipped: no requests in the last 30 min/],
    ["nothing was counted", counted(0, 0), /^skipped: no requests/],
    ["a rate is high and not proven", counted(500, 1), /^not proven, so it does not block: 1 of 500 requests bad/],
    ["the budget lasts", counted(20_000, 5), /^5 of 20000 requests bad: burns at 0.25x/],
  ])("lets a release start where %s, and says so", (_, reading, reason) => {
    const result = judge(reading);
    expect(result?.verdict).toBe("pass");
    expect(result?.reason).toMatch(reason);
  });

  it.each<[Reading<CountsByObjective>, string]>([
    [{ kind: "unreachable", reason: "ECONNREFUSED" }, "error"],
    [{ kind: "not-a-number", reason: "http_requests_total{}" }, "inconclusive"],
    [{ kind: "stale", ageSeconds: 300 }, "inconclusive"],
    [counted(10, 20), "error"],
  ])("never lets one start on %j", (reading, verdict) => {
    expect(judge(reading)?.verdict).toBe(verdict);
  });
});
