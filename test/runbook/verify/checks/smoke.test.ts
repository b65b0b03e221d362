import { cache, database, SMOKE_PATHS, smoke } from "../../../../runbook/verify/checks/serving.ts";
import { fakeVerify, lookAt } from "../../../support/verify.ts";

const failing = (path: string, status = 500) =>
  fakeVerify({ web: { [`GET https://prod.sparki.tools${path}`]: { status } } });

describe("smoke", () => {
  it("passes with each path's answer and time", async () => {
    const context = fakeVerify();
    expect(await lookAt(smoke, context)).toEqual({
      status: "pass",
      reason: "4 of 4 answered 200",
      evidence: SMOKE_PATHS.map((path) => `${path} answered 200 in 0 ms`),
    });
    expect(context.asked()).toEqual(SMOKE_PATHS.map((path) => `GET ${path}`));
  });

  it.each(["/health", "/api/projects", "/api/cache/health"])("fails when %s does", async (path) => {
    expect(await lookAt(smoke, failing(path))).toMatchObject({
      status: "fail",
      reason: `1 of 4: ${path} answered 500 in 0 ms`,
      fix: "npx sparki diagnose errors --stack prod",
    });
  });

  it("fails when nothing answers", async () => {
    const balancer = async () => ({ answered: false, error: "ECONNREFUSED", seconds: 0 }) as const;
    expect(await lookAt(smoke, { ...fakeVerify(), balancer })).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^4 of 4: \/health did not answer: ECONNREFUSED/),
    });
  });
});

describe("database", () => {
  it("passes when the engine can list projects", async () => {
    expect(await lookAt(database, fakeVerify())).toMatchObject({ status: "pass" });
  });

  it("fails with the answer, and names what to run", async () => {
    expect(await lookAt(database, failing("/api/projects", 503))).toEqual({
      status: "fail",
      reason: "/api/projects answered 503 in 0 ms",
      fix: "npx sparki diagnose database --stack prod",
    });
  });
});

describe("cache", () => {
  it("passes when a key is set and read", async () => {
    expect(await lookAt(cache, fakeVerify())).toMatchObject({ status: "pass" });
  });

  it("fails with the answer", async () => {
    expect(await lookAt(cache, failing("/api/cache/health"))).toMatchObject({
      status: "fail",
      reason: "/api/cache/health answered 500 in 0 ms",
    });
  });
});
