import { each, type Policy } from "./policy.ts";

export const cacheFailsOver: Policy = {
  name: "cache-fails-over",
  control: "S34",
  reason: "Without a replica in a second zone, one zone's failure loses the cache and every session in it.",
  fix: "Set automaticFailoverEnabled and multiAzEnabled, and two nodes or more.",
  relaxable: true,
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("automaticFailoverEnabled", () => props.automaticFailoverEnabled === true);
      demand("multiAzEnabled", () => props.multiAzEnabled === true);
      demand("numCacheClusters", () => (props.numCacheClusters ?? (props.replicasPerNodeGroup ?? 0) + 1) >= 2);
    }),
  ],
};
