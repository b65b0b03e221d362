import { pods, resources, warnings } from "../../../runbook/diagnosis/pods.ts";
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
