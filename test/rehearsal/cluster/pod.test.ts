import type { ContainerState, ContainerStatus, Pod, PodCondition } from "../../../rehearsal/cluster/objects.ts";
import {
  conditionsOf,
  graceOf,
  type PodFacts,
  phaseOf,
  referenceTo,
  restartsBefore,
} from "../../../rehearsal/cluster/pod.ts";

const RUNNING: ContainerState = { running: { startedAt: "2026-01-01T00:00:00Z" } };
const WAITING: ContainerState = { waiting: { reason: "ContainerCreating" } };
const ended = (exitCode: number): ContainerState => ({ terminated: { exitCode } });

function status(state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name: "engine", image: "i", imageID: "i", ready: false, restartCount: 0, state, ...more };
}

function facts(
  more: Partial<PodFacts> & { policy?: string; readinessGates?: { conditionType: string }[] } = {},
): PodFacts {
  const { policy = "Always", readinessGates = [], ...rest } = more;
  const pod: Pod = { spec: { containers: [], restartPolicy: policy, readinessGates } };
  return { pod, initStatuses: [], statuses: [status(RUNNING)], isSetUp: true, isStopping: false, ...rest };
}

describe("phaseOf", () => {
  it.each([
    { policy: "Always", statuses: [status(WAITING)], phase: "Pending" },
    { policy: "Always", statuses: [status(RUNNING), status(WAITING)], phase: "Running" },
    { policy: "Always", statuses: [status(ended(0))], phase: "Running" },
    { policy: "Always", statuses: [status(WAITING, { restartCount: 2 })], phase: "Running" },
    { policy: "Never", statuses: [status(ended(0))], phase: "Succeeded" },
    { policy: "Never", statuses: [status(ended(1))], phase: "Failed" },
    { policy: "Never", statuses: [status(ended(0)), status(ended(1))], phase: "Failed" },
    { policy: "Never", statuses: [status(ended(1)), status(RUNNING)], phase: "Running" },
    { policy: "OnFailure", statuses: [status(ended(1))], phase: "Running" },
    { policy: "OnFailure", statuses: [status(ended(0))], phase: "Succeeded" },
    { policy: "Always", isStopping: true, statuses: [status(ended(143))], phase: "Failed" },
    { policy: "Always", isStopping: true, statuses: [status(ended(0))], phase: "Succeeded" },
    { policy: "Never", initStatuses: [status(ended(1))], statuses: [status(WAITING)], phase: "Failed" },
    { policy: "Always", initStatuses: [status(ended(1))], statuses: [status(WAITING)], phase: "Pending" },
  ])("is $phase with policy $policy and $statuses", ({ phase, ...given }) => {
    expect(phaseOf(facts(given))).toBe(phase);
  });
});

function summary(conditions: readonly PodCondition[]) {
  return Object.fromEntries(conditions.map(({ type, status: value }) => [type, value]));
}

describe("conditionsOf", () => {
  const now = "2026-01-01T00:00:10Z";

  it("is ready when every container is", () => {
    const statuses = [status(RUNNING, { ready: true })];
    expect(summary(conditionsOf(facts({ statuses }), [], now))).toEqual({
      PodReadyToStartContainers: "True",
      Initialized: "True",
      ContainersReady: "True",
      Ready: "True",
    });
  });

  it("names the containers that are not ready", () => {
    const ready = conditionsOf(facts(), [], now).find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "False", message: "containers with unready status: [engine]" });
  });

  it("waits for its readiness gates", () => {
    const statuses = [status(RUNNING, { ready: true })];
    const gated = facts({ statuses, readinessGates: [{ conditionType: "balanced" }] });
    expect(summary(conditionsOf(gated, [], now))).toMatchObject({ ContainersReady: "True", Ready: "False" });
    gated.pod.status = { conditions: [{ type: "balanced", status: "True" }] };
    expect(summary(conditionsOf(gated, [], now))).toMatchObject({ Ready: "True" });
  });

  it("keeps the time of a condition that did not change", () => {
    const earlier = conditionsOf(facts(), [], "2026-01-01T00:00:00Z");
    const later = conditionsOf(facts({ statuses: [status(RUNNING, { ready: true })] }), earlier, now);
    const times = Object.fromEntries(later.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
    expect(times).toMatchObject({ Initialized: "2026-01-01T00:00:00Z", Ready: now });
  });

  it("is not ready once it is over", () => {
    const over = facts({ policy: "Never", statuses: [status(ended(0))] });
    const ready = conditionsOf(over, [], now).find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "False", reason: "PodCompleted" });
  });
});

function pod(state: ContainerState, containerID?: string): Pod {
  const id = containerID === undefined ? {} : { containerID };
  const status = { name: "engine", image: "i", imageID: "i", ready: false, restartCount: 2, state, ...id };
  return { status: { containerStatuses: [status] } };
}

describe("restartsBefore", () => {
  it.each([
    { what: "ran when the cloud ended", of: pod({ running: {} }, "c"), policy: "Always" as const, restarts: 2 },
    { what: "never started", of: pod({ waiting: {} }), policy: "Always" as const, restarts: 2 },
    { what: "was waiting to be started again", of: pod({ waiting: {} }, "c"), policy: "Always" as const, restarts: 3 },
    {
      what: "had ended for good",
      of: pod({ terminated: { exitCode: 0 } }, "c"),
      policy: "Never" as const,
      restarts: 2,
    },
    { what: "is new", of: {}, policy: "Always" as const, restarts: 0 },
  ])("is $restarts for a container that $what", ({ of, policy, restarts }) => {
    expect(restartsBefore(of, "engine", policy)).toBe(restarts);
  });
});

describe("graceOf", () => {
  it.each([
    [{ metadata: { deletionGracePeriodSeconds: 1 }, spec: { containers: [], terminationGracePeriodSeconds: 60 } }, 1],
    [{ spec: { containers: [], terminationGracePeriodSeconds: 60 } }, 60],
    [{}, 30],
  ])("of %j is %d", (of, seconds) => expect(graceOf(of)).toBe(seconds));
});

describe("referenceTo", () => {
  it("names the container by its field", () => {
    expect(referenceTo({ metadata: { name: "p", namespace: "n", uid: "u" } }, "engine")).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      namespace: "n",
      name: "p",
      uid: "u",
      fieldPath: "spec.containers{engine}",
    });
  });
});
