import { each, type Policy } from "./policy.ts";

export const databaseProtectedFromDeletion: Policy = {
  name: "database-protected-from-deletion",
  control: "S25",
  reason: "A database that can be deleted by one call will be, by a mistake or by an intruder.",
  fix: "Set deletionProtection: true.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("deletionProtection", () => props.deletionProtection === true);
    }),
  ],
};
