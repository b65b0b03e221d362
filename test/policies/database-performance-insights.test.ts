import { databasePerformanceInsights } from "../../policies/database-performance-insights.ts";
import { database, key, vpc } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(databasePerformanceInsights, {
  passes: {
    "insights under a customer key": database,
    "insights under a key of the same stack": [key, database.from("performanceInsightsKmsKeyId", key)],
  },
  stops: {
    "no insights": ["performanceInsightsEnabled", database.with({ performanceInsightsEnabled: false })],
    "insights left to AWS": ["performanceInsightsEnabled", database.without("performanceInsightsEnabled")],
    "insights under AWS's key": ["performanceInsightsKmsKeyId", database.without("performanceInsightsKmsKeyId")],
    "a key that is something else": [
      "performanceInsightsKmsKeyId",
      [vpc, database.from("performanceInsightsKmsKeyId", vpc)],
    ],
  },
});
