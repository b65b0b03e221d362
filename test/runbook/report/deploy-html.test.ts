import type { DeployDocument } from "../../../runbook/deploy/deploy-document.ts";
import { deployHtml } from "../../../runbook/report/deploy-html.ts";
import { promotedDeploy, rolledBackDeploy } from "../../support/deploys.ts";

const beside = { madeAt: "2026-11-23T14:00:00.000Z", notes: [], links: [] };
const pageOf = (document: DeployDocument, more = {}) => deployHtml(document, { ...beside, ...more });
/** What a reader sees, without tags. */
const wordsOf = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

describe("deployHtml", () => {
  it("says the outcome first, then the reason, then what was live and is", async () => {
    const words = wordsOf(pageOf(await rolledBackDeploy()));
    const places = [
      "rolled-back",
      "at least 0.2 % of requests bad",
      "What to do now",
      "Live before and now",
      "Decisions",
      "Timeline",
    ];
    const found = places.map((place) => words.indexOf(place));
    expect(found).toEqual(found.toSorted((one, other) => one - other));
    expect(found).not.toContain(-1);
    expect(words).toContain("engine fleet 2026.11.1 2026.11.1, as before");
  });

  it("needs no network and no script", async () => {
    for (const html of [pageOf(await promotedDeploy()), pageOf(await rolledBackDeploy())])
      expect(html).not.toMatch(/<script|<link|<img|\bsrc=|url\(|@import|\son\w+=|javascript:/);
  });

  it("shows text as it is, wherever a name or a reason goes", async () => {
    const html = pageOf(await rolledBackDeploy((text) => `${text}"><b>&`), {
      notes: ["<b>"],
      links: [{ title: "<b>", href: '"><b>' }],
    });
    expect(html).not.toMatch(/<b>|"&gt;"/);
    expect(html).toContain("2026.11.2&quot;&gt;&lt;b&gt;&amp;");
  });

  it("draws every counted objective of every gate, and says the same in words and as a table", async () => {
    const document = await promotedDeploy();
    const html = pageOf(document);
    const counted = document.gates.filter(({ looks }) => looks !== undefined);
    expect(counted).toHaveLength(12);
    for (const { gate, objective, verdict, bad, requests } of counted)
      expect(html).toContain(`aria-label="${gate}, ${objective}: ${verdict}, ${bad} of ${requests} requests bad`);
    expect(html.match(/<polygon class="band"/g)).toHaveLength(12);
    expect(html.match(/<details class="looks">/g)).toHaveLength(12);
  });

  it("marks the steps of the critical path and gives each bar its times in words", async () => {
    const html = pageOf(await promotedDeploy());
    const marked = [...html.matchAll(/<li class="critical">.*?<\/li>/gs)].map(([item]) => wordsOf(item).trim());
    expect(marked).toContain("create Instance database-instance 2.0 s – 10 min 40 s");
    expect(marked.join()).not.toContain("cluster-eks-eksCluster");
    expect(wordsOf(html)).toContain("60 shorter steps");
  });

  it("draws no bar outside its row", async () => {
    for (const html of [pageOf(await promotedDeploy()), pageOf(await rolledBackDeploy())]) {
      const bars = [...html.matchAll(/<rect x="([\d.]+)" width="([\d.]+)"/g)].map(([, x, width]) => [
        +`${x}`,
        +`${width}`,
      ]);
      expect(bars.length).toBeGreaterThan(1);
      for (const [x = -1, width = 0] of bars) expect([x >= 0, x + width <= 1_000.1]).toEqual([true, true]);
    }
  });

  it("tells a failed rollback's reason, undelivered messages and a refusal before the first change", async () => {
    const document = await rolledBackDeploy();
    const stopped: DeployDocument = { ...document, outcome: "stopped", steps: [], gates: [], rollback: null };
    const words = wordsOf(pageOf(stopped));
    expect(words).toContain("Nothing had to change.");
    expect(words).toContain("No gate had to run.");
    expect(words).toContain("#incidents: not delivered , 503 after 3 tries");
  });

  it("counts a gate's many passed checks, and shows each that refused", async () => {
    const document = await rolledBackDeploy();
    const looked = document.gates.flatMap((gate) => (gate.looks === undefined ? [gate, gate] : []));
    const [first] = looked;
    if (first === undefined) throw new Error("the fixture has no check");
    const refused = { ...first, objective: "restarts", verdict: "fail", reason: "2 restarts" } as const;
    const words = wordsOf(pageOf({ ...document, gates: [...looked, refused], rollback: null }));
    expect(words).toMatch(/engine one-box: fail fail restarts: 2 restarts 6 checks passed/);
  });

  it("has red for what was proven bad alone: what is not known yet is neither red nor green", async () => {
    const document = await promotedDeploy();
    if (document.verify === null) throw new Error("the fixture has no verification");
    const row = { metric: "Error Rate", threshold: "< 0.1 %", found: "no requests yet" };
    const verdicts = ["no data yet", "not proven", "fail", "pass"] as const;
    const success = verdicts.map((verdict) => ({ ...row, verdict }));
    const html = pageOf({ ...document, verify: { ...document.verify, success } });
    const table = html.slice(html.indexOf("Verified"));
    expect(table).toContain('<strong class="open">no data yet</strong>');
    expect(table).toContain('<strong class="open">not proven</strong>');
    expect(table).toContain('<strong class="bad">fail</strong>');
    expect(table).toContain('<strong class="good">pass</strong>');
    expect(pageOf({ ...document, outcome: "held", exitCode: 3 })).toContain('<span class="open">held</span>');
  });

  it("writes nothing over a plot's curves: the limit's figure is at the axis", async () => {
    const html = pageOf(await promotedDeploy());
    const inner = [...html.matchAll(/<svg x="48".*?<\/svg>/gs)].map(([picture]) => picture);
    expect(inner.length).toBeGreaterThan(0);
    expect(inner.join()).not.toContain("<text");
    expect(html).toMatch(/<text x="44" y="[\d.]+" text-anchor="end" class="limit-mark">0.1 %<\/text>/);
  });

  it("is the same for the same document", async () => {
    expect(pageOf(await promotedDeploy())).toBe(pageOf(await promotedDeploy()));
  });
});
