import { each, type Policy } from "./policy.ts";

export const cacheMaintained: Policy = {
  name: "cache-maintained",
  control: "S39",
  reason: "Minor versions carry fixes, and the default subnet group spans every subnet of the VPC.",
  fix: "Set autoMinorVersionUpgrade: true and subnetGroupName to a group of the stack.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("autoMinorVersionUpgrade", () => props.autoMinorVersionUpgrade === true);
      demand("subnetGroupName", () => props.subnetGroupName !== undefined && props.subnetGroupName !== "default", {
        comesFrom: "aws:elasticache/subnetGroup:SubnetGroup",
      });
    }),
  ],
};
