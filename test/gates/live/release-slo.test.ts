import { RELEASE_WINDOWS } from "../../../gates/burn-rate.ts";
import type { GateResult } from "../../../gates/gate.ts";
import { budgetWindow, judgeReleaseSince, judgeWindow, releaseCounts } from "../../../gates/live/release-slo.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { type Counted, fakePrometheus } from "../../support/prometheus.ts";
import { rawConfig } from "../../support/stack-config.ts";

const NOW = 1_000_000;
const config = parseConfig(rawConfig("prod"), "prod");
const labels = (more: object = {}) => ({ stack: "prod", release: config.release.id, synthetic: "false", ...more });
const UP = { labels: { stack: "prod", release: config.release.id }, requests: 0 };
const counts = (counted: readonly Counted[], broken?: Parameters<typeof fakePrometheus>[2]) =>
  releaseCounts(fakePrometheus(counted, NOW, broken), { stack: "prod", config }, () => NOW);
const verdicts = (results: readonly GateResult[]) => results.map(({ verdict }) => verdict);

describe("judgeReleaseSince", () => {
  const judge = (counted: readonly Counted[], broken?: Parameters<typeof fakePrometheus>[2]) =>
    judgeReleaseSince(counts(counted, broken), config, NOW - 600, "verify");

  it("passes on enough good requests, users' and synthetic ones together and told apart", async () => {
    const results = await judge([
      { labels: labels(), requests: 3000 },
      { labels: labels({ synthetic: "true" }), requests: 3000 },
    ]);
    expect(verdicts(results)).toEqual(["pass", "pass", "pass", "pass"]);
    expect(results[0]).toMatchObject({ gate: "verify", objective: "errors", requests: 6000, bad: 0, synthetic: 3000 });
  });

  it.each([
    ["errors", { requests: 6000, errors: 60 }],
    ["slower than 5 s", { requests: 6000, slower: { 5: 180, 1: 180, 0.1: 180 } }],
    ["slower than 100 ms", { requests: 6000, slower: { 0.1: 5000 } }],
  ] as const)("fails for %s alone", async (objective, found) => {
    const results = await judge([{ labels: labels(), ...found }]);
    expect(results.filter(({ verdict }) => verdict !== "pass")).toMatchObject([{ objective, verdict: "fail" }]);
  });

  it("never passes without data", async () => {
    const results = await judge([UP]);
    expect(verdicts(results)).toEqual(Array(4).fill("inconclusive"));
    expect(results[0]?.reason).toMatch(/^no requests; \d+ good ones would prove a ratio under 0.1 %$/);
  });

  it("counts nothing of another release or stack", async () => {
    const others = [{ release: "0.9" }, { stack: "staging" }].map((more) => ({ labels: labels(more), requests: 6000 }));
    expect((await judge([UP, ...others]))[0]).toMatchObject({ verdict: "inconclusive", requests: 0 });
  });

  it("says that it could not look when Prometheus does not answer, or scrapes nothing of the release", async () => {
    const down = await judge([], { kind: "unreachable", reason: "ECONNREFUSED" });
    expect(down[0]).toMatchObject({ verdict: "error", reason: "the metrics source does not respond: ECONNREFUSED" });
    expect((await judge([]))[0]).toMatchObject({ verdict: "error", reason: expect.stringContaining("no target up") });
  });

  it("is inconclusive about metrics that are not numbers", async () => {
    expect((await judge([], { kind: "not-a-number", reason: "x{}" }))[0]).toMatchObject({ verdict: "inconclusive" });
  });
});

describe("judgeWindow", () => {
  const [halfHour = budgetWindow(0.99)] = RELEASE_WINDOWS;
  const judge = (counted: readonly Counted[], window = halfHour, broken?: Parameters<typeof fakePrometheus>[2]) =>
    judgeWindow(counts(counted, broken), config, window, { name: "verify", timeScale: 1 });

  it("passes on users' requests of any release that burn slowly enough", async () => {
    const results = await judge([{ labels: labels({ release: "0.9" }), requests: 5000 }]);
    expect(results).toMatchObject(Array(4).fill({ verdict: "pass", requests: 5000 }));
  });

  it("fails when the budget is proven to burn", async () => {
    const results = await judge([{ labels: labels(), requests: 5000, errors: 50 }]);
    expect(results[0]).toMatchObject({ verdict: "fail", reason: expect.stringContaining("burns at 10x") });
  });

  it("has its own word for users who ask nothing, whatever is asked beside them", async () => {
    const asked = [UP, { labels: labels({ synthetic: "true" }), requests: 5000 }];
    expect(await judge(asked)).toBe("no-requests");
    expect(await judge(asked, budgetWindow(0.99))).toBe("no-requests");
  });

  it("says that it could not look", async () => {
    const results = await judge([], halfHour, { kind: "unreachable", reason: "ECONNREFUSED" });
    expect(results).toMatchObject(Array(4).fill({ verdict: "error" }));
  });

  it("measures what is left of the budget as a burn over its whole period", async () => {
    const most = budgetWindow(0.99);
    const used = (errors: number) => judge([{ labels: labels(), requests: 10_000_000, errors }], most);
    expect((await used(50))[0]).toMatchObject({ verdict: "pass" });
    expect((await used(1000))[0]).toMatchObject({ verdict: "fail" });
  });
});
