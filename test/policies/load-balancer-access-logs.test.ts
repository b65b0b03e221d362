import { loadBalancerAccessLogs } from "../../policies/load-balancer-access-logs.ts";
import { loadBalancer } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(loadBalancerAccessLogs, {
  passes: {
    "access logs": loadBalancer,
  },
  stops: {
    "no access logs": ["accessLogs.enabled", loadBalancer.without("accessLogs")],
    "access logs switched off": [
      "accessLogs.enabled",
      loadBalancer.with({ accessLogs: { enabled: false, bucket: "logs" } }),
    ],
  },
});
