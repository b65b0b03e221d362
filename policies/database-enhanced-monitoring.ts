import { each, type Policy } from "./policy.ts";

export const databaseEnhancedMonitoring: Policy = {
  name: "database-enhanced-monitoring",
  control: "S30",
  reason: "CPU and memory by process tell a slow query from a sick machine.",
  fix: "Set monitoringInterval to 60 or less, and monitoringRoleArn.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      const seconds = () => props.monitoringInterval ?? 0;
      demand("monitoringInterval", () => seconds() > 0 && seconds() <= 60);
      demand("monitoringRoleArn", () => props.monitoringRoleArn !== undefined && props.monitoringRoleArn !== "", {
        comesFrom: "aws:iam/role:Role",
      });
    }),
  ],
};
