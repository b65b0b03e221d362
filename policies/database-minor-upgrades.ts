import { each, type Policy } from "./policy.ts";

export const databaseMinorUpgrades: Policy = {
  name: "database-minor-upgrades",
  control: "S27",
  reason: "Minor versions carry the fixes for known holes; nobody remembers them by hand.",
  fix: "Set autoMinorVersionUpgrade: true.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("autoMinorVersionUpgrade", () => props.autoMinorVersionUpgrade === true);
    }),
  ],
};
