import type { ContainerState, Pod } from "../../../rehearsal/cluster/objects.ts";
import { troublesOf } from "../../../rehearsal/kubernetes/helm.ts";

function pod(
  state: ContainerState,
  conditions: { type: string; status: string; reason?: string; message?: string }[] = [],
): Pod {
  const container = { name: "engine", image: "i", imageID: "", ready: false, restartCount: 0, state };
  return { metadata: { name: "engine-1" }, status: { conditions, containerStatuses: [container] } };
}

const UNREADY = { type: "Ready", status: "False", message: "containers with unready status: [engine]" };
const UNSCHEDULED = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/6 nodes" };

describe("troublesOf", () => {
  it.each([
    {
      what: pod({ waiting: { reason: "ImagePullBackOff", message: "not found" } }),
      trouble: "ImagePullBackOff: not found",
    },
    { what: pod({ terminated: { exitCode: 1, reason: "Error" } }), trouble: "Error: exit code 1" },
    { what: pod({ running: {} }, [UNREADY]), trouble: "containers with unready status: [engine]" },
    { what: pod({ waiting: { reason: "ContainerCreating" } }, [UNSCHEDULED]), trouble: "Unschedulable: 0/6 nodes" },
  ])("says $trouble", ({ what, trouble }) => {
    expect(troublesOf([what]).get("engine-1")).toBe(trouble);
  });

  it("says nothing of pods that are ready, over, or being deleted", () => {
    const leaving = pod({ waiting: { reason: "CrashLoopBackOff" } });
    leaving.metadata = { name: "engine-2", deletionTimestamp: "2026-01-01T00:00:00Z" };
    const ready = pod({ running: {} }, [{ type: "Ready", status: "True" }]);
    expect(troublesOf([ready, pod({ terminated: { exitCode: 0 } }), leaving]).size).toBe(0);
  });
});
