import { textAt, valueAt } from "./judging/objects.ts";
import { everyPod } from "./judging/pod-specs.ts";
import { every, type Policy } from "./policy.ts";

export const serviceAccountsWithoutTokens: Policy = {
  name: "service-accounts-without-tokens",
  control: "S67",
  reason: "A token that a pod does not use is one that whoever breaks in does.",
  fix: "Give the pod a service account of its own and set automountServiceAccountToken: false.",
  each: [
    every(
      (type) => type === "kubernetes:core/v1:ServiceAccount",
      ({ props }, demand) => {
        demand("automountServiceAccountToken", () => props.automountServiceAccountToken === false);
      },
    ),
    everyPod((demand) => {
      demand("serviceAccountName", (pod) => ![undefined, "", "default"].includes(textAt(pod, "serviceAccountName")));
      demand("automountServiceAccountToken", (pod) => valueAt(pod, "automountServiceAccountToken") === false);
    }),
  ],
};
