import { databaseNotPublic } from "../../policies/database-not-public.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseNotPublic, {
  passes: {
    "a private database": database,
  },
  stops: {
    "a public database": ["publiclyAccessible", database.with({ publiclyAccessible: true })],
    "a database that leaves it to AWS": ["publiclyAccessible", database.without("publiclyAccessible")],
    "what preview cannot know": ["publiclyAccessible", database.from("publiclyAccessible")],
  },
});
