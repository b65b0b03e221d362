import { END_SECONDS, LOOKS, nextLook, stageAt } from "../../../runbook/watch/schedule.ts";

const MINUTE = 60;
const HOUR = 3_600;

describe("LOOKS", () => {
  it("are every 5 minutes to 1 h, every 15 minutes to 4 h and every hour to 24 h", () => {
    const steps = LOOKS.map((at, index) => at - (LOOKS[index - 1] ?? 0));
    expect(steps).toEqual([...Array(12).fill(5 * MINUTE), ...Array(12).fill(15 * MINUTE), ...Array(20).fill(HOUR)]);
    expect(LOOKS.at(-1)).toBe(END_SECONDS);
  });

  it("fall on the half hour and on the day, when the burn rates are judged again", () => {
    expect(LOOKS).toContain(30 * MINUTE);
    expect(LOOKS).toContain(24 * HOUR);
  });
});

describe("nextLook", () => {
  it.each([
    [0, 5 * MINUTE],
    [4 * MINUTE + 59, 5 * MINUTE],
    [5 * MINUTE, 10 * MINUTE],
    [59 * MINUTE, HOUR],
    [HOUR, 75 * MINUTE],
    [4 * HOUR, 5 * HOUR],
    [23.5 * HOUR, 24 * HOUR],
    [24 * HOUR, undefined],
    [48 * HOUR, undefined],
  ])("after %d s is at %p", (elapsed, next) => {
    expect(nextLook(elapsed)).toBe(next);
  });
});

describe("stageAt", () => {
  it.each([
    [0, "first hour"],
    [HOUR, "first hour"],
    [HOUR + 1, "first 4 hours"],
    [4 * HOUR + 1, "first 24 hours"],
    [30 * HOUR, "first 24 hours"],
  ])("at %d s is the %s", (elapsed, name) => {
    expect(stageAt(elapsed).name).toBe(name);
  });
});
