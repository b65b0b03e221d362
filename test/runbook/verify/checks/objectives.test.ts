import { NO_TRAFFIC } from "../../../../gates/traffic.ts";
import { objectiveTitle, ReleaseObjectives } from "../../../../runbook/verify/checks/objectives.ts";
import { fakeClock } from "../../../support/fake-clock.ts";
import { configWith, NOW } from "../../../support/preflight.ts";
import type { Counted } from "../../../support/prometheus.ts";
import { fakeVerify, lookAt, type VerifyParts } from "../../../support/verify.ts";

const config = configWith({});
const labels = { stack: "prod", release: config.release.id, synthetic: "false" };
const users = (found: Partial<Counted>): VerifyParts => ({ counted: [{ labels, requests: 6000, ...found }] });

async function look(parts: VerifyParts, id = "slo-errors") {
  const context = fakeVerify(parts);
  const objectives = new ReleaseObjectives(context);
  const finding = await lookAt(
    objectives.checks.find((check) => check.id === id),
    context,
  );
  return { finding, objectives, context };
}

describe("ReleaseObjectives", () => {
  it("has a check for each of the config's objectives, named as the runbook names them", () => {
    const { checks } = new ReleaseObjectives(fakeVerify());
    expect(checks.map(({ id, title }) => `${id}: ${title}`)).toEqual([
      "slo-errors: Error rate < 0.1 %",
      "slo-p99: P99 latency < 5 s",
      "slo-p95: P95 latency < 1 s",
      "slo-p50: P50 latency < 100 ms",
    ]);
  });

  it("passes with the bound that was proven, and keeps the counts behind it", async () => {
    const { finding, objectives, context } = await look(users({}));
    expect(finding).toMatchObject({
      status: "pass",
      reason: expect.stringMatching(
        /^0 of 6000 requests bad: at most 0\.0\d+ %, under the limit 0\.1 % \(6000 of users\)$/,
      ),
    });
    expect(objectives.results).toHaveLength(4);
    expect(context.trafficStarts()).toEqual([0, 0]);
  });

  it.each([
    ["slo-errors", { errors: 60 }, "60 of 6000 requests bad: at least"],
    ["slo-p99", { slower: { 5: 180, 1: 180, 0.1: 180 } }, "180 of 6000 requests bad: at least"],
    ["slo-p95", { slower: { 1: 600, 0.1: 600 } }, "600 of 6000 requests bad: at least"],
    ["slo-p50", { slower: { 0.1: 5000 } }, "5000 of 6000 requests bad: at least"],
  ])("fails %s alone when it is proven broken", async (id, found, reason) => {
    const { finding, objectives, context } = await look(users(found), id);
    expect(finding).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
    for (const other of objectives.checks.filter((check) => check.id !== id))
      expect(await lookAt(other, context)).toMatchObject({ status: "pass" });
  });

  it("warns that nothing is proven yet without data, having made requests of its own until the deadline", async () => {
    const { finding, context } = await look({});
    expect(finding).toMatchObject({
      status: "warn",
      reason: expect.stringMatching(/^not yet proven: no requests; \d+ good ones would prove/),
    });
    expect(context.clock.now() - fakeVerify().clock.now()).toBeGreaterThanOrEqual(15 * 60);
    expect(context.trafficStarts()).toEqual([1, 1]);
  });

  /** Own requests at 60 a second of which so many fail, in a release that users do not use. */
  const asking = (errorRatio: number, counted: Counted[] = []): VerifyParts => {
    const clock = fakeClock(NOW);
    const traffic = () => {
      const begun = clock.now();
      const requests = () => Math.round((clock.now() - begun) * 60);
      const counts = () => ({ ...NO_TRAFFIC, requests: requests(), errors: Math.round(requests() * errorRatio) });
      return { start: () => {}, stop: async () => {}, counts };
    };
    return { clock, counted, traffic };
  };
  const gates = { labels: { ...labels, synthetic: "true" }, requests: 2000 };

  it("fails for what its own requests saw, though no pod counted a failed one", async () => {
    const { finding } = await look(asking(0.05, [gates]));
    expect(finding).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^\d+ of \d+ requests bad: at least/),
    });
  });

  it("adds its own requests to the gates', and counts none twice", async () => {
    const { finding, objectives } = await look(asking(0, [gates]));
    expect(finding).toMatchObject({ status: "pass", reason: expect.stringMatching(/\(0 of users\)$/) });
    // Seen by the pods before, and then 60 a second to the first look after 3,546.
    expect(objectives.results[0]).toMatchObject({ requests: 3800, synthetic: 3800 });
  });

  it("warns, and never passes, when Prometheus does not answer", async () => {
    const { finding, context } = await look({ metrics: { kind: "unreachable", reason: "ECONNREFUSED" } });
    expect(finding).toMatchObject({
      status: "warn",
      reason: "not proven: the metrics source does not respond: ECONNREFUSED",
    });
    expect(context.trafficStarts()).toEqual([0, 0]);
  });
});

describe("objectiveTitle", () => {
  it("says a limit in parts of a thousand", () => {
    const kind = { type: "slowerThan", seconds: 2 } as const;
    expect(objectiveTitle({ name: "x", kind, maxRatio: 0.001 })).toBe("P99.9 latency < 2 s");
  });
});
