import { releaseCounts } from "../../../gates/live/release-slo.ts";
import type { GateResult } from "../../../gates/verdict.ts";
import { budgetText, lookAtTraffic } from "../../../runbook/watch/look.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { subjectNamed } from "../../support/gate-subjects.ts";
import { type Counted, fakePrometheus } from "../../support/prometheus.ts";
import { rawConfig } from "../../support/stack-config.ts";

const NOW = 10_000_000;
const config = parseConfig(rawConfig("prod"), "prod");
const labels = { stack: "prod", release: config.release.id, synthetic: "false" };
const fleet = (objective: string, bad: number): GateResult => ({
  ...subjectNamed("engine fleet"),
  kind: "objective",
  objective,
  verdict: "pass",
  requests: 4_000,
  bad,
  measured: bad / 4_000,
  limit: 0.001,
  lower: 0,
  upper: 0.001,
  needed: 0,
  synthetic: 4_000,
  reason: "",
});
const look = (
  counted: readonly Counted[],
  more: Partial<Parameters<typeof lookAtTraffic>[0]> = {},
  broken?: Parameters<typeof fakePrometheus>[2],
) => {
  const counts = releaseCounts(fakePrometheus(counted, NOW, broken), { stack: "prod", config }, () => NOW);
  return lookAtTraffic({ counts, config, baseline: [], elapsedSeconds: 600, timeScale: 1, ...more });
};
const names = (rows: readonly GateResult[]) => rows.map(({ objective }) => objective);

describe("lookAtTraffic", () => {
  it("finds nothing in good requests, and all of the budget left", async () => {
    const found = await look([{ labels, requests: 50_000 }]);
    expect(found).toMatchObject({ anomalies: [], highErrorSeconds: 0, budgetLeft: 1 });
    expect(found.rows.slice(0, 4).map(({ verdict }) => verdict)).toEqual(Array(4).fill("pass"));
  });

  it("finds proven errors, the pairs that they set off, and how long they have been high", async () => {
    const found = await look([{ labels, requests: 50_000, errors: 2_500 }]);
    expect(names(found.anomalies)).toEqual(
      expect.arrayContaining([
        "errors: 5 min burn rate",
        "errors: 1 h and 5 min burn rates",
        "errors: 30 days burn rate",
      ]),
    );
    expect(found.anomalies[0]).toMatchObject({ verdict: "fail", requests: 50_000, bad: 2_500 });
    expect(found.highErrorSeconds).toBe(60);
    expect(found.budgetLeft).toBeCloseTo(-49, 6);
  });

  it("wakes nobody for a budget that is used up", async () => {
    const found = await look([{ labels: { ...labels, release: "0.9" }, requests: 50_000, errors: 100 }]);
    const budget = found.anomalies.find(({ objective }) => objective === "errors: 30 days burn rate");
    expect(budget).toMatchObject({ verdict: "inconclusive" });
  });

  it("judges all the time since the look before, where a look is late (W19)", async () => {
    const errors = [{ labels, requests: 50_000, errors: 100 }];
    const late = names((await look(errors, { elapsedSeconds: 3_600, sinceLookSeconds: 3_300 })).rows);
    expect(late).toContain("errors: 55 min burn rate");
    expect(names((await look(errors, { elapsedSeconds: 3_600 })).rows)).not.toContain("errors: 55 min burn rate");
  });

  it("judges the 30 min and 24 h burn only once the release is as old", async () => {
    const errors = [{ labels, requests: 50_000, errors: 100 }];
    const rows = async (elapsedSeconds: number) => names((await look(errors, { elapsedSeconds })).rows);
    expect(await rows(1_799)).not.toContain("errors: 30 min burn rate");
    expect(await rows(1_800)).toContain("errors: 30 min burn rate");
    expect(await rows(86_399)).not.toContain("errors: 24 h burn rate");
    expect(await rows(86_400)).toContain("errors: 24 h burn rate");
  });

  it("finds what is clearly worse than when it was promoted, although within the objectives", async () => {
    const counted = [{ labels, requests: 50_000, slower: { 0.1: 10_000 } }];
    const baseline = [fleet("slower than 100 ms", 40)];
    const found = await look(counted, { baseline });
    expect(found.anomalies).toMatchObject([
      {
        objective: "slower than 100 ms beside its baseline",
        verdict: "inconclusive",
        reason: expect.stringContaining("times as bad"),
      },
    ]);
    expect((await look(counted)).anomalies).toEqual([]);
  });

  it("takes too few requests for no news", async () => {
    expect(await look([{ labels, requests: 20 }])).toMatchObject({ anomalies: [] });
  });

  it("has no rows of its own where users asked nothing", async () => {
    const found = await look([{ labels: { stack: "prod", release: config.release.id }, requests: 0 }]);
    expect(found).toMatchObject({ rows: [], anomalies: [], budgetLeft: null });
  });

  it("says that it could not look when Prometheus does not answer", async () => {
    const found = await look([], {}, { kind: "unreachable", reason: "ECONNREFUSED" });
    expect(found.anomalies[0]).toMatchObject({ verdict: "error", reason: expect.stringContaining("ECONNREFUSED") });
  });

  it("is told of metrics that are not numbers", async () => {
    const found = await look([], {}, { kind: "not-a-number", reason: "http_requests_total{}" });
    expect(found.anomalies[0]).toMatchObject({ verdict: "inconclusive" });
  });
});

describe("budgetText", () => {
  it.each([
    [null, "budget untouched"],
    [0.973, "budget 97.3 % left"],
    [-42.4, "budget used up"],
  ])("of %p is %p", (budgetLeft, text) => {
    expect(budgetText({ budgetLeft })).toBe(text);
  });
});
