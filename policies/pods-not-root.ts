import { valueAt } from "./judging/objects.ts";
import { everyContainer } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

const MIN_USER = 10_000;

/** A container's own setting comes before its pod's. */
function setting(key: string, container: unknown, pod: unknown): unknown {
  return valueAt(container, "securityContext", key) ?? valueAt(pod, "securityContext", key);
}

export const podsNotRoot: Policy = {
  name: "pods-not-root",
  control: "S60",
  reason: "Root in a container is root on the node once the container is left; low user ids are people's on the node.",
  fix: "Set securityContext.runAsNonRoot: true and runAsUser above 10000.",
  each: [
    everyContainer(
      "securityContext.runAsNonRoot",
      (container, pod) => setting("runAsNonRoot", container, pod) === true,
    ),
    everyContainer("securityContext.runAsUser", (container, pod) => {
      const user = setting("runAsUser", container, pod);
      return typeof user === "number" && user > MIN_USER;
    }),
  ],
};
