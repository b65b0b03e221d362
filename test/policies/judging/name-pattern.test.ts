import fc from "fast-check";
import { matchesName } from "../../../policies/judging/approvals.ts";

/** The plainest reading of a pattern, which takes far too long for a long one. */
function reference(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  const [first = "", rest] = [pattern[0], pattern.slice(1)];
  if (first !== "*") return name[0] === first && reference(rest, name.slice(1));
  return Array.from({ length: name.length + 1 }, (_, index) => index).some((at) => reference(rest, name.slice(at)));
}

describe("matchesName", () => {
  it("means what a star says, wherever the stars stand", () => {
    const letters = (units: readonly string[], maxLength: number) =>
      fc.array(fc.constantFrom(...units), { maxLength }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(letters(["a", "b", "-", "*"], 7), letters(["a", "b", "-"], 9), (pattern, name) => {
        expect(matchesName(pattern, name)).toBe(reference(pattern, name));
      }),
      { numRuns: 2000 },
    );
  });

  // With backtracking neither would end before the test's time is over.
  it("ends for thousands of stars against a hundred thousand letters", () => {
    const name = "a".repeat(100_000);
    expect(matchesName("*a".repeat(5000), name)).toBe(true);
    expect(matchesName(`${"*a".repeat(5000)}*b`, name)).toBe(false);
  });

  it("takes no other sign of a regular expression for one", () => {
    expect(matchesName("a.c", "abc")).toBe(false);
    expect(matchesName("a*(b+)+c", "axbbbc")).toBe(false);
  });
});
