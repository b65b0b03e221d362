import { type HelmTemplate, helmDiffs, manifests } from "../../../runbook/plan/helm-diff.ts";
import type { PlannedResource } from "../../../runbook/plan/planned.ts";

const RELEASE = "kubernetes:helm.sh/v3:Release";

function release(given: Partial<PlannedResource>): PlannedResource {
  const inputs = { name: "engine-fleet", namespace: "sparki-engine", chart: "./apps/charts/engine" };
  const values = (image: string) => ({ ...inputs, values: { image, chartHash: "1" } });
  const rest = { changes: [], replacedFor: [] };
  const which = { urn: "urn::engine-fleet", name: "engine-fleet", type: RELEASE, action: "update" } as const;
  return { ...which, ...rest, before: values("a"), after: values("b"), ...given };
}

const render: HelmTemplate = async ({ release: name, values }) =>
  `kind: Deployment\nmetadata: {name: ${name}}\nspec: {image: ${JSON.stringify(values.image)}}\n`;

describe("helmDiffs", () => {
  it("shows what differs in the rendered objects", async () => {
    const [diff] = await helmDiffs([release({})], "1.35", render);
    expect(diff).toMatchObject({ release: "engine-fleet", added: 1, removed: 1, note: undefined });
    expect(diff?.diff).toContain("-  image: a\n+  image: b\n");
  });

  it("shows all of a new release as added", async () => {
    expect(await helmDiffs([release({ action: "create", before: {} })], "1.35", render)).toMatchObject([
      { added: 6, removed: 0 },
    ]);
  });

  it("asks helm with the release's own name, place, chart and the cluster's version", async () => {
    const asked: unknown[] = [];
    await helmDiffs([release({ action: "delete", after: {} })], "1.35", async (request) => `a: ${asked.push(request)}`);
    expect(asked).toEqual([
      {
        release: "engine-fleet",
        namespace: "sparki-engine",
        chart: "./apps/charts/engine",
        values: { image: "a", chartHash: "1" },
        kubernetesVersion: "1.35",
      },
    ]);
  });

  it("leaves out what does not change and what is no release", async () => {
    const others = [release({ action: "same" }), release({ type: "aws:ec2/vpc:Vpc" })];
    expect(await helmDiffs(others, "1.35", render)).toEqual([]);
  });

  it("says that both sides have the new chart's files when those changed", async () => {
    const [diff] = await helmDiffs([release({ after: { values: { chartHash: "2" } } })], "1.35", render);
    expect(diff?.note).toContain("rendered with the new ones");
  });

  it("says why a chart cannot be rendered, without the credentials in helm's words", async () => {
    const fail: HelmTemplate = () => Promise.reject(new Error("no https://me:hunter2@charts.example.org"));
    const [diff] = await helmDiffs([release({})], "1.35", fail);
    expect(diff?.note).toBe("Not rendered: no https://[secret]@charts.example.org");
  });
});

describe("manifests", () => {
  it("hides what a Secret holds, and keeps its keys", () => {
    const text = manifests(
      "kind: Secret\nmetadata: {name: s}\ndata: {key: aHVudGVyMg==}\nstringData: {word: hunter2}\n",
    );
    expect(text).toContain('key: "[secret]"');
    expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  it("does not depend on the order in which objects are rendered", () => {
    const [one, other] = ["kind: A\nmetadata: {name: a}\n", "kind: B\nmetadata: {name: b}\n"];
    expect(manifests(`${one}---\n${other}`)).toBe(manifests(`${other}---\n${one}`));
  });
});
