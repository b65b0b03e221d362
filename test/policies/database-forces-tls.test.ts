import { databaseForcesTls } from "../../policies/database-forces-tls.ts";
import { database, parameterGroup } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseForcesTls, {
  passes: {
    "a database whose parameters force TLS": [parameterGroup(), database],
    "a database that takes its group from the stack": [
      parameterGroup(),
      database.from("parameterGroupName", parameterGroup()),
    ],
    "another engine's parameters": parameterGroup().with({ family: "mysql8.4", parameters: [] }),
  },
  stops: {
    "TLS switched off": ["parameters", parameterGroup({ "rds.force_ssl": "0" })],
    "TLS left to the client": ["parameters", parameterGroup({ "rds.force_ssl": undefined })],
    "a group without parameters": ["parameters", parameterGroup().without("parameters")],
    "a group of no stack": ["parameterGroupName", database],
    "another group of the stack": [
      "parameterGroupName",
      [parameterGroup(), database.with({ parameterGroupName: "x" })],
    ],
    "the default group": ["parameterGroupName", [parameterGroup(), database.without("parameterGroupName")]],
  },
});
