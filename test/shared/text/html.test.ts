import { createHash } from "node:crypto";
import { linksSection, page } from "../../../runbook/report/page.ts";
import { htmlHref, htmlText } from "../../../shared/text/markup.ts";

describe("htmlText", () => {
  it.each([
    ["<script>", "&lt;script&gt;"],
    [`" onload='x' \``, "&quot; onload=&#39;x&#39; &#96;"],
    ["a&b", "a&amp;b"],
    ["\u202ea\u200b", "a"],
    ["token=hunter2", "token=[secret]"],
  ])("shows %s as text", (text, expected) => {
    expect(htmlText(text)).toBe(expected);
  });
});

describe("htmlHref", () => {
  it.each(["https://x/y", "http://x", "../plans/prod.html", "plan.html#x"])("opens %s", (href) => {
    expect(htmlHref(href)).toBe(href);
  });

  it.each([
    "javascript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6a;avascript:alert(1)",
    "&#&#49;06;avascript:alert(1)",
    "\\u006aavascript:alert(1)",
    "\\u{6a}avascript:alert(1)",
    "\\x6a\\x61vascript:alert(1)",
    "%6aavascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "java\u200bscript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "//evil/x",
    "\\\\evil\\x",
    "1x:y",
  ])("does not open %j", (href) => {
    expect(htmlHref(href)).toBeUndefined();
  });
});

describe("a page", () => {
  it("has a policy that admits its own style by hash, and nothing else", () => {
    const html = page("x", [], ".a { color: red }");
    const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(html).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">`,
    );
    expect(html.indexOf("Content-Security-Policy")).toBeLessThan(html.indexOf("<title>"));
  });

  it("shows an address that is no web page, and does not link to it", () => {
    const [html = ""] = linksSection([{ title: "Docs", href: "javascript:alert(1)" }]);
    expect(html).toContain("Docs (javascript:alert(1))");
    expect(html).not.toContain("<a ");
  });
});
