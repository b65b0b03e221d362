import { databaseProtectedFromDeletion } from "../../policies/database-protected-from-deletion.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseProtectedFromDeletion, {
  passes: {
    "a protected database": database,
    "a database whose deletion is approved": {
      stack: database.with({ deletionProtection: false }),
      config: {
        approvals: [{ resource: "database-instance", action: "delete", by: "@alexarno", until: "2026-11-23" }],
      },
    },
  },
  stops: {
    "a database that one call deletes": ["deletionProtection", database.with({ deletionProtection: false })],
    "a database that leaves it to AWS": ["deletionProtection", database.without("deletionProtection")],
    "an approval that has ended": [
      "deletionProtection",
      database.with({ deletionProtection: false }),
      { approvals: [{ resource: "database-instance", action: "delete", by: "@alexarno", until: "2026-11-22" }] },
    ],
    "an approval to replace it": [
      "deletionProtection",
      database.with({ deletionProtection: false }),
      { approvals: [{ resource: "database-instance", action: "replace", by: "@alexarno", until: "2026-12-31" }] },
    ],
  },
});
