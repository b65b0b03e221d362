import { each, type Policy } from "./policy.ts";

export const databaseInSeveralZones: Policy = {
  name: "database-in-several-zones",
  control: "S24",
  reason: "Without a standby in a second zone, one zone's failure stops everything until somebody restores a backup.",
  fix: "Set multiAz: true.",
  relaxable: true,
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("multiAz", () => props.multiAz === true);
    }),
  ],
};
