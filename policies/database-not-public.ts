import { each, type Policy } from "./policy.ts";

export const databaseNotPublic: Policy = {
  name: "database-not-public",
  control: "S20",
  reason: "A database with a public address is one leaked password away from everybody.",
  fix: "Set publiclyAccessible: false.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("publiclyAccessible", () => props.publiclyAccessible === false);
    }),
  ],
};
