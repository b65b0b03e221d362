import { databaseIamAuthentication } from "../../policies/database-iam-authentication.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseIamAuthentication, {
  passes: {
    "a database that takes IAM": database,
  },
  stops: {
    "a database that does not": [
      "iamDatabaseAuthenticationEnabled",
      database.with({ iamDatabaseAuthenticationEnabled: false }),
    ],
    "a database that leaves it to AWS": [
      "iamDatabaseAuthenticationEnabled",
      database.without("iamDatabaseAuthenticationEnabled"),
    ],
  },
});
