import fc from "fast-check";
import { worst } from "../../gates/gate.ts";
import { runSloGate } from "../../gates/live/gate-runner.ts";
import { RUNBOOK_OBJECTIVES } from "../../gates/objective.ts";
import { recordingGate } from "../../gates/recording.ts";
import { NO_TRAFFIC } from "../../gates/traffic.ts";
import { fakeClock } from "../support/fake-clock.ts";

const errorsOf = (share: number) =>
  fc
    .record({ requests: fc.integer({ min: 0, max: 300 }), unlucky: fc.double({ min: 0, max: 1, noNaN: true }) })
    .map(({ requests, unlucky }) => ({
      ...NO_TRAFFIC,
      requests,
      errors: unlucky < share ? Math.min(1, requests) : 0,
    }));

describe("recordingGate", () => {
  it("answers the same, at the same time, as the gate of a run on the same counts", async () => {
    const recording = fc
      .constantFrom(0, 0.05, 0.5)
      .chain((share) => fc.array(errorsOf(share), { minLength: 1, maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(recording, async (intervals) => {
        const offline = recordingGate(RUNBOOK_OBJECTIVES);
        for (const [i, interval] of intervals.entries()) offline.add({ at: i + 1, ...interval });
        const clock = fakeClock();
        const soFar = () =>
          intervals.slice(0, clock.now()).reduce(
            (sum, { requests, errors }) => ({
              ...NO_TRAFFIC,
              requests: sum.requests + requests,
              errors: sum.errors + errors,
            }),
            NO_TRAFFIC,
          );
        const synthetic = { start: () => undefined, stop: async () => undefined, counts: soFar };
        const deadlineSeconds = intervals.length;
        const run = await runSloGate({
          gate: "judge",
          objectives: RUNBOOK_OBJECTIVES,
          sources: { synthetic },
          lookEverySeconds: 1,
          deadlineSeconds,
          clock,
        });
        const { verdict, decidedAt, objectives } = offline.result();
        expect(worst(run.map((result) => result.verdict))).toBe(verdict);
        expect(clock.now()).toBe(decidedAt ?? intervals.length);
        expect(run.map(({ requests, bad, lower, upper }) => ({ requests, bad, lower, upper }))).toEqual(
          objectives.map(({ requests, bad, lower, upper }) => ({ requests, bad, lower, upper })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("does not depend on how counts were split into intervals that nobody looked between", () => {
    const parts = fc.array(errorsOf(0.02), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(parts, (intervals) => {
        const total = intervals.reduce(
          (sum, { requests, errors }) => ({
            ...NO_TRAFFIC,
            requests: sum.requests + requests,
            errors: sum.errors + errors,
          }),
          NO_TRAFFIC,
        );
        const [once, inOrder] = [recordingGate(RUNBOOK_OBJECTIVES), recordingGate(RUNBOOK_OBJECTIVES)];
        once.add({ at: 1, ...total });
        for (const interval of intervals) inOrder.add({ at: 1, ...interval });
        if (inOrder.result().decidedAt === null) expect(inOrder.result().objectives).toEqual(once.result().objectives);
      }),
    );
  });

  it("does not depend on the scale of time", () => {
    fc.assert(
      fc.property(
        fc.array(errorsOf(0.1), { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0.001, max: 1_000, noNaN: true }),
        (intervals, scale) => {
          const [plain, scaled] = [recordingGate(RUNBOOK_OBJECTIVES), recordingGate(RUNBOOK_OBJECTIVES)];
          intervals.forEach((interval, i) => {
            plain.add({ at: i, ...interval });
            scaled.add({ at: i * scale, ...interval });
          });
          expect(scaled.result().objectives).toEqual(plain.result().objectives);
        },
      ),
    );
  });
});
