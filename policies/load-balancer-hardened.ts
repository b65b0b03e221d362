import { each, type Policy } from "./policy.ts";

export const loadBalancerHardened: Policy = {
  name: "load-balancer-hardened",
  control: "S42",
  reason: "A request that the load balancer and the pod read differently carries a second one past every check.",
  fix: 'Set dropInvalidHeaderFields: true and desyncMitigationMode: "defensive" or "strictest".',
  each: [
    each("aws:lb/loadBalancer:LoadBalancer", ({ props }, demand) => {
      demand("dropInvalidHeaderFields", () => props.dropInvalidHeaderFields === true);
      demand("desyncMitigationMode", () =>
        ["defensive", "strictest"].includes(props.desyncMitigationMode ?? "defensive"),
      );
    }),
  ],
};
