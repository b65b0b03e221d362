import { stackAboveItsFloor } from "../../policies/stack-above-its-floor.ts";
import { cache, database, release, subnets, vpc } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const replicas = "values.replicas";

proves(stackAboveItsFloor, {
  passes: {
    "a stack at its floor": [
      vpc,
      ...subnets,
      database.with({ backupRetentionPeriod: 7 }),
      cache.with({ numCacheClusters: 2 }),
      release.with({ values: { replicas: 2 } }),
    ],
    "a one-box, which is one": release.named("engine-one-box").with({ values: { replicas: 1 } }),
    "a lower floor": {
      stack: database.with({ backupRetentionPeriod: 1 }),
      config: { floor: { zones: 1, replicas: 1, backupDays: 1 } },
    },
  },
  stops: {
    "fewer days of backup": ["backupRetentionPeriod", database.with({ backupRetentionPeriod: 6 })],
    "no days of backup": ["backupRetentionPeriod", database.without("backupRetentionPeriod")],
    "fewer caches": ["numCacheClusters", cache.with({ numCacheClusters: 1 })],
    "a cache by itself": ["numCacheClusters", cache.without("numCacheClusters")],
    "fewer pods": [replicas, release.with({ values: { replicas: 1 } })],
    "no said number of pods": [replicas, release.with({ values: {} })],
    "fewer zones": ["zones", [vpc, ...subnets.slice(1)]],
    "as many subnets in fewer zones": [
      "zones",
      [vpc, ...subnets.map((subnet) => subnet.with({ vpcId: "", availabilityZone: "us-east-1a" }).from("vpcId", vpc))],
    ],
    "a higher floor": [replicas, release, { floor: { zones: 3, replicas: 4, backupDays: 7 } }],
  },
});
