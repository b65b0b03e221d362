import { databaseInSeveralZones } from "../../policies/database-in-several-zones.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseInSeveralZones, {
  passes: {
    "a database in several zones": database,
  },
  stops: {
    "a database in one zone": ["multiAz", database.with({ multiAz: false })],
    "a database that leaves it to AWS": ["multiAz", database.without("multiAz")],
  },
});
