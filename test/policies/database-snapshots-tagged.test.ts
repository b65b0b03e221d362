import { databaseSnapshotsTagged } from "../../policies/database-snapshots-tagged.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseSnapshotsTagged, {
  passes: {
    "tagged snapshots and a current authority": database,
    "an elliptic authority": database.with({ caCertIdentifier: "rds-ca-ecc384-g1" }),
  },
  stops: {
    "snapshots without tags": ["copyTagsToSnapshot", database.with({ copyTagsToSnapshot: false })],
    "snapshots left to AWS": ["copyTagsToSnapshot", database.without("copyTagsToSnapshot")],
    "an authority that has expired": ["caCertIdentifier", database.with({ caCertIdentifier: "rds-ca-2019" })],
    "no named authority": ["caCertIdentifier", database.without("caCertIdentifier")],
  },
});
