import { valueAt } from "./judging/objects.ts";
import { everyContainer } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

export const podsNoEscalation: Policy = {
  name: "pods-no-escalation",
  control: "S61",
  reason: "A set-uid program in the image would give its caller root.",
  fix: "Set securityContext.allowPrivilegeEscalation: false.",
  each: [
    everyContainer(
      "securityContext.allowPrivilegeEscalation",
      (container) => valueAt(container, "securityContext", "allowPrivilegeEscalation") === false,
    ),
  ],
};
