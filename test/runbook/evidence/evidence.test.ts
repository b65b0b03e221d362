import { isWithin, rangeOf } from "../../../runbook/evidence/evidence.ts";
import { secondsOf } from "../../support/evidence.ts";

const NOW = secondsOf("2026-11-29T12:00:00Z");
const range = (from: unknown, to: unknown) => rangeOf({ from: from as string, to: to as string }, NOW);

describe("rangeOf", () => {
  it("takes in the first and the last day whole, and nothing beside them", () => {
    const october = range("2026-10-01", "2026-10-31");
    const times = ["2026-09-30T23:59:59.999Z", "2026-10-01", "2026-10-31T23:59:59.999Z", "2026-11-01"];
    expect(times.map((time) => isWithin(october, secondsOf(time)))).toEqual([false, true, true, false]);
    expect(october.isOpen).toBe(false);
  });

  it("takes one day, today too, and says that today is not over", () => {
    expect(range("2026-11-29", "2026-11-29").isOpen).toBe(true);
    expect(range("2026-11-28", "2026-11-28").isOpen).toBe(false);
  });

  it.each([
    [undefined, "2026-10-31", "--from is missing"],
    ["2026-10-01", undefined, "--to is missing"],
    ["2026-10-01", "2026-09-30", "--from 2026-10-01 is after --to 2026-09-30"],
    ["2026-10-01", "2026-11-30", "--to 2026-11-30 is in the future; expected today, 2026-11-29, or an earlier day"],
    ["2026-02-30", "2026-10-31", '--from is "2026-02-30"; expected a day'],
    ["2026-13-01", "2026-10-31", '--from is "2026-13-01"; expected a day'],
    ["last month", "2026-10-31", '--from is "last month"; expected a day'],
    ["2026-10-01T00:00:00Z", "2026-10-31", "expected a day"],
    ["2026-1-1", "2026-10-31", "expected a day"],
    ["", "2026-10-31", "expected a day"],
    ["1969-12-31", "2026-10-31", "expected a day since 2020-01-01"],
    [true, "2026-10-31", "--from is true"],
  ])("refuses %j to %j as a mistake of who called", (from, to, message) => {
    expect(() => range(from, to)).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", message: expect.stringContaining(message) }),
    );
  });
});
