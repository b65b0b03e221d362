import { PassThrough } from "node:stream";
import fc from "fast-check";
import { type GateResult, VERDICTS } from "../../../gates/gate.ts";
import { releaseCounts } from "../../../gates/live/release-slo.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import {
  budgetText,
  failedLook,
  judgeLook,
  lookAtTraffic,
  lookLines,
  subjectsOf,
} from "../../../runbook/watch/look.ts";
import { watchText } from "../../../runbook/watch/watch-run.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { subjectNamed } from "../../support/gate-subjects.ts";
import { type Counted, fakePrometheus } from "../../support/prometheus.ts";
import { rawConfig } from "../../support/stack-config.ts";
import { releaseNamed } from "../../support/updates.ts";
import { checkOf, failing, rowOf, seenOf } from "../../support/watching.ts";

const HOUR = 3_600;
const circumstances = { at: 1_000, elapsedSeconds: HOUR, canRollBack: true, rollbackTried: false };
const judge = (seen: Parameters<typeof judgeLook>[0], more: Partial<typeof circumstances> = {}) =>
  judgeLook(seen, { ...circumstances, ...more });

describe("judgeLook", () => {
  it("goes on when all is well", () => {
    expect(judge(seenOf())).toMatchObject({
      verdict: "pass",
      problems: [],
      stage: "first hour",
      decision: { action: "proceed", page: false },
    });
  });

  it.each([
    ["waits within five minutes of the promotion", 600, { elapsedSeconds: 299 }, "wait"],
    ["waits while more than 1 % fail for less than five minutes", 240, {}, "wait"],
    ["rolls back after five minutes", 300, {}, "rollback"],
    ["escalates where there is nothing to roll back to", 300, { canRollBack: false }, "escalate"],
    ["escalates after a rollback", 300, { rollbackTried: true }, "escalate"],
    ["escalates a broken objective with less than 1 % failing", 0, {}, "escalate"],
  ])("%s", (_, seconds, more, action) => {
    expect(judge(failing(seconds), more)).toMatchObject({ verdict: "fail", decision: { action } });
  });

  it("tells the first problem with the decision, what is proven bad before the rest", () => {
    const told = rowOf("errors beside its baseline", "inconclusive");
    const bad = rowOf("errors: 5 min burn rate", "fail", "9 of 10 bad");
    const look = judge(seenOf({ rows: [told, bad], anomalies: [told, bad] }));
    expect(look.problems).toEqual(["errors: 5 min burn rate: 9 of 10 bad", "errors beside its baseline: because"]);
    expect(look.decision.reason).toMatch(/: a person decides \(errors: 5 min burn rate: 9 of 10 bad\)$/);
  });

  it("is well although a few requests prove nothing, and open when there were none", () => {
    const few = rowOf("errors: 5 min burn rate", "inconclusive");
    expect(judge(seenOf({ rows: [few] }))).toMatchObject({ verdict: "pass", problems: [] });
    expect(judge(seenOf({ rows: [] }))).toMatchObject({ verdict: "inconclusive", problems: [] });
    expect(judge(seenOf({ rows: [] }), { elapsedSeconds: 24 * HOUR }).decision.action).toBe("hold");
  });

  it.each([
    ["the entrance that fails is for a person now", checkOf("entrance", "fail"), "fail", "escalate"],
    ["pods that are not ready are told", checkOf("pods", "fail"), "inconclusive", "wait"],
    ["a warning is told", checkOf("tls-certificate", "warn"), "inconclusive", "wait"],
    ["what nobody could look at is no finding", checkOf("entrance", "fail", { isBlind: true }), "error", "wait"],
    ["what is skipped says nothing", checkOf("dashboards", "skipped"), "pass", "proceed"],
  ] as const)("%s", (_, check, verdict, action) => {
    expect(judge(seenOf({ checks: [check] }))).toMatchObject({ verdict, decision: { action } });
  });

  it("never betters for one more finding", () => {
    const row = fc.constantFrom(...VERDICTS).map((verdict) => rowOf("errors", verdict));
    const rank = (verdict: (typeof VERDICTS)[number]) => VERDICTS.indexOf(verdict);
    fc.assert(
      fc.property(fc.array(row), row, fc.boolean(), (rows, more, isEntranceDown) => {
        const anomalies = rows.filter(({ verdict }) => verdict !== "pass");
        const before = judge(seenOf({ rows: [rowOf("x", "pass"), ...rows], anomalies }));
        const checks = isEntranceDown ? [checkOf("entrance", "fail")] : [];
        const found = more.verdict === "pass" ? [] : [more];
        const after = judge(
          seenOf({ rows: [rowOf("x", "pass"), ...rows, more], anomalies: [...anomalies, ...found], checks }),
        );
        return rank(after.verdict) <= rank(before.verdict) && after.problems.length >= before.problems.length;
      }),
    );
  });
});

