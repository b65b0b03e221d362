import { textAt } from "./judging/objects.ts";
import { everyContainer } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

export const podsConfined: Policy = {
  name: "pods-confined",
  control: "S65",
  reason: "Most ways out of a container go by system calls that no application needs.",
  fix: "Set securityContext.seccompProfile.type: RuntimeDefault.",
  each: [
    everyContainer("securityContext.seccompProfile.type", (container, pod) => {
      const own = textAt(container, "securityContext", "seccompProfile", "type");
      return (own ?? textAt(pod, "securityContext", "seccompProfile", "type")) === "RuntimeDefault";
    }),
  ],
};
