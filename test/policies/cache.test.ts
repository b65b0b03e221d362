import {
  cacheAuthenticates,
  cacheEncryptedWithCustomerKey,
  cacheFailsOver,
  cacheMaintained,
  cacheSnapshots,
  cacheTlsInTransit,
} from "../../policies/cache.ts";
import { cache, key, vpc } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

proves(cacheAuthenticates, {
  passes: {
    "a cache with a token": cache,
    "a token that only the update knows": cache.from("authToken"),
    "a cache with users": cache.without("authToken").with({ userGroupIds: ["sparki"] }),
  },
  stops: {
    "a cache that asks nobody": ["authToken", cache.without("authToken")],
    "an empty token": ["authToken", cache.with({ authToken: "" })],
    "users of no group": ["authToken", cache.without("authToken").with({ userGroupIds: [] })],
  },
});

proves(cacheEncryptedWithCustomerKey, {
  passes: {
    "a cache under a customer key": cache,
    "a cache under a key of the same stack": [key, cache.from("kmsKeyId", key)],
  },
  stops: {
    "a cache that is not encrypted": ["atRestEncryptionEnabled", cache.with({ atRestEncryptionEnabled: false })],
    "a cache that does not say": ["atRestEncryptionEnabled", cache.without("atRestEncryptionEnabled")],
    "AWS's own key": ["kmsKeyId", cache.with({ kmsKeyId: "alias/aws/elasticache" })],
    "no key": ["kmsKeyId", cache.without("kmsKeyId")],
    "a key that is something else": ["kmsKeyId", [vpc, cache.from("kmsKeyId", vpc)]],
  },
});

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

{
  const group = thing("aws:elasticache/subnetGroup:SubnetGroup", {});

  proves(cacheMaintained, {
    passes: {
      "a cache that upgrades itself in its own subnets": cache,
      "a subnet group of the same stack": [group, cache.from("subnetGroupName", group)],
    },
    stops: {
      "a cache that stays as it is": ["autoMinorVersionUpgrade", cache.with({ autoMinorVersionUpgrade: false })],
      "a cache that does not say": ["autoMinorVersionUpgrade", cache.without("autoMinorVersionUpgrade")],
      "the default subnets": ["subnetGroupName", cache.with({ subnetGroupName: "default" })],
      "no subnets": ["subnetGroupName", cache.without("subnetGroupName")],
      "subnets that are something else": ["subnetGroupName", [vpc, cache.from("subnetGroupName", vpc)]],
    },
  });
}

proves(cacheSnapshots, {
  passes: {
    "a snapshot a day": cache.with({ snapshotRetentionLimit: 1 }),
  },
  stops: {
    "no snapshots": ["snapshotRetentionLimit", cache.with({ snapshotRetentionLimit: 0 })],
    "snapshots left to AWS": ["snapshotRetentionLimit", cache.without("snapshotRetentionLimit")],
  },
});

proves(cacheTlsInTransit, {
  passes: {
    "a cache that speaks TLS": cache,
    "a cache whose mode is AWS's default": cache.without("transitEncryptionMode"),
  },
  stops: {
    "a cache that does not": ["transitEncryptionEnabled", cache.with({ transitEncryptionEnabled: false })],
    "a cache that does not say": ["transitEncryptionEnabled", cache.without("transitEncryptionEnabled")],
    "a cache that speaks both": ["transitEncryptionMode", cache.with({ transitEncryptionMode: "preferred" })],
  },
});
