import { LOG_BYTES, LOG_LINES } from "../../../io/pod-log.ts";
import {
  cacheWords,
  databaseWords,
  errorLines,
  pods,
  resources,
  slowQueries,
  warnings,
} from "../../../runbook/diagnosis/pods.ts";
import { clusterOf, diagnosisContext, examine, podNamed } from "../../support/diagnosis.ts";
import { NOW } from "../../support/preflight.ts";

const [a, b] = [podNamed("engine-a"), podNamed("engine-b")];

describe("pods", () => {
  const lookAt = (...found: (typeof a)[]) => examine(pods, diagnosisContext({ cluster: clusterOf(found) }));

  it("passes when all are ready", async () => {
    expect(await lookAt(a, b)).toEqual({
      status: "pass",
      reason: "2 pods are ready, none was restarted in the last hour",
    });
  });

  it("fails with those that are not, why they wait and how they ended", async () => {
    const sick = podNamed("engine-b", {
      ready: false,
      restarts: 4,
      waiting: "CrashLoopBackOff: back-off 40s",
      ended: "Error, exit code 1",
      endedAt: NOW - 5,
    });
    expect(await lookAt(a, sick)).toEqual({
      status: "fail",
      reason: "1 of 2 pods are not ready",
      fix: "kubectl describe pod engine-b -n sparki-engine",
      evidence: ["engine-b, 4 restarts: CrashLoopBackOff: back-off 40s; last ended: Error, exit code 1"],
    });
  });

  it("fails where none runs, for a job that has ended is no pod that serves", async () => {
    const job = podNamed("migrate", { phase: "Succeeded", ready: false });
    expect(await lookAt(a, job)).toMatchObject({ status: "pass", reason: expect.stringMatching(/^1 pods are ready/) });
    expect(await lookAt(job)).toMatchObject({ status: "fail", reason: "no pod runs" });
  });

  it("warns of a pod that its node gave up within the hour, which nobody misses, and forgets an older one", async () => {
    const gone = {
      phase: "Failed",
      ready: false,
      gone: "Terminated: Pod was terminated in response to node shutdown.",
    };
    expect(await lookAt(a, podNamed("engine-b", { ...gone, endedAt: NOW - 60 }))).toMatchObject({
      status: "warn",
      reason: "1 pods were evicted, or given up by their nodes, in the last hour",
      evidence: ["engine-b: Terminated: Pod was terminated in response to node shutdown."],
    });
    expect(await lookAt(a, podNamed("engine-b", { ...gone, endedAt: NOW - 3_700 }))).toMatchObject({ status: "pass" });
  });

  it.each([
    ["warns of one that was restarted within the hour", 600, "warn", "1 of 2 pods were restarted in the last hour"],
    ["forgets one that was restarted before", 3_700, "pass", "2 pods are ready, none was restarted in the last hour"],
  ])("%s", async (_, ago, status, reason) => {
    const restarted = podNamed("engine-b", { restarts: 1, ended: "Error, exit code 1", endedAt: NOW - ago });
    expect(await lookAt(a, restarted)).toMatchObject({ status, reason });
  });
});

describe("warnings", () => {
  const event = { about: "Pod/engine-a", reason: "FailedMount", message: "no such secret", count: 3 };
  const lookAt = (
    lastAt: number,
    changes: Partial<typeof event> = {},
    found = podNamed("engine-a", { ready: false }),
  ) => {
    const happened = [{ ...event, lastAt, ...changes }];
    const warned = async (namespace: string) => (namespace === "sparki-engine" ? happened : []);
    return examine(warnings, diagnosisContext({ cluster: { ...clusterOf([found]), warnings: warned } }));
  };

  it("warns of what Kubernetes warned of in the last hour", async () => {
    expect(await lookAt(NOW - 60)).toEqual({
      status: "warn",
      reason: "Kubernetes warned of 1 things in the last hour",
      fix: expect.stringContaining("kubectl get events"),
      evidence: ["Pod/engine-a, 3 times: FailedMount: no such secret"],
    });
    expect(await lookAt(NOW - 60, { about: "ReplicaSet/engine-fleet-7" }, a)).toMatchObject({ status: "warn" });
  });

  it("finds nothing wrong where an autoscaler lacks the metrics API that the cluster does not have (W43)", async () => {
    const missing = { about: "HorizontalPodAutoscaler/engine-fleet", reason: "FailedGetResourceMetric" };
    expect(await lookAt(NOW - 60, missing, podNamed("engine-a"))).toEqual({
      status: "pass",
      reason: "Kubernetes had no warnings in the last hour",
    });
    expect(await lookAt(NOW - 60, { ...missing, reason: "FailedRescale" }, podNamed("engine-a"))).toMatchObject({
      status: "warn",
    });
  });

  it("tells of an autoscaler whose metrics API is there and does not answer", async () => {
    // https://github.com/kubernetes-sigs/metrics-server/issues/157
    const happened = [{ ...event, about: "HorizontalPodAutoscaler/engine-fleet", lastAt: NOW - 60 }];
    const cluster = {
      ...clusterOf([podNamed("engine-a")]),
      warnings: async () => happened.map((each) => ({ ...each, reason: "FailedGetResourceMetric" })),
      usage: () => Promise.reject(new Error("HTTP 503, the server is currently unable to handle the request")),
    };
    expect(await examine(warnings, diagnosisContext({ cluster }))).toMatchObject({
      status: "warn",
      evidence: expect.arrayContaining([expect.stringContaining("FailedGetResourceMetric")]),
    });
  });

  it("passes when it was longer ago", async () => {
    expect(await lookAt(NOW - 3_601)).toEqual({
      status: "pass",
      reason: "Kubernetes had no warnings in the last hour",
    });
  });

  it.each([
    ["is ready now", "Pod/engine-a"],
    ["is gone", "Pod/engine-z"],
  ])("passes when it was about a pod that %s", async (_, about) => {
    expect(await lookAt(NOW - 60, { about }, a)).toEqual({
      status: "pass",
      reason: "Kubernetes had no warnings in the last hour, except for 1 things about pods that are ready now, or gone",
    });
  });
});

