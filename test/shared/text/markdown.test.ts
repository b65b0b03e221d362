import { markdownBlock, markdownCode, markdownText } from "../../../shared/text/markup.ts";

describe("markdownText", () => {
  it.each([
    ["a heading behind a carriage return", "x\r# All passed", "x # All passed"],
    ["a heading behind a line's end", "x\n# All passed", "x # All passed"],
    ["a heading", "# All passed", "\\# All passed"],
    ["a list", "- x", "\\- x"],
    ["a numbered list", "1. x", "1\\. x"],
    ["a cell", "a | b", "a \\| b"],
    ["code", "`` x", "\\`\\` x"],
    ["a link", "[good](https://evil)", "\\[good\\](https://evil)"],
    ["an image", "![x](https://evil)", "!\\[x\\](https://evil)"],
    ["HTML", "<!-- x --><details>", "&lt;!-- x --&gt;&lt;details&gt;"],
    ["an entity", "&#35; x", "&amp;#\u206035; x"],
    ["emphasis", "**x** _y_", "\\*\\*x\\*\\* \\_y\\_"],
    ["a picture by its name", ":white_check_mark: approved", ":\u2060white_check_mark: approved"],
    ["a command to GitLab or a bot", "/approve", "\\/approve"],
    ["somebody's name", "@ann", "@\u2060ann"],
    ["an issue", "fixes #12", "fixes #\u206012"],
    ["a formula that shows nothing", "$\\phantom{6 violations}$", "\\$\\\\phantom{6 violations}\\$"],
    ["an escape", "\\", "\\\\"],
  ])("shows %s as text", (_, text, expected) => {
    expect(markdownText(text)).toBe(expected);
  });

  it.each([
    "sparki_app 2026.11.1 (3)",
    "a-b, c=d: 5 > 3".replace(">", "of"),
    "https://prod.sparki.tools/x",
    "urn:pulumi:prod::sparki::x at 12:30:45",
  ])("leaves %s", (text) => {
    expect(markdownText(text)).toBe(text);
  });
});

describe("markdownCode", () => {
  it.each([
    ["x", "`x`"],
    ["a ` b", "`` a ` b ``"],
    ["a `` b", "``` a `` b ```"],
    ["a ``` # b", "```` a ``` # b ````"],
    ["a | b", "`a \\| b`"],
    ["a\r\n# b", "`a # b`"],
    ["a\r# b", "`a # b`"],
  ])("holds %j within its fence and line", (text, expected) => {
    expect(markdownCode(text)).toBe(expected);
  });
});

describe("markdownBlock", () => {
  it("has a fence that is longer than any in the text, also behind a carriage return", () => {
    expect(markdownBlock("a\r````\rb", "diff")).toBe("`````diff\na ```` b\n`````");
    expect(markdownBlock("a\n````\nb")).toBe("`````\na\n````\nb\n`````");
  });
});
