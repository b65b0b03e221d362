import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { filled, inColumns } from "../../../runbook/report/columns.ts";

const words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";

describe("inColumns", () => {
  it("leaves what fits as it is, and blank lines", () => {
    expect(inColumns("  gate    pass\n\n  time    1 s\n")).toBe("  gate    pass\n\n  time    1 s\n");
  });

  it("goes on below the text of a labelled line", () => {
    expect(inColumns(`  gate      ${words}`).split("\n")).toEqual([
      "  gate      one two three four five six seven eight nine ten eleven twelve",
      "            thirteen fourteen fifteen",
    ]);
  });

  it("goes on below a line without a label, a little to the right", () => {
    expect(inColumns(`  ${words}`).split("\n")[1]).toBe("    fourteen fifteen");
  });

  it("keeps to the indentation of what is below a label already", () => {
    expect(inColumns(`            ${words}`).split("\n")[1]).toBe("            thirteen fourteen fifteen");
  });

  it("parts no number from its unit", () => {
    const text = `  gate      ${"x".repeat(60)} 0.1 %`;
    expect(inColumns(text)).toBe(text);
    expect(inColumns(`  gate      ${"x".repeat(65)} 0.1 %, so`).split("\n")[1]).toBe("            0.1 %, so");
  });

  it("counts no colours", () => {
    const bad = "\u001b[31mfail\u001b[0m";
    expect(inColumns(`  ${bad} ${"x".repeat(73)}`)).toBe(`  ${bad} ${"x".repeat(73)}`);
  });

  it("keeps a word that is too long by itself whole", () => {
    const arn = `arn:aws:${"x".repeat(100)}`;
    expect(inColumns(`  role      is ${arn} now`).split("\n")).toEqual([
      "  role      is",
      `            ${arn}`,
      "            now",
    ]);
  });

  it("loses no word, and makes no line longer than 80 but for one word", () => {
    const word = fc.stringMatching(/^[a-z]{1,30}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.nat(12), (all, indentation) => {
        const fitted = inColumns(`${" ".repeat(indentation)}${all.join(" ")}`);
        expect(fitted.split(/\s+/).filter(Boolean)).toEqual(all);
        for (const line of fitted.split("\n")) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(80);
      }),
    );
  });
});

describe("filled", () => {
  it("fills paragraphs again, and leaves examples and blank lines as they are", () => {
    const text = `${words}\n${words}\n\nExamples:\n  npx sparki deploy      that\n\nEnd.`;
    expect(filled(text).split("\n")).toEqual([
      "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
      "fifteen one two three four five six seven eight nine ten eleven twelve thirteen",
      "fourteen fifteen",
      "",
      "Examples:",
      "  npx sparki deploy      that",
      "",
      "End.",
    ]);
  });
});
