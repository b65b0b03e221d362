import fc from "fast-check";
import { graceAfterHook, timingAt } from "../../../rehearsal/cluster/timing.ts";

describe("timingAt", () => {
  it("takes the full time at scale 1", () => {
    const timing = timingAt(1);
    expect(timing.probePeriod({ periodSeconds: 5 })).toBe(5000);
    expect(timing.grace(30)).toBe(30_000);
    expect(timing.preStopSleep(45)).toBe(45_000);
    expect([1, 2, 3, 4, 9].map((failures) => timing.restartDelay(failures))).toEqual([
      0, 10_000, 20_000, 40_000, 300_000,
    ]);
  });

  it("keeps each floor at a small scale", () => {
    const timing = timingAt(0.01);
    expect(timing.probePeriod({})).toBe(1000);
    expect(timing.probeDelay({ initialDelaySeconds: 20 })).toBe(200);
    expect(timing.grace(60)).toBe(5000);
    expect(timing.grace(2)).toBe(2000);
    expect(timing.preStopSleep(45)).toBe(2000);
    expect([1, 2, 3, 4, 9].map((failures) => timing.restartDelay(failures))).toEqual([0, 1000, 2000, 4000, 30_000]);
  });

  it("never waits longer than the full time, nor less for more failures", () => {
    const scales = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(scales, fc.integer({ min: 1, max: 20 }), (scale, count) => {
        const [timing, full] = [timingAt(scale), timingAt(1)];
        expect(timing.restartDelay(count)).toBeLessThanOrEqual(full.restartDelay(count));
        expect(timing.pullRetry(count)).toBeLessThanOrEqual(timing.pullRetry(count + 1));
        expect(timing.preStopSleep(count)).toBeLessThanOrEqual(full.preStopSleep(count));
      }),
    );
  });
});

describe("graceAfterHook", () => {
  it.each([
    { grace: 60, hook: 45, left: 15 },
    { grace: 30, hook: 0, left: 30 },
    { grace: 45, hook: 45, left: 2 },
  ])("leaves $left s of $grace s to the process after a hook of $hook s", ({ grace, hook, left }) => {
    expect(graceAfterHook(grace, hook)).toBe(left);
  });
});
