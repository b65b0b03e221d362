import { databaseLogs } from "../../policies/database-logs.ts";
import { database, parameterGroup } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseLogs, {
  passes: {
    "exported logs of statements": [database, parameterGroup()],
    "every statement, however fast": parameterGroup({ log_min_duration_statement: "0" }),
    "another engine's parameters": parameterGroup().with({ family: "mysql8.4", parameters: [] }),
  },
  stops: {
    "logs that stay on the instance": [
      "enabledCloudwatchLogsExports",
      database.without("enabledCloudwatchLogsExports"),
    ],
    "no log of upgrades": [
      "enabledCloudwatchLogsExports",
      database.with({ enabledCloudwatchLogsExports: ["postgresql"] }),
    ],
    "no log of queries": ["enabledCloudwatchLogsExports", database.with({ enabledCloudwatchLogsExports: ["upgrade"] })],
    "no statements logged": ["parameters.log_statement", parameterGroup({ log_statement: "none" })],
    "statements left to PostgreSQL": ["parameters.log_statement", parameterGroup({ log_statement: undefined })],
    "no slow statements": [
      "parameters.log_min_duration_statement",
      parameterGroup({ log_min_duration_statement: "-1" }),
    ],
    "slow statements left to PostgreSQL": [
      "parameters.log_min_duration_statement",
      parameterGroup({ log_min_duration_statement: undefined }),
    ],
  },
});
