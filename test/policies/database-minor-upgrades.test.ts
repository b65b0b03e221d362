import { databaseMinorUpgrades } from "../../policies/database-minor-upgrades.ts";
import { database } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseMinorUpgrades, {
  passes: {
    "a database that upgrades itself": database,
  },
  stops: {
    "a database that does not": ["autoMinorVersionUpgrade", database.with({ autoMinorVersionUpgrade: false })],
    "a database that does not say": ["autoMinorVersionUpgrade", database.without("autoMinorVersionUpgrade")],
  },
});
