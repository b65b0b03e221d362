import { listAt } from "./judging/objects.ts";
import { everyContainer } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

export const podsNoCapabilities: Policy = {
  name: "pods-no-capabilities",
  control: "S62",
  reason: "Capabilities are slices of root, and a web server needs none of them.",
  fix: "Set securityContext.capabilities.drop to [ALL] and add nothing.",
  each: [
    everyContainer("securityContext.capabilities", (container) => {
      const dropped = listAt(container, "securityContext", "capabilities", "drop");
      return dropped.includes("ALL") && listAt(container, "securityContext", "capabilities", "add").length === 0;
    }),
  ],
};
