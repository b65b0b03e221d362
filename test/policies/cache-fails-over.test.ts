import { cacheFailsOver } from "../../policies/cache-fails-over.ts";
import { cache } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(cacheFailsOver, {
  passes: {
    "a cache that fails over": cache,
    "replicas by shard": cache.without("numCacheClusters").with({ replicasPerNodeGroup: 1 }),
  },
  stops: {
    "a cache that does not": ["automaticFailoverEnabled", cache.with({ automaticFailoverEnabled: false })],
    "a cache in one zone": ["multiAzEnabled", cache.without("multiAzEnabled")],
    "a cache of one node": ["numCacheClusters", cache.with({ numCacheClusters: 1 })],
    "shards without replicas": [
      "numCacheClusters",
      cache.without("numCacheClusters").with({ replicasPerNodeGroup: 0 }),
    ],
  },
});
