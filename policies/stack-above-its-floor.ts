import { valueAt } from "./judging/objects.ts";
import { each, type Policy } from "./policy.ts";

export const stackAboveItsFloor: Policy = {
  name: "stack-above-its-floor",
  control: "D05",
  reason: "A stack that was made smaller for a test on a Friday is found out on Monday by its users.",
  fix: "Raise it to sparki:floor (zones, replicas, backupDays), or lower the floor in the stack's config, where a review sees it.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand, { config }) => {
      demand("backupRetentionPeriod", () => (props.backupRetentionPeriod ?? 0) >= config.floor.backupDays);
    }),
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand, { config }) => {
      demand("numCacheClusters", () => (props.numCacheClusters ?? 1) >= config.floor.replicas);
    }),
    each("kubernetes:helm.sh/v3:Release", ({ name, props }, demand, { config }) => {
      if (!name.endsWith("-fleet")) return;
      demand("values.replicas", () => Number(valueAt(props.values, "replicas") ?? 0) >= config.floor.replicas);
    }),
  ],
  whole: (stack, demand, { config }) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const subnets = () => stack.all("aws:ec2/subnet:Subnet").filter((subnet) => stack.refers(subnet, "vpcId", vpc));
      demand(vpc, "zones", () => {
        return new Set(subnets().map(({ props }) => props.availabilityZone)).size >= config.floor.zones;
      });
    }
  },
};
