import { cacheSnapshots } from "../../policies/cache-snapshots.ts";
import { cache } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(cacheSnapshots, {
  passes: {
    "a snapshot a day": cache.with({ snapshotRetentionLimit: 1 }),
  },
  stops: {
    "no snapshots": ["snapshotRetentionLimit", cache.with({ snapshotRetentionLimit: 0 })],
    "snapshots left to AWS": ["snapshotRetentionLimit", cache.without("snapshotRetentionLimit")],
  },
});