describe("resources", () => {
  const lookAt = (found: typeof a, used?: { cores: number; bytes: number }) => {
    const usage = async () => (used === undefined ? ("unmeasured" as const) : new Map([[found.name, used]]));
    return examine(resources, diagnosisContext({ cluster: { ...clusterOf([found]), usage } }));
  };

  it("passes below nine tenths of every limit", async () => {
    expect(await lookAt(a, { cores: 0.9, bytes: 900 })).toEqual({
      status: "pass",
      reason: "every pod is below 90 % of its limits",
    });
  });

  it("warns above, with how much of what", async () => {
    expect(await lookAt(a, { cores: 0.95, bytes: 991 })).toEqual({
      status: "warn",
      reason: "2 limits are almost reached",
      fix: expect.stringContaining("kubectl top pods -n sparki-engine"),
      evidence: ["engine-a: 99 % of its memory", "engine-a: 95 % of its CPU"],
    });
  });

  const killed = (ago: number) =>
    podNamed("engine-a", { restarts: 1, ended: "OOMKilled, exit code 137", endedAt: NOW - ago });

  it("fails when a pod was killed for its memory within the hour, measured or not", async () => {
    expect(await lookAt(killed(3_500))).toMatchObject({
      status: "fail",
      reason: "1 pods ran out of memory in the last hour",
      evidence: ["engine-a, 1 restarts: last ended: OOMKilled, exit code 137"],
    });
  });

  it("forgets one that was killed before", async () => {
    expect(await lookAt(killed(20 * 86_400), { cores: 0, bytes: 0 })).toMatchObject({ status: "pass" });
  });

  it("is skipped where the cluster measures nothing", async () => {
    expect(await lookAt(a)).toEqual({
      status: "skipped",
      reason: "the cluster has no metrics API, so usage cannot be read",
    });
  });
});

const line = (fields: object, ts = "2026-11-23T11:55:00Z") => JSON.stringify({ ts, ...fields });
const ok = line({ level: "INFO", msg: "request", status: 200, duration_ms: 12 });
const lookAt = (examination: typeof errorLines, ...lines: string[]) =>
  examine(examination, diagnosisContext({ cluster: clusterOf([podNamed("engine-a")], { "engine-a": lines }) }));

describe("errorLines", () => {
  const failed = (ms: number) => line({ level: "ERROR", msg: "request failed", status: 500, duration_ms: ms });

  it("passes without any, and with those of long ago", async () => {
    const old = line({ level: "ERROR", msg: "x" }, "2026-11-23T11:44:00Z");
    expect(await lookAt(errorLines, ok, old)).toEqual({
      status: "pass",
      reason: "none in the 1 newest log lines of 15 minutes",
    });
  });

  it("fails with each kind and how often it came, the most frequent first", async () => {
    const once = line({ level: "ERROR", msg: "no such bucket" });
    const found = await lookAt(errorLines, ok, once, failed(3), failed(4));
    expect(found).toMatchObject({
      status: "fail",
      reason: "3 of 4 log lines are errors",
      fix: "kubectl logs engine-a -n sparki-engine --tail=100",
    });
    expect(found.evidence).toEqual([
      expect.stringMatching(/^2 times: .*request failed/),
      expect.stringMatching(/^1 times: .*no such bucket/),
    ]);
  });
});

