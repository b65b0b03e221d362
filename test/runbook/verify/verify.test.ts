import { PassThrough } from "node:stream";
import { systemClock } from "../../../io/clock.ts";
import { verifyDocument } from "../../../runbook/report/document.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { ReleaseObjectives } from "../../../runbook/verify/checks/objectives.ts";
import {
  runVerify,
  successLines,
  verdictOf,
  verifications,
  verifyProblem,
  verifyText,
} from "../../../runbook/verify/verify.ts";
import { selfSigned } from "../../support/certificate.ts";
import { configWith } from "../../support/preflight.ts";
import { fakeVerify, type VerifyParts } from "../../support/verify.ts";

const screen = plainScreen(new PassThrough());
const { signal } = new AbortController();
const config = configWith({});
const labels = { stack: "prod", release: config.release.id, synthetic: "false" };
const paint = {
  good: (text: string) => text,
  bad: (text: string) => text,
  dim: (text: string) => text,
  strong: (text: string) => text,
};

/** A release that is live, well, and used enough to be proven, but for the changes. */
async function verify(changes: VerifyParts = {}) {
  const certificate = await selfSigned(config.domain, 90);
  const context = fakeVerify({
    certificateOf: async () => ({ certificate, problem: undefined }),
    counted: [{ labels, requests: 10_000_000 }],
    ...changes,
  });
  // The time limits are real; nothing here waits for one.
  return runVerify({ ...context, clock: { ...systemClock, now: context.clock.now } }, { screen, signal });
}

const criterion = (report: Awaited<ReturnType<typeof verify>>, metric: string) =>
  report.success.find((each) => each.metric === metric);

describe("runVerify", () => {
  it("verifies a release that is well and proven, with exit 0", async () => {
    const report = await verify();
    expect(report.checks.filter(({ status }) => status !== "pass")).toEqual([]);
    expect(report).toMatchObject({ outcome: "verified", exitCode: 0, stack: "prod", release: config.release.id });
    expect(report.slos).toHaveLength(4);
    expect(new Set(report.success.map(({ verdict }) => verdict))).toEqual(new Set(["pass"]));
    expect(verifyProblem(report)).toBeUndefined();
  });

  it("fails with exit 1 and the reason when one check does", async () => {
    const report = await verify({ runJob: async () => "BackoffLimitExceeded" });
    expect(report).toMatchObject({ outcome: "failed", exitCode: 1 });
    expect(verifyProblem(report)).toBe("End-to-end tests: job sparki-test/e2e-2026-11-1 failed: BackoffLimitExceeded");
  });

  it("ends unproven with exit 3, and never verified, when the metrics cannot be read", async () => {
    const pace = { ...fakeVerify().pace, sourceRetrySeconds: 0 };
    const report = await verify({ metrics: { kind: "unreachable", reason: "ECONNREFUSED" }, pace });
    expect(report).toMatchObject({ outcome: "unproven", exitCode: 3 });
    expect(criterion(report, "Error Rate")).toMatchObject({ verdict: "not proven" });
    expect(criterion(report, "Error Budget")).toMatchObject({ verdict: "not proven" });
  });

  it("ends unproven, and says no harm of the release, when a check could not look", async () => {
    const report = await verify({ podsOf: () => Promise.reject(new Error("connect ETIMEDOUT")) });
    expect(report).toMatchObject({ outcome: "unproven", exitCode: 3 });
    expect(verifyProblem(report)).toBe("Pods: could not check: connect ETIMEDOUT");
    expect(criterion(report, "Pod Health")).toMatchObject({ verdict: "not proven" });
    expect(report.checks).toContainEqual(expect.objectContaining({ id: "pods", status: "warn", isBlind: true }));
  });

  it("writes the document that is promised", async () => {
    expect(verifyDocument.safeParse(await verify()).error).toBeUndefined();
  });

  it.each<[string, VerifyParts, string]>([
    ["Pod Health", { podsOf: async () => ({ rollout: undefined, pods: [] }) }, "0 % running, 0 of 8"],
    ["Error Rate", { counted: [{ labels, requests: 6000, errors: 60 }] }, "60 of 6000 requests bad"],
    ["P99 Latency", { counted: [{ labels, requests: 6000, slower: { 5: 180, 1: 180, 0.1: 180 } }] }, "180 of 6000"],
    ["Error Budget", { counted: [{ labels, requests: 10_000_000, errors: 700 }] }, "93 % left"],
    ["Database", { web: { "GET https://prod.sparki.tools/api/projects": { status: 500 } } }, "answered 500"],
    ["Cache", { web: { "GET https://prod.sparki.tools/api/cache/health": { status: 500 } } }, "answered 500"],
  ])("has %s fail in the success table, with what was found", async (metric, changes, found) => {
    expect(criterion(await verify(changes), metric)).toMatchObject({
      verdict: "fail",
      found: expect.stringContaining(found),
    });
  });

  it("says in the table that there is no data yet where users asked nothing", async () => {
    const synthetic = { ...labels, synthetic: "true" };
    const report = await verify({ counted: [{ labels: synthetic, requests: 10_000 }] });
    expect(report).toMatchObject({ outcome: "verified", exitCode: 0 });
    expect(criterion(report, "Error Budget")).toMatchObject({ threshold: "> 99 %", verdict: "no data yet" });
    expect(criterion(report, "Error Rate")?.found).toMatch(/\(0 of users\)$/);
  });
});

describe("verifications", () => {
  it("have an id each, and cover the runbook's success table", () => {
    const ids = verifications(new ReleaseObjectives(fakeVerify())).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining(["pods", "slo-errors", "slo-p99", "error-budget", "database", "cache", "dns"]),
    );
  });
});

describe("verdictOf", () => {
  it.each([
    [["pass", "skipped"], "pass"],
    [["pass", "warn"], "inconclusive"],
    [["warn", "fail"], "fail"],
  ] as const)("of %j is %s", (statuses, verdict) => {
    expect(verdictOf(statuses.map((status) => ({ status })))).toBe(verdict);
  });
});

describe("verifyText", () => {
  it("fits 80 columns and needs no colour: a word for each verdict", async () => {
    const text = verifyText(await verify({ runJob: async () => "DeadlineExceeded: too long" }), paint);
    const wide = text.split("\n").filter((line) => line.length > 80 && !/https?:\/\/\S{40}/.test(line));
    expect(wide).toEqual([]);
    expect(text).toContain("✗ FAIL  End-to-end tests: job sparki-test/e2e-2026-11-1 failed");
    expect(text).toContain("prod: 2026.11.1 is UNHEALTHY: 15 passed, 1 failed");
  });
});

describe("successLines", () => {
  it("is the runbook's table in its order", async () => {
    const { success } = await verify();
    expect(success.map(({ metric, threshold }) => `${metric} ${threshold}`)).toEqual([
      "Pod Health 100 % running",
      "Error Rate < 0.1 %",
      "P99 Latency < 5 s",
      "Error Budget > 99 %",
      "Database healthy",
      "Cache healthy",
      "DNS resolving",
    ]);
    expect(successLines(success, paint)[1]).toBe(
      "  Pod Health    100 % running  pass         100 % running: 8 of 8, on the",
    );
  });
});
