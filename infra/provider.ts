import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { DeployError } from "../shared/deploy-error.ts";
import { zoneProblem } from "../stacks/fields.ts";
import type { StackConfig } from "../stacks/schema.ts";
import { isTagged, ORIGIN_TAG, originOf, TAGGED_WITH_ORIGIN } from "../stacks/tagging.ts";

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

/** A resource's inputs with more tags beside its own. */
function withTags(props: pulumi.Inputs, more: Readonly<Record<string, string>>): pulumi.Inputs {
  return { ...props, tags: pulumi.output(props.tags).apply((own: object | undefined) => ({ ...own, ...more })) };
}

/** Tags what AWS makes up the id of with the program's name for it, so that it can be found after an interrupted update. */
export const tagWithOrigin: pulumi.ResourceTransformation = ({ type, name, props, opts }) =>
  TAGGED_WITH_ORIGIN.has(type) ? { props: withTags(props, { [ORIGIN_TAG]: originOf(type, name) }), opts } : undefined;

/**
 * Tags a component's resources on AWS with the release that made them. A later release leaves that tag as it is: as a
 * default tag of the provider it would change every resource at every release.
 */
export function madeBy(release: string): pulumi.ResourceTransformation {
  return ({ type, props, opts }) =>
    isTagged(type) ? { props: withTags(props, { release }), opts: kept(opts) } : undefined;
}

/** The same for what a component of another package makes in a process of its own. */
export function childrenMadeBy(release: string): pulumi.ResourceTransform {
  return ({ type, props, opts }) =>
    isTagged(type) ? { props: withTags(props, { release }), opts: kept(opts) } : undefined;
}

function kept<T extends pulumi.ResourceOptions>(options: T): T {
  return { ...options, ignoreChanges: [...(options.ignoreChanges ?? []), "tags.release"] };
}
