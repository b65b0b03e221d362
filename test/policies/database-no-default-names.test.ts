import { databaseNoDefaultNames } from "../../policies/database-no-default-names.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseNoDefaultNames, {
  passes: {
    "names that nobody guesses first": database,
  },
  stops: {
    "the default administrator": ["username", database.with({ username: "postgres" })],
    "the default administrator in capitals": ["username", database.with({ username: "Admin" })],
    "no administrator's name": ["username", database.without("username")],
    "PostgreSQL's port": ["port", database.with({ port: 5432 })],
    "MySQL's port": ["port", database.with({ port: 3306 })],
    "no port, which is the default one": ["port", database.without("port")],
  },
});
