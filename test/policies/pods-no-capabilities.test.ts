import { podsNoCapabilities } from "../../policies/pods-no-capabilities.ts";
import { deployment, securedPod } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const property = "spec.template.spec.containers.securityContext.capabilities";

proves(podsNoCapabilities, {
  passes: { "a pod without capabilities": deployment() },
  stops: {
    "a pod with the runtime's": [property, deployment(securedPod({ capabilities: undefined }))],
    "a pod that drops some": [property, deployment(securedPod({ capabilities: { drop: ["NET_RAW"] } }))],
    "a pod that adds one": [property, deployment(securedPod({ capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } }))],
  },
});
