import { each, type Policy } from "./policy.ts";

export const loadBalancerAccessLogs: Policy = {
  name: "load-balancer-access-logs",
  control: "S43",
  reason: "Only the load balancer sees every request, those that never reached a pod included.",
  fix: "Set accessLogs with enabled: true and a bucket.",
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props }, demand) => {
      demand("accessLogs.enabled", () => props.accessLogs?.enabled === true);
    }),
  ],
};
