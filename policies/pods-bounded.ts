import { listAt, textAt, valueAt } from "./judging/objects.ts";
import { everyContainer, everyPod, SERVING } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

const RESOURCES = ["cpu", "memory"];

function isBounded(container: unknown, kind: "requests" | "limits"): boolean {
  return RESOURCES.every((resource) => ![undefined, ""].includes(textAt(container, "resources", kind, resource)));
}

/** A liveness probe that asks what readiness asks kills the pods that a slow database made unready. */
function isProbed(container: unknown): boolean {
  const [readiness, liveness] = [valueAt(container, "readinessProbe"), valueAt(container, "livenessProbe")];
  return readiness !== undefined && liveness !== undefined && JSON.stringify(readiness) !== JSON.stringify(liveness);
}

export const podsBounded: Policy = {
  name: "pods-bounded",
  control: "S68",
  reason:
    "A pod without bounds takes its neighbours' memory, and one without probes gets requests that it cannot answer.",
  fix: "Set resources.requests and limits of cpu and memory, and a readinessProbe and a livenessProbe that differ.",
  each: [
    everyContainer("resources.requests", (container) => isBounded(container, "requests")),
    everyContainer("resources.limits", (container) => isBounded(container, "limits")),
    everyPod((demand, { type }) => {
      if (SERVING.test(type)) demand("containers.probes", (pod) => listAt(pod, "containers").every(isProbed));
    }),
  ],
};
