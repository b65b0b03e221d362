import { readFileSync } from "node:fs";
import { join } from "node:path";
import { referenceKind, referenceName, runbookPage, runbookSections } from "../../docs/pages.ts";
import { NAMES } from "../support/runbook-references.ts";

const sections = runbookSections();
const references = [...new Set(sections.flatMap(({ lines }) => lines.flatMap(({ doneBy }) => doneBy)))];

describe("the runbook's lines", () => {
  it("are all there, section by section", () => {
    expect(sections.map(({ section, lines }) => [section, lines.length])).toEqual(
      sections.map(({ section, count }) => [section, count]),
    );
    expect(sections.reduce((total, { count }) => total + count, 0)).toBe(164);
  });

  it("are each told once in their section", () => {
    for (const { lines } of sections) {
      const told = lines.map(({ line }) => line);
      expect(told).toEqual([...new Set(told)]);
    }
  });

  it.each(Object.keys(NAMES))("name nothing by %s that there is not", async (kind) => {
    const names = new Set(await NAMES[kind]?.());
    const named = references.filter((text) => referenceKind(text) === kind).map(referenceName);
    expect(names.size).toBeGreaterThan(0);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it("name nothing of another kind", () => {
    expect(references.filter((text) => NAMES[referenceKind(text)] === undefined)).toEqual([]);
  });

  it.each(["preflight", "gate", "success", "contact", "watch"])("leave out no %s", async (kind) => {
    const named = references
      .filter((text) => referenceKind(text) === kind)
      .map((text) => referenceName(text).split("/")[0]);
    const names = ((await NAMES[kind]?.()) ?? []).filter((name) => !name.includes("/"));
    expect(names.filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe("runbookPage", () => {
  it("is what docs/runbook.md holds (else: node docs/generate.ts runbook)", () => {
    expect(readFileSync(join(import.meta.dirname, "../../docs/runbook.md"), "utf8")).toBe(runbookPage(sections));
  });

  it("refuses a reference that nobody could follow", () => {
    const section = { section: "One", count: 1, lines: [{ line: "Ask Anna", doneBy: ["anna:now"] }] };
    expect(() => runbookPage([section])).toThrow("anna:now: unknown kind of reference");
  });
});
