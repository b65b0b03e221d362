import { PassThrough } from "node:stream";
import { documentText, openOutput, writeDocument } from "../../../shared/text/output.ts";
import { coloured } from "../../../shared/text/visible.ts";

const ESCAPE = "\u001b";

function written(write: (output: ReturnType<typeof openOutput>) => void): string {
  const stream = new PassThrough();
  write(openOutput(stream));
  return String(stream.read() ?? "");
}
const shown = (text: string) => written((output) => output.write(text));

describe("an Output", () => {
  it.each([
    ["a title of the window", `a${ESCAPE}]0;owned\u0007b`, "ab"],
    ["a title that ends otherwise", `a${ESCAPE}]0;owned${ESCAPE}\\b`, "ab"],
    ["a link", `${ESCAPE}]8;;https://evil${ESCAPE}\\text${ESCAPE}]8;;${ESCAPE}\\`, "text"],
    ["a cleared screen", `a${ESCAPE}[2J${ESCAPE}[Hb`, "ab"],
    ["a forged colour", `${ESCAPE}[32mpassed${ESCAPE}[0m`, "passed"],
    ["a forged colour with parameters like ours", `${ESCAPE}[32;1000;1000;1000;1000mpassed`, "passed"],
    ["sequences of one byte", "a\u009b2Jb\u009d0;t\u009cc\u0090x\u009cd", "abcd"],
    ["another character set", `${ESCAPE}(0x${ESCAPE}c`, "x"],
    ["a line that is written over", "real\rfake", "real fake"],
    ["backspaces", "real\b\b\b\bfake", "real\ufffd\ufffd\ufffd\ufffdfake"],
    ["reversed text", "a\u202egnp.exe\u202c", "agnp.exe"],
    ["isolated text", "\u2066a\u2069", "a"],
    ["characters of no width", "pass\u200bed\u2060\ufeff\u00ad", "passed"],
    ["tags", "a\u{e0041}\u{e0042}", "a"],
    ["half a character", "a\ud800b", "a\ufffdb"],
    ["other line ends", "a\r\nb\u2028c\u0085d", "a\nb\nc\nd"],
    ["a command to GitHub", "::error::forged", ": :error::forged"],
    ["one that is indented", "a\n  ::stop-commands::x", "a\n  : :stop-commands::x"],
    ["one behind what nobody sees", "\u200b::error::x", ": :error::x"],
    ["one behind a blank of another width", "\u3000\u00a0::error::x", "\u3000\u00a0: :error::x"],
    ["one behind a colour", `${ESCAPE}[31m::error::x`, ": :error::x"],
    ["one with a letter that is escaped", String.raw`##vs\u006f[task.setvariable]x`, "# #vso[task.setvariable]x"],
    ["one with a letter of a page", "##teamcit&#121;[x]", "# #teamcity[x]"],
    ["a command to Azure Pipelines", "a ##vso[task.setvariable]x", "a # #vso[task.setvariable]x"],
    ["an older one to GitHub", "##[error]x", "# #[error]x"],
    ["a command to TeamCity", "##teamcity[buildStatus]", "# #teamcity[buildStatus]"],
    ["a secret", "token=hunter2", "token=[secret]"],
    ["a secret whose name is parted", `pass${ESCAPE}[0mwo\u200brd=hunter2`, "password=[secret]"],
  ])("shows %s as text", (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it.each(["🚀 Production", "⏸️ held", "👩\u200d💻 Ann", "naïve 日本語\ttab", "std::vector, 3 # x"])(
    "leaves %s",
    (text) => {
      expect(shown(text)).toBe(text);
    },
  );

  it("lets our own colours through", () => {
    expect(shown(`${coloured(32, "pass")} x`)).toBe(`${ESCAPE}[32mpass${ESCAPE}[0m x`);
  });

  it("cuts a line that is endless, and says by how much", () => {
    expect(shown(`a ${"b ".repeat(10_000)}`)).toMatch(/… \(12002 more characters\)$/);
  });

  it("erases a line of its own on a terminal only", () => {
    expect(written((output) => output.eraseLine())).toBe("");
    expect(written(() => undefined)).toBe("");
  });
});

describe("writeDocument", () => {
  it("writes JSON that stays JSON, whose texts are safe also for who prints them", () => {
    const hostile = {
      reason: `::error::${ESCAPE}[2Jtoken=hunter2 ##[x]\u202e`,
      count: 3,
      list: [{ password: { a: "x" } }],
    };
    const text = written((output) => writeDocument(output, hostile));
    expect(JSON.parse(text)).toEqual({
      reason: ": :error::token=[secret] # #[x]",
      count: 3,
      list: [{ password: { a: "[secret]" } }],
    });
  });
});

describe("documentText", () => {
  it.each([
    String.raw`##vs\u006f[task.setvariable]x`,
    String.raw`##teamcit\x79[x]`,
    "##teamcit&#121;[x]",
    "##vs%6fx[x]",
  ])("holds no command to CI where a letter of it is escaped: %s", (text) => {
    expect(documentText({ [text]: [text] })).not.toMatch(/##(?:\[|[a-z]+\[)/i);
  });
});
