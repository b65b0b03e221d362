import { inStandardSupport } from "../../aws/catalog.ts";

describe("inStandardSupport", () => {
  it.each([
    ["1.34", "2026-12-02", true],
    ["1.34", "2026-12-03", false],
  ])("ends for %s after its last day: %s", (version, today, expected) => {
    expect(inStandardSupport(version, today)).toBe(expected);
  });
});
