import { PassThrough } from "node:stream";
import {
  cacheAnswer,
  cacheHits,
  databaseAccess,
  databaseAnswer,
  databaseConnections,
  databaseErrors,
  databaseName,
  diagnose,
  diagnosisText,
  EXAMINATIONS,
  errorRate,
  secretsPresent,
  slowRoutes,
} from "../../../runbook/diagnosis/diagnose.ts";
import { type Examination, TOPICS, type Topic } from "../../../runbook/diagnosis/examination.ts";
import { type Finding, fail, pass, warn } from "../../../runbook/preflight/check.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { clusterOf, diagnosisContext, examine, podNamed } from "../../support/diagnosis.ts";
import { fakeState, NO_NAMES, resource } from "../../support/preflight.ts";
import { testRules } from "../../support/promtool.ts";

const screen = plainScreen(new PassThrough());
const { signal } = new AbortController();
const finding = (id: string, found: Finding | Error, topics: readonly Topic[] = TOPICS): Examination => ({
  id,
  topics,
  title: id,
  timeLimitSeconds: 10,
  run: async () => {
    if (found instanceof Error) throw found;
    return found;
  },
});
const run = (examinations: readonly Examination[], topics: readonly Topic[] = TOPICS) =>
  diagnose(diagnosisContext(), { topics, examinations }, screen, signal);

describe("diagnose", () => {
  it("exits 0 when nothing failed, and names a warning as what is not as it should be", async () => {
    expect(await run([finding("a", pass("fine"))])).toMatchObject({ exitCode: 0, likelyCause: null });
    expect(await run([finding("a", pass("fine")), finding("b", warn("odd", "look"))])).toMatchObject({
      exitCode: 0,
      likelyCause: { id: "b" },
    });
  });

  it("names the first failure as the likely cause, before warnings that come earlier", async () => {
    const found = await run([
      finding("a", warn("odd", "look")),
      finding("b", fail("away", "ask")),
      finding("c", fail("x", "y")),
    ]);
    expect(found).toMatchObject({ exitCode: 1, likelyCause: { id: "b", reason: "away", fix: "ask" } });
  });

  it("never takes what it could not look at for a cause when something else failed, and exits 4 for it alone", async () => {
    const blind = finding("a", new Error("AWS does not answer"));
    expect(await run([blind, finding("b", fail("away", "ask"))])).toMatchObject({ likelyCause: { id: "b" } });
    expect(await run([blind])).toMatchObject({
      exitCode: 4,
      likelyCause: { id: "a", isBlind: true, reason: "could not check: AWS does not answer" },
    });
  });

  it("runs only the examinations of the topics", async () => {
    const found = await run([finding("a", pass(""), ["database"]), finding("b", pass(""), ["latency"])], ["latency"]);
    expect(found.symptoms.map(({ id }) => id)).toEqual(["b"]);
  });

  it("names the database and not the pods that wait for it", async () => {
    const said = JSON.stringify({
      ts: "2026-11-23T11:59:30Z",
      msg: "not ready",
      reason: "refused",
      dependency: "database",
    });
    const pods = [podNamed("engine-a", { ready: false })];
    const context = diagnosisContext({ cluster: clusterOf(pods, { "engine-a": [said] }) });
    const own = EXAMINATIONS.filter(({ id }) => ["database-words", "pods", "database-answer"].includes(id));
    const found = await diagnose(context, { topics: ["database"], examinations: own }, screen, signal);
    expect(found.likelyCause?.id).toBe("database-words");
    expect(found.symptoms.map(({ status }) => status)).toEqual(["fail", "fail", "fail"]);
  });
});

describe("EXAMINATIONS", () => {
  it("have ids of their own, and some for every topic", () => {
    expect(new Set(EXAMINATIONS.map(({ id }) => id)).size).toBe(EXAMINATIONS.length);
    for (const topic of TOPICS)
      expect(EXAMINATIONS.filter(({ topics }) => topics.includes(topic)).length).toBeGreaterThan(4);
  });
});

