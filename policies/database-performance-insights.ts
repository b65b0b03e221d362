import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { each, type Policy } from "./policy.ts";

export const databasePerformanceInsights: Policy = {
  name: "database-performance-insights",
  control: "S31",
  reason: "Performance Insights shows which statement is slow; it stores statements, so it needs a key of ours.",
  fix: "Set performanceInsightsEnabled: true and performanceInsightsKmsKeyId to the data key's ARN.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("performanceInsightsEnabled", () => props.performanceInsightsEnabled === true);
      demand("performanceInsightsKmsKeyId", () => isCustomerKey(props.performanceInsightsKmsKeyId), FROM_A_KEY);
    }),
  ],
};
