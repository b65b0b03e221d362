import { podsApartFromHost } from "../../policies/pods-apart-from-host.ts";
import { deployment, podSpec, securedPod } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const of = (pod: Record<string, unknown>) => deployment(podSpec({ pod }));
const shared = ["hostNetwork", "hostPID", "hostIPC"].map((key) => [
  `a pod with ${key}`,
  [`spec.template.spec.${key}`, of({ [key]: true })] as const,
]);

proves(podsApartFromHost, {
  passes: {
    "a pod of its own": deployment(),
    "a volume of its own": of({ volumes: [{ name: "tmp", emptyDir: {} }] }),
    "a port of its own": deployment(podSpec({ container: { ports: [{ containerPort: 8080 }] } })),
  },
  stops: {
    ...Object.fromEntries(shared),
    "a privileged pod": [
      "spec.template.spec.containers.securityContext.privileged",
      deployment(securedPod({ privileged: true })),
    ],
    "a pod with the node's files": [
      "spec.template.spec.volumes.hostPath",
      of({ volumes: [{ name: "host", hostPath: { path: "/" } }] }),
    ],
    "a pod on the node's port": [
      "spec.template.spec.containers.ports.hostPort",
      deployment(podSpec({ container: { ports: [{ containerPort: 8080, hostPort: 8080 }] } })),
    ],
  },
});
