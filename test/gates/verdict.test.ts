import { worst } from "../../gates/gate.ts";

describe("worst", () => {
  it.each([
    [["pass", "fail", "error"], "fail"],
    [["pass", "error", "inconclusive"], "error"],
    [["pass", "inconclusive"], "inconclusive"],
    [["pass", "pass"], "pass"],
    [[], "inconclusive"],
  ] as const)("of %j is %s", (verdicts, expected) => {
    expect(worst(verdicts)).toBe(expected);
  });
});
