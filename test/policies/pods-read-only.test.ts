import { podsReadOnly } from "../../policies/pods-read-only.ts";
import { deployment, securedPod } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const property = "spec.template.spec.containers.securityContext.readOnlyRootFilesystem";

proves(podsReadOnly, {
  passes: { "a pod that writes nothing": deployment() },
  stops: {
    "a pod that writes": [property, deployment(securedPod({ readOnlyRootFilesystem: false }))],
    "a pod that does not say": [property, deployment(securedPod({ readOnlyRootFilesystem: undefined }))],
  },
});
