import { CHECKLIST } from "../../../runbook/preflight/checklist.ts";
import { preflightHtml, verifyHtml } from "../../../runbook/report/deploy-html.ts";
import { preflightReport, verifyReport } from "../../support/reports.ts";

const wordsOf = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

describe("preflightHtml", () => {
  const html = preflightHtml(preflightReport((text) => `${text} <b>`));

  it("shows what did not pass with what it rests on and how to fix it, before what opens", () => {
    const shown = wordsOf(html.slice(0, html.indexOf("<details>")));
    expect(shown).toContain(`${CHECKLIST.length - 2} passed, 1 warned, 1 skipped, in 4.2 s.`);
    expect(shown).toContain("warn it is old &lt;b&gt; What to do: npx sparki make it new &lt;b&gt; line one");
    expect(shown).not.toContain("as it should be");
  });

  it("has every check, and its text as it is", () => {
    const { checks } = preflightReport(String);
    for (const { title } of checks) expect(html).toContain(`<th scope="row">${title}</th>`);
    expect(html).not.toContain("<b>");
  });
});

describe("verifyHtml", () => {
  const html = verifyHtml(verifyReport(String));

  it("begins with the success table, a word for each verdict", () => {
    const table = wordsOf(html.slice(0, html.indexOf("</table>")));
    expect(table).toContain("Pod Health, 100 % running pass healthy");
    expect(table).toContain("Cache, healthy fail /api/cache/health answered 503");
  });

  it("then shows what is not well and how to fix it", () => {
    expect(wordsOf(html)).toContain(
      "Check of cache fail /api/cache/health answered 503 What to do: npx sparki diagnose",
    );
  });
});
