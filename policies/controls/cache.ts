import type { Control } from "./control.ts";

const metBy = "infra/cache.ts";

export const cacheControls: readonly Control[] = [
  { id: "S34", title: "Redis fails over to another zone", ids: ["ElastiCache.3", "CKV2_AWS_50"], metBy },
  {
    id: "S35",
    title: "Redis is encrypted at rest under a customer key",
    ids: ["ElastiCache.4", "CKV_AWS_29", "CKV_AWS_191", "AVD-AWS-0045"],
    metBy,
  },
  { id: "S36", title: "Redis speaks TLS only", ids: ["ElastiCache.5", "CKV_AWS_30", "AVD-AWS-0051"], metBy },
  { id: "S37", title: "Redis asks who connects", ids: ["ElastiCache.6", "CKV_AWS_31"], metBy },
  { id: "S38", title: "Redis keeps snapshots", ids: ["ElastiCache.1", "CKV_AWS_134", "AVD-AWS-0050"], metBy },
  {
    id: "S39",
    title: "Redis takes minor upgrades by itself and has a subnet group of its own",
    ids: ["ElastiCache.2", "ElastiCache.7", "CKV_AWS_322", "CKV_AWS_323"],
    metBy,
  },
];
