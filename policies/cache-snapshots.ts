import { each, type Policy } from "./policy.ts";

export const cacheSnapshots: Policy = {
  name: "cache-snapshots",
  control: "S38",
  reason: "Filling an empty cache from the database under full load is an outage of its own.",
  fix: "Set snapshotRetentionLimit to 1 or more.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("snapshotRetentionLimit", () => (props.snapshotRetentionLimit ?? 0) >= 1);
    }),
  ],
};
