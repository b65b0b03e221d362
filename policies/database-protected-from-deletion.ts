import { isApproved } from "./judging/approvals.ts";
import { each, type Policy } from "./policy.ts";

export const databaseProtectedFromDeletion: Policy = {
  name: "database-protected-from-deletion",
  control: "S25",
  reason: "A database that can be deleted by one call will be, by a mistake or by an intruder.",
  fix: "Set deletionProtection: true, or add an approval to delete it to sparki:approvals.",
  each: [
    each("aws:rds/instance:Instance", ({ props, name }, demand, situation) => {
      demand("deletionProtection", () => props.deletionProtection === true || isApproved(situation, name, "delete"));
    }),
  ],
};
