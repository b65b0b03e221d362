import { valueAt } from "./judging/objects.ts";
import { everyContainer } from "./judging/pod-specs.ts";
import type { Policy } from "./policy.ts";

export const podsReadOnly: Policy = {
  name: "pods-read-only",
  control: "S63",
  reason: "What breaks in cannot bring its tools where nothing can be written.",
  fix: "Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where the program writes.",
  each: [
    everyContainer(
      "securityContext.readOnlyRootFilesystem",
      (container) => valueAt(container, "securityContext", "readOnlyRootFilesystem") === true,
    ),
  ],
};
