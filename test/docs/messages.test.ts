import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messagesIn, sourceFiles } from "../../tools/messages.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/**
 * Words of nobody but the authors, each with what an engineer at 3 am expects in its place. Where a word means what
 * everyone means by it, such as a picture that is looked at, say it in other words all the same.
 */
const PRIVATE: readonly (readonly [pattern: RegExp, expected: string])[] = [
  [/\bmend(?:s|ed|ing)?\b/i, "fix, repair"],
  [/\bways? back\b/i, "rollback, rollback target"],
  [/\blooked at\b/i, "checked"],
  [/\banew\b/i, "again"],
  [
    /\bnobody (?:sits|kept|looks|was there|could look|to ask)\b|\bneeds nobody\b/i,
    "no interactive terminal; not recorded",
  ],
  [/\bat a question\b/i, "at the prompt"],
  [/\bone of both\b/i, "one of them"],
  [/\b(?:was|were|is) not kept\b/i, "could not be recorded"],
  [/\bfor want of\b/i, "for lack of"],
  [/\bas long as (?:it|they) may\b|\basks? the tree\b/i, "until its deadline"],
  [/\blabours?\b|\bdisturbances?\b/i, "lifecycle, fault injection"],
  [/\blays? (?:it )?out (?:anew|again)\b/i, "reformats"],
  [/\bsomebody said so\b/i, "a person confirmed it"],
  [/\bwho makes? (?:the|a) \w+ enters\b/i, "creator-admin entry"],
  [/\b(?:go|goes|going|gone) back (?:to|by itself)\b/i, "roll back to"],
  [/\b(?:go|goes|going) on (?:there|from)\b/i, "continue"],
  [/\bway in\b/i, "public entrance"],
  [/\bnot well\b/i, "unhealthy"],
  [/\bmake room\b/i, "free space"],
  [/\blook now\b/i, "investigate now"],
  [/\bnot to be had\b/i, "not available"],
  [/\bsays? nothing of\b/i, "has no data on"],
  [/\bat the longest\b/i, "at most"],
];

/** Values of JSON documents: a contract is extended, not reworded. */
const CONTRACTS = new Set(["nobody to ask", "gone back to"]);

function privateIn(text: string): string[] {
  if (CONTRACTS.has(text)) return [];
  return PRIVATE.flatMap(([pattern, expected]) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`${found[0]}; expected ${expected}`];
  });
}

describe("what people read", () => {
  it("has no private word in a message of the code (npm run messages lists them)", () => {
    const messages = messagesIn(sourceFiles());
    expect(messages.length).toBeGreaterThan(2_000);
    const found = messages.flatMap(({ path, line, text }) => privateIn(text).map((what) => `${path}:${line}: ${what}`));
    expect(found).toEqual([]);
  });

  it("has no private word in a page", () => {
    const docs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
    const pages = ["README.md", "ARCHITECTURE.md", ...docs.map((name) => `docs/${name}`)];
    const found = pages.flatMap((page) =>
      readFileSync(join(ROOT, page), "utf8")
        .split("\n")
        .flatMap((line, index) => privateIn(line).map((what) => `${page}:${index + 1}: ${what}`)),
    );
    expect(pages.length).toBeGreaterThan(15);
    expect(found).toEqual([]);
  });

  it("has no private word in the name of a file", () => {
    const names = sourceFiles().map((path) => path.replace(/[-/.]/g, " "));
    expect(names.flatMap((name) => privateIn(name).map((what) => `${name}: ${what}`))).toEqual([]);
  });
});
