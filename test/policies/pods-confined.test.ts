import { podsConfined } from "../../policies/pods-confined.ts";
import { deployment, podSpec, securedPod } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const property = "spec.template.spec.containers.securityContext.seccompProfile.type";
const securityContext = { runAsNonRoot: true };

proves(podsConfined, {
  passes: {
    "a confined pod": deployment(),
    "a confined container": deployment({
      ...securedPod({ seccompProfile: { type: "RuntimeDefault" } }),
      securityContext,
    }),
  },
  stops: {
    "a pod that is not": [property, deployment(podSpec({ pod: { securityContext } }))],
    "a container that is not": [property, deployment(securedPod({ seccompProfile: { type: "Unconfined" } }))],
  },
});
