import * as aws from "@pulumi/aws";
import { DeployError } from "../shared/deploy-error.ts";
import { zoneProblem } from "../stacks/fields.ts";
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

/** Refuses zones that EKS cannot use, before anything is made: a zone's letter says nothing, its id differs by account. */
export async function assertZones(zones: readonly string[], provider: aws.Provider): Promise<void> {
  const problem = zoneProblem(zones, await aws.getAvailabilityZones({}, { provider }));
  if (problem === undefined) return;
  throw new DeployError("SPARKI_CONFIG", `network.zones: ${problem}`, { hint: "edit sparki:network.zones" });
}
