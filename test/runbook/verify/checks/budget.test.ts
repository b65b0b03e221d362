import { budget, burns } from "../../../../runbook/verify/checks/objectives.ts";
import { verdictOf } from "../../../../runbook/verify/verify.ts";
import type { Counted } from "../../../support/prometheus.ts";
import { fakeVerify, lookAt, type VerifyParts } from "../../../support/verify.ts";

const labels = { stack: "prod", release: "another", synthetic: "false" };
const users = (requests: number, found: Partial<Counted> = {}): VerifyParts => ({
  counted: [{ labels, requests, ...found }],
});
const DOWN: VerifyParts = { metrics: { kind: "unreachable", reason: "ECONNREFUSED" } };

describe("budget", () => {
  it.each([
    ["pass", 50, "99.5 % left: 50 of 10000000 requests of 30 days bad"],
    ["warn", 200, "98 % left: 200 of 10000000 requests of 30 days bad"],
    ["fail", 700, "93 % left: 700 of 10000000 requests of 30 days bad"],
  ])("ends in %s by what is proven to be left", async (status, errors, reason) => {
    expect(await lookAt(budget, fakeVerify(users(10_000_000, { errors })))).toMatchObject({ status, reason });
  });

  it.each([
    [15 * 86_400, "15 days only, 50 % of the period"],
    [5 * 3_600, "5 h only, 0.694 % of the period"],
  ])("warns where samples go back %d s only, though what is left there is proven (W14)", async (reachSeconds, told) => {
    const finding = await lookAt(budget, fakeVerify({ ...users(10_000_000, { errors: 50 }), reachSeconds }));
    expect(finding).toMatchObject({ status: "warn", advisory: true, reason: expect.stringContaining(told) });
    expect(finding.fix).toContain("retention");
    expect(verdictOf([finding])).toBe("pass");
    const bad = await lookAt(budget, fakeVerify({ ...users(10_000_000, { errors: 700 }), reachSeconds }));
    expect(bad.status).toBe("fail");
  });

  it("warns where one bad request of a few proves nothing", async () => {
    expect(await lookAt(budget, fakeVerify(users(2000, { errors: 1 })))).toMatchObject({
      status: "warn",
      reason: "not proven: 50 % left: 1 of 2000 requests of 30 days bad",
    });
  });

  it("is skipped while users asked nothing, and warns when nobody could look", async () => {
    expect(await lookAt(budget, fakeVerify())).toEqual({
      status: "skipped",
      reason: "nothing used: no user requests in 30 days",
    });
    expect(await lookAt(budget, fakeVerify(DOWN))).toMatchObject({
      status: "warn",
      reason: "not proven: the metrics source does not respond: ECONNREFUSED",
    });
  });
});

describe("burns", () => {
  it("are of the last 30 minutes and 24 hours", () => {
    expect(burns.map(({ id }) => id)).toEqual(["burn-30-min", "burn-24-h"]);
  });

  it.each(burns.map((burn) => [burn.title, burn] as const))("%s passes under 1x", async (_, burn) => {
    expect(await lookAt(burn, fakeVerify(users(10_000, { errors: 5 })))).toMatchObject({
      status: "pass",
      reason: expect.stringContaining("burns at 0.5x"),
    });
  });

  it.each(burns.map((burn) => [burn.title, burn] as const))("%s fails when proven over 1x", async (_, burn) => {
    expect(await lookAt(burn, fakeVerify(users(10_000, { errors: 100 })))).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^errors: 100 of 10000 requests bad: burns at 10x; expected under 1x/),
      fix: "npx sparki diagnose errors --stack prod",
    });
  });

  it.each(burns.map((burn) => [burn.title, burn] as const))("%s warns of what is not proven", async (_, burn) => {
    const few = await lookAt(burn, fakeVerify(users(100, { errors: 1 })));
    expect(few).toMatchObject({ status: "warn", reason: expect.stringMatching(/^not proven: errors: 1 of 100/) });
    expect(await lookAt(burn, fakeVerify(DOWN))).toMatchObject({ status: "warn" });
  });

  it.each(burns.map((burn) => [burn.title, burn] as const))("%s is skipped without users", async (_, burn) => {
    expect(await lookAt(burn, fakeVerify())).toMatchObject({ status: "skipped" });
  });
});
