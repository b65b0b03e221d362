import * as aws from "@pulumi/aws";
import type { StackConfig } from "../stacks/schema.ts";

/** The one AWS provider: refuses any other account than the stack's, and tags everything with its origin. */
export function awsProvider(stack: string, config: StackConfig): aws.Provider {
  return new aws.Provider("aws", {
    region: config.region,
    // The provider's own 25 tries take about 85 minutes before it gives up; ten take about ten.
    maxRetries: 10,
    allowedAccountIds: [config.accountId],
    defaultTags: { tags: { project: "sparki", stack, owner: config.owner, "managed-by": "pulumi" } },
  });
}
