import { goneBackHtml, rollbackHtml } from "../../../runbook/report/deploy-html.ts";
import { releaseNamed, rolledBackDeploy } from "../../support/deploys.ts";

const beside = { madeAt: "2026-11-23T14:00:00.000Z", links: [{ title: "What a gate proves", href: "https://a/b" }] };
const [good, bad] = [releaseNamed("1.0", "a"), releaseNamed("2.0<b>", "b")];
const wordsOf = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

async function pageOf() {
  const { rollback } = await rolledBackDeploy();
  const end = { outcome: "rolled-back", exitCode: 0, reason: "1.0 serves: no error" } as const;
  return rollbackHtml({ stack: "prod", ...end, release: good, previous: bad, rollback }, beside);
}

describe("rollbackHtml", () => {
  it("says the outcome first, then what was live, what was done and what proves it", async () => {
    const words = wordsOf(await pageOf());
    const places = ["rolled-back", "1.0 serves: no error", "Live before", "pass after 1 min 01 s", "rollback: pass"];
    const found = places.map((place) => words.indexOf(place));
    expect(found).toEqual(found.toSorted((one, other) => one - other));
    expect(found).not.toContain(-1);
  });

  it("shows text as it is, and where to read on", async () => {
    const html = await pageOf();
    expect(html).toContain("2.0&lt;b&gt;");
    expect(html).toContain('<a href="https://a/b">What a gate proves</a>');
  });
});

describe("goneBackHtml", () => {
  it("shows what was changed, with its times", async () => {
    const { rollback } = await rolledBackDeploy();
    if (rollback === null) throw new Error("the fixture has no rollback");
    expect(wordsOf(goneBackHtml(rollback))).toContain("update Release engine-one-box 0.5 s – 4.2 s");
    expect(goneBackHtml({ ...rollback, verdict: "fail" })).toMatch(/^<p><strong class="bad">fail<\/strong>/);
  });
});
