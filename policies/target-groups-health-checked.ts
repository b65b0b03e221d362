import { each, type Policy } from "./policy.ts";

export const targetGroupsHealthChecked: Policy = {
  name: "target-groups-health-checked",
  control: "S46",
  reason: "Without a health check on the application's own path, requests go to pods that cannot answer.",
  fix: "Set healthCheck with a path.",
  each: [
    each("aws:lb/targetGroup:TargetGroup", ({ props }, demand) => {
      demand("healthCheck.enabled", () => props.healthCheck?.enabled !== false);
      demand("healthCheck.path", () => (props.healthCheck?.path ?? "") !== "");
    }),
  ],
};
