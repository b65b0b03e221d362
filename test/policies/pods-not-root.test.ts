import { podsNotRoot } from "../../policies/pods-not-root.ts";
import { deployment, jobCommand, podSpec, securedPod } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const root = "spec.template.spec.containers.securityContext.runAsNonRoot";
const user = "spec.template.spec.containers.securityContext.runAsUser";
const ofPod = (securityContext: object) => deployment(podSpec({ pod: { securityContext } }));

proves(podsNotRoot, {
  passes: {
    "a pod of a high user": [deployment(), jobCommand()],
    "a container of a high user": deployment(securedPod({ runAsNonRoot: true, runAsUser: 20_000 })),
    "a command that runs no job": thing("command:local:Command", { create: "true", stdin: "no JSON" }),
    "a manifest that only the update knows": thing("command:local:Command", { create: "true" }).from("stdin"),
  },
  stops: {
    "a pod that may be root": [root, ofPod({ runAsUser: 10_001 })],
    "a container that is root in spite of its pod": [root, deployment(securedPod({ runAsNonRoot: false }))],
    "a pod of a low user": [user, ofPod({ runAsNonRoot: true, runAsUser: 1000 })],
    "a user that is no number": [user, ofPod({ runAsNonRoot: true, runAsUser: "20000" })],
    "a pod of any user": [user, ofPod({ runAsNonRoot: true })],
    "a bare pod that is root": [
      ["spec.containers.securityContext.runAsNonRoot", "spec.containers.securityContext.runAsUser"],
      thing("kubernetes:core/v1:Pod", { spec: podSpec({ pod: { securityContext: {} } }) }),
    ],
    "a job's pod that is root": [`stdin.job.${root}`, jobCommand(securedPod({ runAsNonRoot: false }))],
    "an initial container that is root": [
      root,
      deployment(podSpec({ pod: { initContainers: [{ securityContext: { runAsNonRoot: false } }] } })),
    ],
  },
});
