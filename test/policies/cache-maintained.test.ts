import { cacheMaintained } from "../../policies/cache-maintained.ts";
import { cache, vpc } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

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
