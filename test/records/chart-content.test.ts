import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chartContentIn, contentHash, valuesHash, writeChart } from "../../records/helm-release.ts";
import { decodeRelease, liveRevision } from "../../records/stored-release.ts";
import { helmSecret } from "../support/helm-secrets.ts";

const CHARTS = join(import.meta.dirname, "../../apps/charts");

describe("a chart that Helm keeps", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-chart-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(["engine", "web", "monitoring"])(
    "is the same by its hash as the folder of %s, and as one written from it",
    (name) => {
      const chart = join(CHARTS, name);
      const { chart: kept } = decodeRelease(helmSecret({ name, revision: 1, chart }));
      writeChart(kept, folder);
      const hashes = [chartContentIn(chart), kept, chartContentIn(folder)].map(contentHash);
      expect(new Set(hashes).size).toBe(1);
      for (const template of readdirSync(join(chart, "templates")))
        expect(readFileSync(join(folder, "templates", template))).toEqual(
          readFileSync(join(chart, "templates", template)),
        );
    },
  );

  it.each([
    ["a template", "templates/deployment.yaml", "kind: Other\n"],
    ["a value", "values.yaml", "replicas: 9\n"],
    ["the chart's version", "Chart.yaml", "name: engine\nversion: 9.9.9\n"],
    ["a new file", "templates/role.yaml", "kind: Role\n"],
  ])("is another one when %s differs", (_, path, text) => {
    writeChart(chartContentIn(join(CHARTS, "engine")), folder);
    const before = contentHash(chartContentIn(folder));
    writeFileSync(join(folder, path), text);
    expect(contentHash(chartContentIn(folder))).not.toBe(before);
  });

  it("has values that are the same in any order of their keys", () => {
    expect(valuesHash({ a: 1, b: { c: [1, 2], d: 2 } })).toBe(valuesHash({ b: { d: 2, c: [1, 2] }, a: 1 }));
    expect(valuesHash({ a: [1, 2] })).not.toBe(valuesHash({ a: [2, 1] }));
  });

  it("has values that are the same once the Kubernetes provider has left out nulls and empty lists", () => {
    const told = { pull: [], none: null, at: { pull: [], zone: "a" }, list: [{ none: null }] };
    expect(valuesHash(told)).toBe(valuesHash({ pull: null, at: { zone: "a" }, list: [{}] }));
    expect(valuesHash({ on: false })).not.toBe(valuesHash({}));
    expect(valuesHash({ text: "" })).not.toBe(valuesHash({}));
  });
});

describe("decodeRelease", () => {
  it("reads the values, the state and the objects of a revision", () => {
    const values = { image: "a@sha256:1", replicas: 3 };
    const kept = {
      name: "engine-fleet",
      revision: 7,
      values,
      manifest: "kind: Service\n",
      chart: join(CHARTS, "engine"),
    };
    expect(decodeRelease(helmSecret(kept))).toMatchObject({
      name: "engine-fleet",
      namespace: "sparki-engine",
      revision: 7,
      status: "deployed",
      values,
      manifest: "kind: Service\n",
    });
  });

  it.each(["", "bm90aGluZw==", Buffer.from("{}").toString("base64")])("throws for %j, which no Helm wrote", (data) => {
    expect(() => decodeRelease(data)).toThrow();
  });
});

describe("liveRevision", () => {
  it("is the newest that was deployed, not one that failed after it", () => {
    const [old, live, failed] = (["superseded", "deployed", "failed"] as const).map((status, index) =>
      decodeRelease(helmSecret({ name: "engine-fleet", revision: index + 1, status, chart: join(CHARTS, "web") })),
    );
    expect([failed, live, old].every(Boolean)).toBe(true);
    expect(liveRevision([failed, live, old].flatMap((each) => each ?? []))?.revision).toBe(2);
  });
});
