import { loadBalancerProtected } from "../../policies/load-balancer-protected.ts";
import { loadBalancer, subnets } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(loadBalancerProtected, {
  passes: {
    "a protected one in two zones": loadBalancer,
    "one whose deletion is approved": {
      stack: loadBalancer.with({ enableDeletionProtection: false }),
      config: { approvals: [{ resource: "load*", action: "delete", by: "@alexarno", until: "2026-11-23" }] },
    },
    "subnets of the same stack": [...subnets, loadBalancer.fromEach("subnets", ...subnets)],
    "subnets with addresses of their own": loadBalancer
      .without("subnets")
      .with({ subnetMappings: [{ subnetId: "subnet-a" }, { subnetId: "subnet-b" }] }),
  },
  stops: {
    "one that one call deletes": ["enableDeletionProtection", loadBalancer.with({ enableDeletionProtection: false })],
    "one that leaves it to AWS": ["enableDeletionProtection", loadBalancer.without("enableDeletionProtection")],
    "an approval to replace it": [
      "enableDeletionProtection",
      loadBalancer.with({ enableDeletionProtection: false }),
      { approvals: [{ resource: "load*", action: "replace", by: "@alexarno", until: "2026-12-31" }] },
    ],
    "one in one subnet": ["subnets", loadBalancer.with({ subnets: ["subnet-a"] })],
    "one in no subnet": ["subnets", loadBalancer.without("subnets")],
    "subnets that preview cannot count": ["subnets", loadBalancer.from("subnets", ...subnets)],
  },
});