describe("a log that is longer than what is read of it", () => {
  const busy = (bad: number) => [
    ...Array.from({ length: bad }, () =>
      line({ level: "ERROR", msg: "x", duration_ms: 5_000 }, "2026-11-23T11:59:58Z"),
    ),
    ...Array.from({ length: LOG_LINES - bad }, () => line({ level: "INFO", msg: "request" }, "2026-11-23T11:59:51Z")),
  ];

  it.each([
    ["errors", errorLines],
    ["slow work", slowQueries],
  ])("never stands for 15 minutes without %s: it says how far back it reaches (W93)", async (_, examination) => {
    const lines = busy(0).reverse();
    const found = await lookAt(examination, ...lines);
    expect(found).toMatchObject({ status: "warn", fix: expect.stringContaining("Kibana") });
    expect(found.reason).toMatch(/^not known: the 2000 newest log lines reach back \d+ s of 15 minutes only$/);
    expect((await lookAt(examination, ...lines.slice(1))).status).toBe("pass");
  });

  it("says so too where few lines have more bytes than are read: the API leaves out the newest (W93)", async () => {
    const long = line({ level: "INFO", msg: "x".repeat(LOG_BYTES) }, "2026-11-23T11:59:51Z");
    expect((await lookAt(errorLines, long)).reason).toMatch(/^not known: the 1 newest log lines reach back 0 s/);
  });

  it("says that there may be more errors than it read (W93)", async () => {
    const found = await lookAt(errorLines, ...busy(3).reverse());
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining("so there may be more") });
  });
});

describe("the logs of forty pods with 10,000 errors among them", () => {
  it("are each asked for once by all that looks through them, and every error is counted", async () => {
    const pods = Array.from({ length: 40 }, (_, index) => podNamed(`engine-${index}`));
    const log = Array.from({ length: LOG_LINES }, (_, index) =>
      index % 8 === 0 ? line({ level: "ERROR", msg: "TypeError" }, "2026-11-23T11:59:59Z") : line({ msg: "request" }),
    );
    const asked: string[] = [];
    const cluster = {
      ...clusterOf(pods),
      logLines: async (_: string, pod: string) => {
        asked.push(pod);
        return log;
      },
    };
    const context = diagnosisContext({ cluster });
    const found = await Promise.all(
      [databaseWords, cacheWords, slowQueries, errorLines].map((each) => examine(each, context)),
    );
    expect(asked.toSorted()).toEqual(pods.map(({ name }) => name).toSorted());
    expect(found.at(-1)?.reason).toMatch(/^10000 of 80000 log lines are errors; .* so there may be more$/);
    expect(found.at(-1)?.evidence).toEqual([expect.stringMatching(/^10000 times: .*TypeError/)]);
  });
});

describe.each([
  ["errorLines", errorLines, line({ level: "ERROR", msg: "x" })],
  ["slowQueries", slowQueries, line({ level: "INFO", msg: "query", duration_ms: 5_000 })],
] as const)("%s", (_, examination, bad) => {
  const [a, b] = [podNamed("engine-a"), podNamed("engine-b")];
  /** The first pod's log can be read, the second one's cannot. */
  const halfRead = (...lines: string[]) => {
    const logLines = async (_namespace: string, pod: string) => {
      if (pod === "engine-b") throw new Error("HTTP-Code: 403");
      return lines;
    };
    return examine(examination, diagnosisContext({ cluster: { ...clusterOf([a, b]), logLines } }));
  };

  it("is skipped where nothing was logged", async () => {
    expect(await lookAt(examination)).toEqual({
      status: "skipped",
      reason: "no pod has logged anything for 15 minutes",
    });
  });

  it("cannot look where a log cannot be read, unless what can be read says enough", async () => {
    await expect(halfRead(ok)).rejects.toThrow("HTTP-Code: 403");
    await expect(halfRead()).rejects.toThrow("HTTP-Code: 403");
    expect(await halfRead(ok, bad)).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^1 of 2 log lines/),
    });
  });
});

describe("slowQueries", () => {
  const slow = (duration_ms: number) => line({ level: "INFO", msg: "query", duration_ms });

  it("passes at exactly a second", async () => {
    expect(await lookAt(slowQueries, ok, slow(1000))).toEqual({
      status: "pass",
      reason: "none of 2 log lines has duration_ms > 1000",
    });
  });

  it("fails with the slowest first", async () => {
    const found = await lookAt(slowQueries, ok, slow(1001), slow(5200.5));
    expect(found).toMatchObject({
      status: "fail",
      reason: "2 of 3 log lines have duration_ms > 1000",
      fix: expect.stringContaining("EXPLAIN (ANALYZE, BUFFERS)"),
    });
    expect(found.evidence?.[0]).toContain("5200.5");
  });
});
