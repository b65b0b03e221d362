import type { ContainerState, Pod } from "../../../rehearsal/cluster/objects.ts";
import { graceOf, referenceTo, restartsBefore } from "../../../rehearsal/cluster/pod-identity.ts";

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