describe("failedLook", () => {
  it("is an error with its reason, to be tried again, and in the end for a person", () => {
    expect(failedLook(new Error("no state"), circumstances)).toMatchObject({
      verdict: "error",
      problems: ["could not check: no state"],
      decision: { action: "wait" },
    });
    expect(failedLook("x", { ...circumstances, elapsedSeconds: 24 * HOUR }).decision).toMatchObject({
      action: "escalate",
      page: true,
    });
  });
});

describe("subjectsOf", () => {
  it("names what is wrong without its numbers, each once", () => {
    const look = judge(
      seenOf({
        anomalies: [rowOf("errors", "fail", "1"), rowOf("errors", "fail", "2")],
        checks: [checkOf("pods", "warn")],
      }),
    );
    expect(subjectsOf(look)).toEqual(["errors", "pods"]);
  });
});

const { paint } = plainScreen(new PassThrough());
const at = { at: 0, elapsedSeconds: 600, canRollBack: true, rollbackTried: false };

describe("lookLines", () => {
  it("say of a look at which all is well only that, with the next one's time", () => {
    expect(lookLines(judgeLook(seenOf(), at), 900, paint)).toEqual([
      "  ✓ well  T+10 min 00 s  0 % of 1000 failed, budget 100 % left, 1 of 1 checks;",
      "          next at T+15 min 00 s",
    ]);
  });

  it("tell what is wrong and what is decided, in words beside the signs", () => {
    const look = judgeLook(failing(300), at);
    const [first, ...more] = lookLines(look, undefined, paint);
    expect(first).toMatch(/^ {2}✗ BAD {2}T\+10 min 00 s/);
    expect(more[0]).toBe("      errors: 5 min burn rate: 400 of 4000 requests bad");
    expect(more.slice(1).join("").replace(/ {8}/g, " ")).toMatch(
      /^ {6}→ rollback: more than 1 % have failed for five minutes.*\(errors: 5 min burn rate: .*\)$/,
    );
  });

  it("stay within 80 columns, whatever was found", () => {
    const look = { ...judgeLook(failing(300), at), problems: ["a problem that goes on ".repeat(12)] };
    const lines = lookLines(look, 900, paint);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("say that requests could not be counted, and name a silent source once", () => {
    const rows = ["errors: 5 min burn rate", "slow: 5 min burn rate"].map((name) => rowOf(name, "error", "no answer"));
    expect(lookLines(judgeLook(seenOf({ rows, anomalies: rows }), at), undefined, paint).slice(0, 2)).toEqual([
      "  ! BLIND  T+10 min 00 s  requests not counted, 1 of 1 checks",
      "      errors: 5 min burn rate and 1 more: no answer",
    ]);
  });

  it("say that nobody asked, and that nothing was checked", () => {
    const look = judgeLook(seenOf({ rows: [], budgetLeft: null, checks: [checkOf("dashboards", "skipped")] }), at);
    expect(lookLines(look, undefined, paint)).toEqual([
      "  - open  T+10 min 00 s  no requests, budget untouched, 0 of 0 checks",
    ]);
  });
});

describe("watchText", () => {
  it("ends with the outcome, the reason and how many looks were how", () => {
    const looks = [judgeLook(seenOf(), at), judgeLook(seenOf(), at), judgeLook(failing(300), at)];
    const run = { release: releaseNamed("2.0"), promotedAt: 0, looks, rollback: null };
    expect(watchText({ ...run, outcome: "rolled-back", exitCode: 1, reason: "1.0 serves" }, "prod", paint)).toBe(
      "\nwatch prod 2.0: rolled-back (exit 1)\n1.0 serves\n  looks: 2 well, 1 bad\n",
    );
  });
});

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
