import { mutantsOf } from "../../tools/mutate-policies.ts";

/** What each mutant has in place of what. */
function changes(source: string): string[] {
  return mutantsOf(source).map(({ what, source: changed }) => `${what}: ${changed}`);
}

describe("mutantsOf", () => {
  it.each([
    ["a condition", "demand('x', () => n > 1);", "demand('x', ((...args) => !(() => n > 1)(...args)));"],
    [
      "a condition before what is believed of unknown values",
      "demand(vpc, 'x', () => n, 'update');",
      "demand(vpc, 'x', ((...args) => !(() => n)(...args)), 'update');",
    ],
    [
      "a condition on containers",
      "everyContainer('x', (c) => c.x);",
      "everyContainer('x', ((...args) => !((c) => c.x)(...args)));",
    ],
    ["a condition by its name", "everyGrant(isLeast);", "everyGrant(((...args) => !(isLeast)(...args)));"],
  ])("makes %s say the opposite", (_title, source, expected) => {
    expect(changes(source)).toEqual([`says the opposite: ${expected}`]);
  });

  it.each(["&&", "||"])("reduces %s to either side", (operator) => {
    expect(changes(`const holds = a ${operator} b;`)).toEqual([
      "only its left side: const holds = (a);",
      "only its right side: const holds = (b);",
    ]);
  });

  it("leaves a default value and other calls as they are", () => expect(changes("every(() => a ?? b);")).toEqual([]));

  it("tells the line", () => expect(mutantsOf("\n\ndemand('x', () => n);")[0]?.line).toBe(3));
});
