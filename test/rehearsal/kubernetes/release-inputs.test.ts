import { join } from "node:path";
import { checkedRelease } from "../../../rehearsal/kubernetes/provider.ts";
import type { CheckRequest } from "../../../rehearsal/provider/model.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

function checked(news: Properties, olds: Properties = {}) {
  const request: CheckRequest = {
    urn: "urn:pulumi:prod::sparki::kubernetes:helm.sh/v3:Release::fleet",
    type: "kubernetes:helm.sh/v3:Release",
    name: "fleet",
    news,
    olds,
    secrets: [],
    randomSeed: new Uint8Array([1, 2, 3, 4, 5]),
    session: { config: {}, signal: new AbortController().signal },
    signal: new AbortController().signal,
    log: () => undefined,
  };
  return checkedRelease(request, join(import.meta.dirname, "..", "..", ".."));
}

describe("checkedRelease", () => {
  it.each([
    { news: { name: "a" }, olds: {}, name: "a" },
    { news: {}, olds: { name: "b" }, name: "b" },
    { news: {}, olds: {}, name: "fleet-01020304" },
  ])("names it $name", ({ news, olds, name }) => {
    expect(checked(news, olds).inputs.name).toBe(name);
  });

  it("refuses a setting that would silently do nothing", () => {
    expect(checked({ chart: "./apps/charts/engine", keyring: "k", forceUpdate: false, atomic: true }).failures).toEqual(
      [{ property: "keyring", reason: expect.stringContaining("keyring") }],
    );
  });

  it("has the settings that the real provider fills in, and the chart's version", () => {
    const { inputs, failures } = checked({
      ...{ name: "a", chart: "./apps/charts/engine", atomic: true, maxHistory: 10, compat: "true" },
    });
    expect(failures).toEqual([]);
    expect(Object.keys(inputs)).toHaveLength(30);
    expect(inputs).toMatchObject({ atomic: true, timeout: 300, description: "", namespace: "default" });
    expect(inputs.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(inputs).not.toHaveProperty("compat");
  });

  it("reads a chart by its whole path too, as a rollback names it", () => {
    const chart = join(import.meta.dirname, "..", "..", "..", "apps", "charts", "engine");
    expect(checked({ chart }).failures).toEqual([]);
  });

  it("refuses a chart that is not there, once all inputs are known", () => {
    expect(checked({ chart: "./nowhere" }).failures).toEqual([
      { property: "chart", reason: expect.stringContaining('chart "./nowhere" not found') },
    ]);
    expect(checked({ chart: "./nowhere", values: { image: UNKNOWN } }).failures).toEqual([]);
  });
});
