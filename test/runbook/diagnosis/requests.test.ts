import { cacheAnswer, cacheHits, databaseAnswer, errorRate, slowRoutes } from "../../../runbook/diagnosis/diagnose.ts";
import { diagnosisContext, examine } from "../../support/diagnosis.ts";
import { testRules } from "../../support/promtool.ts";

const series = (route: string, value: number) => ({
  labels: { namespace: "sparki-engine", route },
  points: [[0, value]] as const,
});

describe.each([
  ["databaseAnswer", databaseAnswer, "https://prod.sparki.tools/api/projects"],
  ["cacheAnswer", cacheAnswer, "https://prod.sparki.tools/api/cache/health"],
] as const)("%s", (_, examination, url) => {
  it("passes when both tracks answer", async () => {
    expect(await examine(examination, diagnosisContext({ web: { [`GET ${url}`]: {} } }))).toEqual({
      status: "pass",
      reason: `${url}: one-box answered 200 in 0 ms, fleet answered 200 in 0 ms`,
    });
  });

  it("fails with what was answered instead", async () => {
    const body = { error: "connect postgres://sparki:hunter2@db:5432/sparki" };
    const web = { [`GET ${url}`]: { status: 503, body } };
    expect(await examine(examination, diagnosisContext({ web }))).toMatchObject({
      status: "fail",
      reason: `${url}: one-box answered 503 in 0 ms, fleet answered 503 in 0 ms`,
      evidence: Array(2).fill('{"error":"connect postgres://[secret]@db:5432/sparki"}'),
      fix: expect.stringContaining("kubectl logs"),
    });
  });

  it("fails when nothing answers", async () => {
    expect(await examine(examination, diagnosisContext())).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("fleet did not answer (connect ECONNREFUSED)"),
    });
  });

  it("says nothing of what is behind a name that does not resolve", async () => {
    const http = async () =>
      ({ answered: false, error: "getaddrinfo ENOTFOUND prod.sparki.tools", seconds: 0 }) as const;
    const asked = examine(examination, { ...diagnosisContext(), http });
    await expect(asked).rejects.toThrow("prod.sparki.tools does not resolve");
  });
});

describe("cacheHits", () => {
  it.each([
    [0.8, "pass", "80 % of reads were hits in the last 5 minutes"],
    [0.2, "warn", "20 % of reads were hits in the last 5 minutes; expected at least 50 %"],
  ])("at %d is a %s", async (ratio, status, reason) => {
    const context = diagnosisContext({ metrics: { cache_commands_total: ratio } });
    expect(await examine(cacheHits, context)).toMatchObject({ status, reason });
  });

  it("is skipped where nothing is measured", async () => {
    expect(await examine(cacheHits, diagnosisContext())).toMatchObject({ status: "skipped" });
  });
});

