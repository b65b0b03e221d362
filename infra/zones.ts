import * as aws from "@pulumi/aws";
import { DeployError } from "../shared/deploy-error.ts";
import { zoneProblem } from "../stacks/zones.ts";

/** Refuses zones that EKS cannot use, before anything is made: a zone's letter says nothing, its id differs by account. */
export async function assertZones(zones: readonly string[], provider: aws.Provider): Promise<void> {
  const problem = zoneProblem(zones, await aws.getAvailabilityZones({}, { provider }));
  if (problem === undefined) return;
  throw new DeployError("SPARKI_CONFIG", `network.zones: ${problem}`, { hint: "edit sparki:network.zones" });
}
