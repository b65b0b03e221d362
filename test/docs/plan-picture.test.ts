import { readFileSync } from "node:fs";
import { join } from "node:path";
import { planPicture } from "../../docs/plan-picture.ts";

const DIFF = `--- Deployment a/b before
+++ Deployment a/b after
@@ -1,9 +1,9 @@
 spec:
   annotations:
-    sparki.tools/chart-hash: 47e7
+    sparki.tools/chart-hash: 781a
           resources:
             limits:
-              memory: 512Mi
+              memory: 768Mi <b>
             requests: {}
`;
const plan = (diff = DIFF) => ({
  stack: "prod",
  release: { from: "1.0", to: "1.0" },
  helm: [
    { release: "web-fleet", callouts: [], objects: [] },
    {
      release: "engine-fleet",
      live: "revision 2 of engine-fleet in the cluster, deployed",
      callouts: [{ topic: "limit", text: "memory: 512Mi → 768Mi" }],
      objects: [{ object: "Deployment a/b", action: "update", diff }],
    },
  ],
});
const textsOf = (svg: string) =>
  [...svg.matchAll(/<text class="(\w+)"[^>]*>(.*?)<\/text>/g)].map(([, kind, text]) => `${kind}: ${text}`);

describe("planPicture", () => {
  it("shows what the change means, then the lines that differ below what they are a part of", () => {
    expect(textsOf(planPicture(plan()))).toEqual([
      "title: Plan for prod, 1.0: what the charts change",
      "gap: ",
      "release: engine-fleet, against revision 2 of engine-fleet in the cluster, deployed",
      "callout: limit: memory: 512Mi → 768Mi",
      "object: update Deployment a/b",
      "context:                limits:",
      "removed:   -              memory: 512Mi",
      "added:   +              memory: 768Mi &lt;b&gt;",
    ]);
  });

  it("shows the two tracks of a chart once when they change alike", () => {
    const [, fleet] = plan().helm;
    const text = JSON.stringify(fleet).replaceAll("engine-fleet", "engine-one-box");
    const texts = textsOf(planPicture({ ...plan(), helm: [fleet, JSON.parse(text)] }));
    expect(texts).toHaveLength(8);
    expect(texts[2]).toMatch(/^release: engine-fleet, against .*; engine-one-box alike$/);
  });

  it("stays short enough to be read, and says what it leaves out", () => {
    const many = Array.from({ length: 90 }, (_, index) => `+  line ${index}`).join("\n");
    const texts = textsOf(planPicture(plan(many)));
    expect(texts).toHaveLength(41);
    expect(texts.at(-1)).toBe("context: … 55 more lines in the plan");
  });

  it("refuses what is no plan, and a plan in which no chart changes anything", () => {
    expect(() => planPicture({})).toThrow();
    expect(() => planPicture({ ...plan(), helm: [] })).toThrow("no chart changes anything in this plan");
  });

  it("is in the docs as a picture that names the change", () => {
    const docs = join(import.meta.dirname, "..", "..", "docs");
    expect(readFileSync(join(docs, "plan.md"), "utf8")).toContain("(plan-chart-change.svg)");
    expect(readFileSync(join(docs, "plan-chart-change.svg"), "utf8")).toMatch(/class="callout".*→/);
  });
});
