import { podsBounded } from "../../policies/pods-bounded.ts";
import { deployment, jobCommand, podSpec } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const bounds = { cpu: "1", memory: "512Mi" };
const of = (container: Record<string, unknown>) => deployment(podSpec({ container }));
const containers = "spec.template.spec.containers";
const probe = { httpGet: { path: "/health", port: 8080 } };

proves(podsBounded, {
  passes: {
    "a bounded and probed pod": deployment(),
    "a job without probes": jobCommand(podSpec({ container: { readinessProbe: undefined, livenessProbe: undefined } })),
  },
  stops: {
    "a pod without bounds": [
      [`${containers}.resources.requests`, `${containers}.resources.limits`],
      of({ resources: undefined }),
    ],
    "a pod that asks for no CPU": [
      `${containers}.resources.requests`,
      of({ resources: { requests: { memory: "1Mi" }, limits: bounds } }),
    ],
    "a pod that asks for no memory": [
      `${containers}.resources.requests`,
      of({ resources: { requests: { cpu: "1" }, limits: bounds } }),
    ],
    "a pod that takes all memory": [
      `${containers}.resources.limits`,
      of({ resources: { requests: bounds, limits: { cpu: "1" } } }),
    ],
    "a pod that takes all CPU": [
      `${containers}.resources.limits`,
      of({ resources: { requests: bounds, limits: { memory: "1Mi" } } }),
    ],
    "a pod that is always ready": [`${containers}.probes`, of({ readinessProbe: undefined })],
    "a pod that nobody restarts": [`${containers}.probes`, of({ livenessProbe: undefined })],
    "probes that ask the same": [`${containers}.probes`, of({ readinessProbe: probe, livenessProbe: probe })],
  },
});
