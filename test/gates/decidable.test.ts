import fc from "fast-check";
import { judgeGate } from "../../gates/gate.ts";
import { type GatePlan, undecidable } from "../../gates/live/gate-decidable.ts";
import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";

const plan: GatePlan = {
  objectives: RUNBOOK_OBJECTIVES,
  errorRate: 0.05,
  requestsPerSecond: 60,
  deadlineSeconds: 600,
  bucketSeconds: [0.1, 1, 5],
};

describe("undecidable", () => {
  it("lets the runbook's objectives pass at 60 requests a second", () => {
    expect(undecidable(plan)).toBeUndefined();
  });

  it("refuses too little traffic, with the smallest change first", () => {
    const refusal = undecidable({ ...plan, requestsPerSecond: 5 });
    expect(refusal?.reason).toBe(
      "errors: 5 requests a second for 600 s make 3000; even without a bad one, 3546 are needed to prove a ratio under 0.1 %",
    );
    expect(refusal?.changes).toEqual([
      { setting: "gate.deadlineMinutes", from: 10, to: 11.9 },
      { setting: "gate.syntheticRequestsPerSecond", from: 5, to: 6 },
      { setting: 'objectives "errors" maxRatio', from: 0.001, to: 0.0012 },
    ]);
  });

  it.each<[string, Partial<GatePlan>, RegExp]>([
    ["no objectives", { objectives: [] }, /nothing could be proven/],
    [
      "an impossible share of wrong verdicts",
      { errorRate: 0 },
      /expected more than 0 .*maxWrongVerdictRatio from 0 to 0.05/,
    ],
    [
      "a limit that is no proportion",
      { objectives: [{ name: "x", kind: { type: "errors" }, maxRatio: 1 }] },
      /x: maxRatio is 1/,
    ],
    [
      "a duration without a bucket",
      { bucketSeconds: [0.1, 1, 10] },
      /ends at 5 s; there are 0.1, 1, 10; .* from 5 to 10/,
    ],
    ["no traffic at all", { requestsPerSecond: 0 }, /make 0; .*syntheticRequestsPerSecond from 0 to 6/],
  ])("refuses %s", (_, change, said) => {
    const refusal = undecidable({ ...plan, ...change });
    const changes = refusal?.changes.map(({ setting, from, to }) => `${setting} from ${from} to ${to}`) ?? [];
    expect([refusal?.reason, ...changes].join("; ")).toMatch(said);
  });

  it("offers only changes that make the gate decidable, and lets a clean release pass exactly when decidable", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 900 }),
        (requestsPerSecond, deadlineSeconds) => {
          const tried = { ...plan, requestsPerSecond, deadlineSeconds };
          const refusal = undecidable(tried);
          const clean = { synthetic: { requests: requestsPerSecond * deadlineSeconds, bad: 0 } };
          const results = judgeGate(
            plan.objectives,
            Object.fromEntries(plan.objectives.map(({ name }) => [name, clean])),
            { gate: "g" },
          );
          expect(results.every(({ verdict }) => verdict === "pass")).toBe(refusal === undefined);
          for (const { setting, to } of refusal?.changes ?? []) {
            if (setting === "gate.deadlineMinutes")
              expect(undecidable({ ...tried, deadlineSeconds: to * 60 })).toBeUndefined();
            if (setting === "gate.syntheticRequestsPerSecond")
              expect(undecidable({ ...tried, requestsPerSecond: to })).toBeUndefined();
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
