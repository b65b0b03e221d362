import { each, type Policy } from "./policy.ts";

export const databaseIamAuthentication: Policy = {
  name: "database-iam-authentication",
  control: "S28",
  reason: "People who look into the database should come as themselves for an hour, not with a shared password.",
  fix: "Set iamDatabaseAuthenticationEnabled: true.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("iamDatabaseAuthenticationEnabled", () => props.iamDatabaseAuthenticationEnabled === true);
    }),
  ],
};
