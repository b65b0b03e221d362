import fc from "fast-check";
import { VERDICTS } from "../../../gates/verdict.ts";
import { failedLook, judgeLook, subjectsOf } from "../../../runbook/watch/look.ts";
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
