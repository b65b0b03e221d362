import { documentsIn } from "../../../policies/declared/shape.ts";

describe("documentsIn", () => {
  it("reads what every reader reads the same", () => {
    const text = "a: text of words\nb: 'yes'\nc: [1, true, null, 1.5]\nd: |\n  yes\n---\n---\ne:\n";
    expect(documentsIn(text)).toEqual([
      { a: "text of words", b: "yes", c: [1, true, null, 1.5], d: "yes\n" },
      { e: null },
    ]);
  });

  it.each([
    ["a word that is true to YAML 1.1", "a: yes"],
    ["such a word as a key", "on: a"],
    ["such a word deep in a list", "a: [b, {c: Off}]"],
    ["an octal number", "a: 010"],
    ["a number in base sixty", "a: 1:30"],
    ["a number with underscores", "a: 1_000"],
    ["a date", "a: 2026-01-01"],
    ["a merge", "a: {<<: {b: 1}}"],
    ["an alias", "a: &x 1\nb: *x"],
    ["a tag", "a: !!str 1"],
    ["a tag on a map", "a: !!map {b: 1}"],
    ["a tag of its own", "a: !x 1"],
    ["a directive", "%YAML 1.1\n---\na: 1"],
    ["a key given twice", "a: 1\na: 2"],
    ["another line end", "a: 1\u2028b: 2"],
    ["broken text", "a: ["],
  ])("refuses %s", (_, text) => {
    expect(documentsIn(text)).toBeUndefined();
  });
});
