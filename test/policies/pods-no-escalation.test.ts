import { podsNoEscalation } from "../../policies/pods-no-escalation.ts";
import { deployment, securedPod } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const property = "spec.template.spec.containers.securityContext.allowPrivilegeEscalation";

proves(podsNoEscalation, {
  passes: { "a pod that stays what it is": deployment() },
  stops: {
    "a pod that may escalate": [property, deployment(securedPod({ allowPrivilegeEscalation: true }))],
    "a pod that does not say": [property, deployment(securedPod({ allowPrivilegeEscalation: undefined }))],
  },
});