describe("errorRate", () => {
  const lookAt = (...found: ReturnType<typeof series>[]) =>
    examine(errorRate, diagnosisContext({ metrics: { http_requests_total: found } }));

  it("passes without failed requests", async () => {
    expect(await lookAt(series("/", 0))).toEqual({
      status: "pass",
      reason: "up to 0.00 % of a route's requests failed; the objective is 0.1 %",
    });
  });

  it.each([
    ["there are no requests", { kind: "no-data" }],
    ["what is measured is no number", { kind: "not-a-number", reason: "NaN" }],
  ] as const)("is skipped, not passed, where %s", async (_, reading) => {
    const context = diagnosisContext({ metrics: { http_requests_total: reading } });
    expect(await examine(errorRate, context)).toEqual({
      status: "skipped",
      reason: "no user request was measured in the last 5 minutes",
    });
  });

  it("passes up to the objective", async () => {
    expect(await lookAt(series("/", 0.001))).toMatchObject({ status: "pass" });
  });

  it("counts a route without failed requests as 0, and one without requests not at all", async () => {
    const asked: string[] = [];
    const instant = async (query: string) => {
      asked.push(query);
      return { kind: "no-data" } as const;
    };
    await examine(errorRate, { ...diagnosisContext(), metrics: { instant } });
    const counter = (route: string, status: number, values: string) => {
      const labels = `namespace="sparki-engine",route="${route}",stack="prod",status="${status}",synthetic="false"`;
      return { series: `http_requests_total{${labels}}`, values };
    };
    const found = (route: string, value: number) => ({
      labels: `{namespace="sparki-engine", route="${route}"}`,
      value,
    });
    const scenario = {
      name: "three routes",
      interval: "1m",
      input_series: [
        counter("/", 200, "0+60x10"),
        counter("/api", 200, "0+45x10"),
        counter("/api", 500, "0+15x10"),
        counter("/quiet", 200, "7x10"),
      ],
      promql_expr_test: [{ expr: asked[0] ?? "", eval_time: "10m", exp_samples: [found("/", 0), found("/api", 0.25)] }],
    };
    expect(testRules([{ groups: [], scenarios: [scenario] }], "1m")).toBe("");
  });

  it("fails above it, the worst route first", async () => {
    expect(await lookAt(series("/", 0.01), series("/api/projects", 0.25))).toEqual({
      status: "fail",
      reason: "up to 25.00 % of a route's requests failed; the objective is 0.1 %",
      fix: expect.stringContaining("npx sparki rollback"),
      evidence: ["sparki-engine /api/projects: 25.00 % answered 5xx", "sparki-engine /: 1.00 % answered 5xx"],
    });
  });

  it("cannot look when Prometheus does not answer", async () => {
    const metrics = { http_requests_total: { kind: "unreachable", reason: "connect ECONNREFUSED" } } as const;
    await expect(examine(errorRate, diagnosisContext({ metrics }))).rejects.toThrow("ECONNREFUSED");
  });
});

describe("slowRoutes", () => {
  const lookAt = (...found: ReturnType<typeof series>[]) =>
    examine(slowRoutes, diagnosisContext({ metrics: { http_request_duration_seconds_bucket: found } }));

  it("passes up to the slowest objective", async () => {
    expect(await lookAt(series("/", 0.01))).toEqual({
      status: "pass",
      reason: "up to 1.00 % of a route's requests took longer than 5 s; the objective is 1 %",
    });
  });

  it("fails above it, the slowest route first", async () => {
    expect(await lookAt(series("/", 0.001), series("/api/projects", 0.05))).toMatchObject({
      status: "fail",
      reason: "up to 5.00 % of a route's requests took longer than 5 s; the objective is 1 %",
      evidence: [
        "sparki-engine /api/projects: 5.00 % took longer than 5 s",
        "sparki-engine /: 0.10 % took longer than 5 s",
      ],
    });
  });

  it("counts what is slower than the histogram's largest bound", async () => {
    const asked: string[] = [];
    const instant = async (query: string) => {
      asked.push(query);
      return { kind: "no-data" } as const;
    };
    await examine(slowRoutes, { ...diagnosisContext(), metrics: { instant } });
    const bucket = (le: string, values: string) => {
      const labels = `namespace="sparki-engine",route="/api",stack="prod",synthetic="false",le="${le}"`;
      return { series: `http_request_duration_seconds_bucket{${labels}}`, values };
    };
    const scenario = {
      name: "a quarter takes longer than the largest bound",
      interval: "1m",
      input_series: [bucket("1.0", "0+30x10"), bucket("5.0", "0+45x10"), bucket("+Inf", "0+60x10")],
      promql_expr_test: [
        {
          expr: asked[0] ?? "",
          eval_time: "10m",
          exp_samples: [{ labels: '{namespace="sparki-engine", route="/api"}', value: 0.25 }],
        },
      ],
    };
    expect(testRules([{ groups: [], scenarios: [scenario] }], "1m")).toBe("");
  });

  it("is skipped without requests", async () => {
    expect(await examine(slowRoutes, diagnosisContext())).toMatchObject({ status: "skipped" });
  });
});
