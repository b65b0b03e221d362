import { postgresUpgradeTargets } from "../../aws/catalog.ts";

describe("postgresUpgradeTargets", () => {
  it.each([
    ["16.10", "17.6", true],
    ["16.11", "17.6", false],
    ["16.11", "17.7", true],
    ["17.6", "18.1", true],
    ["17.8", "18.1", false],
    ["14.19", "17.6", true],
    ["17.6", "17.7", false],
    ["17.6", "16.10", false],
  ])("of %s has %s only where that was not released before it: %s", (from, to, expected) => {
    expect(postgresUpgradeTargets(from).includes(to)).toBe(expected);
  });

  it("has none of a version that is not known", () => {
    expect(postgresUpgradeTargets("nonsense")).toEqual([]);
  });
});
