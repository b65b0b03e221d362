import { textAt } from "./judging/objects.ts";
import { every, type Policy } from "./policy.ts";

const ENFORCE = "pod-security.kubernetes.io/enforce";

export const namespacesRestricted: Policy = {
  name: "namespaces-restricted",
  control: "S65",
  reason: "The API server refuses a dangerous pod from anybody, but only where the namespace asks it to.",
  fix: `Set the label ${ENFORCE}: restricted.`,
  each: [
    every(
      (type) => type === "kubernetes:core/v1:Namespace",
      ({ props }, demand) => {
        demand("metadata.labels", () => textAt(props, "metadata", "labels", ENFORCE) === "restricted");
      },
    ),
  ],
};