describe("diagnosisText", () => {
  it("begins with the likely cause, its evidence and the next command, in 80 columns", async () => {
    const cause = {
      ...fail("2 of 4 pods cannot reach the database", "aws rds describe-events"),
      evidence: ["engine-a: refused"],
    };
    const found = await run([
      finding("fine", pass("fine")),
      finding("pods", fail("not ready", "kubectl")),
      finding("db", cause),
    ]);
    const text = diagnosisText({ ...found, likelyCause: found.symptoms[2] ?? null }, screen.paint);
    expect(text.split("\n").filter(Boolean)).toEqual([
      "Likely cause",
      "  ✗ FAIL  db: 2 of 4 pods cannot reach the database",
      "          - engine-a: refused",
      "          fix: aws rds describe-events",
      "Also wrong, possibly as a consequence",
      "  ✗ FAIL  pods: not ready",
      "          fix: kubectl",
      "Checked",
      "  ✓ pass  fine: fine",
      expect.stringMatching(/^Something is wrong on prod \(database, errors, latency\), in /),
    ]);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("never calls a cause what could not be checked", async () => {
    const text = diagnosisText(await run([finding("aws", new Error("no answer"))]), screen.paint);
    expect(text).toContain("Could not be checked\n  ✗ FAIL  aws: could not check: no answer");
    expect(text).toMatch(/No problem was found, but not everything could be checked, on prod/);
  });
});

const { config } = diagnosisContext();
const address = "sparki-prod-database.c1.us-east-1.rds.amazonaws.com";
const instance = { address, vpcSecurityGroups: ["sg-db"] };
const looks = { "rds/getInstance": instance };
const names = (...addresses: string[]) => ({
  ...NO_NAMES,
  addressesOf: async () => addresses,
});

describe("secretsPresent", () => {
  it("fails when the secrets that the state has are gone", async () => {
    const application = `sparki/prod/database/application-${config.database.passwordsSince}`;
    const names = [application, "sparki/prod/cache"];
    const made = names.map((name) => resource("aws:secretsmanager/secret:Secret", name, { inputs: { name } }));
    expect(await examine(secretsPresent, diagnosisContext({ state: fakeState(made) }))).toMatchObject({
      status: "fail",
      reason: `${names.join(" and ")} does not exist`,
    });
  });
});

describe("databaseName", () => {
  it("passes with its addresses", async () => {
    expect(await examine(databaseName, diagnosisContext({ looks, names: names("10.40.3.7") }))).toEqual({
      status: "pass",
      reason: `${address} is 10.40.3.7`,
    });
  });

  it("fails without one, and without a database", async () => {
    const fix = "aws rds describe-db-instances --db-instance-identifier sparki-prod-database";
    expect(await examine(databaseName, diagnosisContext({ looks }))).toEqual({
      status: "fail",
      reason: `${address} has no address: the instance is not up`,
      fix,
    });
    expect(await examine(databaseName, diagnosisContext())).toEqual({
      status: "fail",
      reason: "there is no database",
      fix,
    });
  });
});

describe("databaseAccess", () => {
  const cluster = { vpcConfig: { clusterSecurityGroupId: "sg-pods" } };
  const rule = { isEgress: false, fromPort: 5432, toPort: 5432, referencedSecurityGroupId: "sg-pods" };
  const lookAt = (changes: object) => {
    const rules = { "vpc/getSecurityGroupRules": { ids: ["r"] }, "vpc/getSecurityGroupRule": { ...rule, ...changes } };
    return examine(databaseAccess, diagnosisContext({ looks: { ...looks, "eks/getCluster": cluster, ...rules } }));
  };

  it("passes when the group lets the pods in", async () => {
    expect(await lookAt({})).toEqual({ status: "pass", reason: "sg-db lets sg-pods in on port 5432" });
  });

  it.each([
    ["from elsewhere", { referencedSecurityGroupId: "sg-other" }],
    ["to another port", { fromPort: 443, toPort: 443 }],
    ["outwards", { isEgress: true }],
  ])("fails when it only lets others in: %s", async (_, changes) => {
    expect(await lookAt(changes)).toMatchObject({
      status: "fail",
      reason: "sg-db does not let the cluster's pods (sg-pods) in on port 5432",
      fix: expect.stringContaining("aws cloudtrail lookup-events"),
    });
  });

  it("is skipped where there is none", async () => {
    expect(await examine(databaseAccess, diagnosisContext())).toMatchObject({ status: "skipped" });
  });
});

describe("databaseConnections", () => {
  const lookAt = (active: number, waiting: number) =>
    examine(
      databaseConnections,
      diagnosisContext({
        metrics: {
          "database_connections{": active,
          database_connections_max: 100,
          database_connection_waiters: waiting,
        },
      }),
    );

  it.each([
    [90, 0, "pass", "90 of 100 connections are in use, 0 requests wait for one"],
    [20, 3, "warn", "20 of 100 connections are in use, 3 requests wait for one"],
    [91, 0, "fail", "91 of 100 connections are in use, 0 requests wait for one"],
  ])("with %d in use and %d waiting is a %s", async (active, waiting, status, reason) => {
    expect(await lookAt(active, waiting)).toMatchObject({ status, reason });
  });

  it("is skipped where nothing is measured", async () => {
    expect(await examine(databaseConnections, diagnosisContext())).toMatchObject({ status: "skipped" });
  });
});

describe("databaseErrors", () => {
  it.each([
    [0.01, "pass", "1.00 % of queries failed in the last 5 minutes"],
    [0.02, "fail", "2.00 % of queries failed in the last 5 minutes"],
  ])("at %d is a %s", async (ratio, status, reason) => {
    const metrics = { database_queries_total: ratio };
    expect(await examine(databaseErrors, diagnosisContext({ metrics }))).toMatchObject({ status, reason });
  });
});

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
