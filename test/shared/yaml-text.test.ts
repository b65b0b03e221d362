import fc from "fast-check";
import { Document, parse, parseDocument } from "yaml";
import { disagreements, yamlText } from "../../shared/yaml-text.ts";

/** Each is text to one reader of YAML, and a time, a number, a boolean or nothing to another. */
const AMBIGUOUS = [
  "2026-11-01",
  "2026-11-01T10:00:00Z",
  "012",
  "0o14",
  "0x1F",
  "0b11",
  "1_000",
  "12:30:45",
  "190:20:30",
  "1e3",
  "1.0",
  ".5",
  "+1",
  "yes",
  "No",
  "on",
  "OFF",
  "y",
  "n",
  "true",
  "~",
  "null",
  "",
  ".inf",
  ".nan",
  "<<",
  "=",
  "*x",
  "&x",
  "!x",
  "a: b",
  "a #b",
  "- a",
  "%x",
  "@x",
  "`x",
  " x ",
  "two\nlines\n",
  "\u2028",
  "\u0085",
  "\ufeffx",
];

describe("yamlText", () => {
  it.each(AMBIGUOUS)("writes %j so that every reader reads that text, as a value and as a key", (text) => {
    const value = { list: [text], nested: { id: text }, ...(text === "<<" ? {} : { [`k${text}`]: 1 }) };
    const written = yamlText(value);
    expect(parse(written, { version: "1.1" })).toEqual(value);
    expect(parse(written, { version: "1.2" })).toEqual(value);
  });

  it.each(["\u007f", "\u0085", "\u009b", "\u2028", "\u2029", "\ufeff", "\ufffe"])(
    "escapes %j, which Go's readers refuse or end a line at, in values, keys and comments",
    (character) => {
      const document = new Document({ [`k${character}`]: `a${character}b` });
      document.commentBefore = `c${character}d`;
      const written = yamlText(document);
      expect(written).not.toContain(character);
      expect(parse(written)).toEqual({ [`k${character}`]: `a${character}b` });
    },
  );

  it.each(["yes", "on", "012", "2026-11-01", "null", "1"])("writes the key %j as text", (key) => {
    const written = yamlText({ [key]: "value" });
    expect(written).toContain(`"${key}":`);
    expect(parse(written, { version: "1.1" })).toEqual({ [key]: "value" });
  });

  it("leaves words, paths and images without quotes, and a document's comments where they are", () => {
    const document = parseDocument("# why\nimage: ghcr.io/alexarno/sparki/engine:v\nid: '2026-11-01'\n");
    expect(yamlText(document)).toBe('# why\nimage: ghcr.io/alexarno/sparki/engine:v\nid: "2026-11-01"\n');
  });

  it("writes any JSON so that both readers read the same", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[ -~]{1,12}$/), fc.jsonValue()), (value) => {
        const meant: unknown = JSON.parse(JSON.stringify(value));
        fc.pre(!JSON.stringify(meant).includes("__proto__") && !JSON.stringify(meant).includes('"<<"'));
        const written = yamlText(meant);
        expect(parse(written, { version: "1.1" })).toEqual(meant);
        expect(parse(written, { version: "1.2" })).toEqual(meant);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it("writes what was a merge key to YAML 1.1 alone as the key that it was read as", () => {
    const document = parseDocument("base: &base { a: 1 }\nuser:\n  <<: *base\n");
    expect(parse(yamlText(document), { version: "1.1" })).toEqual({ base: { a: 1 }, user: { "<<": { a: 1 } } });
  });
});

describe("disagreements", () => {
  it("finds every value that one reader takes for something else, by its path", () => {
    const text = "config:\n  sparki:release: { id: 2026-11-01, level: 012, list: [yes, 12:30:45] }\n  fine: 1.33\n";
    expect(disagreements(text).map(({ path }) => path)).toEqual([
      "config.sparki:release.id",
      "config.sparki:release.level",
      "config.sparki:release.list.0",
      "config.sparki:release.list.1",
    ]);
  });

  it("finds nothing where the values are in quotes", () => {
    expect(disagreements('config: { id: "2026-11-01", level: "012", b: true, i: 12, f: 1.5, nothing: null }')).toEqual(
      [],
    );
  });
});
