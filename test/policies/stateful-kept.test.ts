import { statefulKept } from "../../policies/stateful-kept.ts";
import { cache, database, key } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const zone = example("aws:route53/zone:Zone", { name: "prod.sparki.tools" });
const approval = { resource: "database-instance", action: "replace", by: "@alexarno", until: "2026-11-23" } as const;
const ended = { ...approval, until: "2026-11-22" };
const ofOther = { ...approval, resource: "other" };

proves(statefulKept, {
  passes: {
    "what is protected": [database, cache, key, zone],
    "a database whose replacement is approved": { stack: database.unprotected(), config: { approvals: [approval] } },
    "a subnet, which holds nothing": example("aws:ec2/subnet:Subnet", {}).unprotected(),
    "a database that goes without a snapshot, as approved": {
      stack: database.with({ skipFinalSnapshot: true }),
      config: { approvals: [approval] },
    },
  },
  stops: {
    "a database": ["protect", database.unprotected()],
    "a cache": ["protect", cache.unprotected()],
    "a key": ["protect", key.unprotected()],
    "a zone": ["protect", zone.unprotected()],
    "an approval that has ended": ["protect", database.unprotected(), { approvals: [ended] }],
    "an approval for something else": ["protect", database.unprotected(), { approvals: [ofOther] }],
    "a database that leaves no snapshot": ["skipFinalSnapshot", database.with({ skipFinalSnapshot: true })],
    "a database whose snapshot has no name": ["finalSnapshotIdentifier", database.without("finalSnapshotIdentifier")],
    "a cache whose snapshot has no name": ["finalSnapshotIdentifier", cache.without("finalSnapshotIdentifier")],
  },
});
