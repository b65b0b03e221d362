import { databaseEnhancedMonitoring } from "../../policies/database-enhanced-monitoring.ts";
import { database, role, vpc } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databaseEnhancedMonitoring, {
  passes: {
    "a look every minute": database,
    "a look every second": database.with({ monitoringInterval: 1 }),
    "a role of the same stack": [role, database.from("monitoringRoleArn", role)],
  },
  stops: {
    "no looks": ["monitoringInterval", database.with({ monitoringInterval: 0 })],
    "monitoring left to AWS": ["monitoringInterval", database.without("monitoringInterval")],
    "a look every two minutes": ["monitoringInterval", database.with({ monitoringInterval: 120 })],
    "nobody who may look": ["monitoringRoleArn", database.without("monitoringRoleArn")],
    "an empty role": ["monitoringRoleArn", database.with({ monitoringRoleArn: "" })],
    "a role that is something else": ["monitoringRoleArn", [vpc, database.from("monitoringRoleArn", vpc)]],
  },
});
