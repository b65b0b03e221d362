import { isApproved } from "./judging/approvals.ts";
import { each, type Policy } from "./policy.ts";

export const loadBalancerProtected: Policy = {
  name: "load-balancer-protected",
  control: "S44",
  reason: "Its address is in DNS: a load balancer that is gone, or in a zone that is, is an outage for everybody.",
  fix: "Set enableDeletionProtection: true, or approve its deletion in sparki:approvals; give it subnets in two zones.",
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props, name }, demand, situation) => {
      const mayGo = () => isApproved(situation, name, "delete");
      demand("enableDeletionProtection", () => props.enableDeletionProtection === true || mayGo());
      demand("subnets", () => (props.subnets ?? props.subnetMappings ?? []).length >= 2);
    }),
  ],
};
