import { each, type Policy } from "./policy.ts";

export const loadBalancerProtected: Policy = {
  name: "load-balancer-protected",
  control: "S44",
  reason: "Its address is in DNS: a load balancer that is gone, or in a zone that is, is an outage for everybody.",
  fix: "Set enableDeletionProtection: true and subnets in two zones or more.",
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props }, demand) => {
      demand("enableDeletionProtection", () => props.enableDeletionProtection === true);
      demand("subnets", () => (props.subnets ?? props.subnetMappings ?? []).length >= 2);
    }),
  ],
};
