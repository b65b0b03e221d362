import { listAt, valueAt } from "./judging/objects.ts";
import { everyContainer, everyPod } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

const HOST_NAMESPACES = ["hostNetwork", "hostPID", "hostIPC"];

export const podsApartFromHost: Policy = {
  name: "pods-apart-from-host",
  control: "S64",
  reason: "A pod that shares the node's network, processes or files reads every other pod's.",
  fix: "Leave out privileged, hostNetwork, hostPID, hostIPC, hostPath and hostPort.",
  each: [
    everyContainer("securityContext.privileged", (container) => {
      return valueAt(container, "securityContext", "privileged") !== true;
    }),
    everyContainer("ports.hostPort", (container) =>
      listAt(container, "ports").every((port) => valueAt(port, "hostPort") === undefined),
    ),
    everyPod((demand) => {
      for (const key of HOST_NAMESPACES) demand(key, (pod) => valueAt(pod, key) !== true);
      demand("volumes.hostPath", (pod) => {
        return listAt(pod, "volumes").every((volume) => valueAt(volume, "hostPath") === undefined);
      });
    }),
  ],
};
