import { each, type Policy } from "./policy.ts";

export const databaseBackups: Policy = {
  name: "database-backups",
  control: "S26",
  reason: "Damage is often noticed days later, when yesterday's backup has it too.",
  fix: "Set backupRetentionPeriod to 7 or more.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("backupRetentionPeriod", () => (props.backupRetentionPeriod ?? 0) >= 7);
    }),
  ],
};
