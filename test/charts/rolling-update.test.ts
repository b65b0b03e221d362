import { at, type Json, only } from "../support/chart.ts";
import { renderWorkload, stackConfig, WORKLOADS } from "../support/workload-values.ts";

/** Seconds that the load balancer may need to stop sending to a target: binding controller, API, all of its nodes. */
const NOTICE_SECONDS = 10;

const SETTINGS: readonly { deregistration: number; notice: number; drain: number }[] = [
  { deregistration: 30, notice: 15, drain: 15 },
  { deregistration: 0, notice: 15, drain: 15 },
  { deregistration: 10, notice: 10, drain: 5 },
  { deregistration: 300, notice: 120, drain: 300 },
];

function deployment(workload: (typeof WORKLOADS)[number], changes: Readonly<Record<string, Json>> = {}) {
  return only(renderWorkload("prod", workload, "fleet", changes), "Deployment");
}

function numberAt(object: unknown, path: string): number {
  const value = at(object, path);
  if (typeof value !== "number") throw new Error(`${path} is ${String(value)}; expected a number`);
  return value;
}

describe.each(WORKLOADS)("a rolling update of %s", (workload) => {
  const usual = deployment(workload);
  const pod = "spec.template.spec";

  it("never has fewer ready pods than before", () => {
    expect(at(usual, "spec.strategy")).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" },
    });
  });

  it.each(SETTINGS)(
    "lets a leaving pod serve for notice and deregistration: %j",
    ({ deregistration, notice, drain }) => {
      const changed = deployment(workload, {
        deregistrationDelaySeconds: deregistration,
        "shutdown.noticeSeconds": notice,
        "shutdown.drainSeconds": drain,
      });
      const sleep = numberAt(changed, `${pod}.containers.0.lifecycle.preStop.sleep.seconds`);
      const grace = numberAt(changed, `${pod}.terminationGracePeriodSeconds`);
      expect(sleep).toBe(notice + deregistration);
      expect(grace).toBe(sleep + drain);
    },
  );

  it("by default notices later than the load balancer, and leaves the process time to end", () => {
    const sleep = numberAt(usual, `${pod}.containers.0.lifecycle.preStop.sleep.seconds`);
    expect(sleep).toBeGreaterThanOrEqual(30 + NOTICE_SECONDS);
    expect(numberAt(usual, `${pod}.terminationGracePeriodSeconds`) - sleep).toBeGreaterThanOrEqual(10);
  });

  it("by default leaves the last request that came as long as the objectives let any request take", () => {
    const longest = Math.max(
      ...stackConfig("prod").objectives.map(({ kind }) => (kind.type === "slowerThan" ? kind.seconds : 0)),
    );
    expect(longest).toBeGreaterThan(1);
    const [notice, deregistration] = [15, 30];
    expect(numberAt(usual, `${pod}.terminationGracePeriodSeconds`)).toBeGreaterThanOrEqual(
      notice + deregistration + longest,
    );
  });

  it("is out of the Service before it is restarted, and has time to start", () => {
    const probe = (name: string) => {
      const at = `${pod}.containers.0.${name}`;
      return numberAt(usual, `${at}.periodSeconds`) * numberAt(usual, `${at}.failureThreshold`);
    };
    expect(probe("readinessProbe")).toBeLessThan(probe("livenessProbe"));
    expect(probe("startupProbe")).toBeGreaterThanOrEqual(60);
    expect(numberAt(usual, "spec.progressDeadlineSeconds")).toBeGreaterThan(probe("startupProbe"));
  });
});
