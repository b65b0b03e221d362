import * as pulumi from "@pulumi/pulumi";
import { isTagged } from "../stacks/tagging.ts";

/**
 * Tags a component's resources on AWS with the release that made them. A later release leaves that tag as it is: as a
 * default tag of the provider it would change every resource at every release.
 */
export function madeBy(release: string): pulumi.ResourceTransformation {
  return ({ type, props, opts }) => (isTagged(type) ? { props: tagged(props, release), opts: kept(opts) } : undefined);
}

/** The same for what a component of another package makes in a process of its own. */
export function childrenMadeBy(release: string): pulumi.ResourceTransform {
  return ({ type, props, opts }) => (isTagged(type) ? { props: tagged(props, release), opts: kept(opts) } : undefined);
}

function tagged(props: pulumi.Inputs, release: string): pulumi.Inputs {
  return { ...props, tags: pulumi.output(props.tags).apply((tags: object | undefined) => ({ ...tags, release })) };
}

function kept<T extends pulumi.ResourceOptions>(options: T): T {
  return { ...options, ignoreChanges: [...(options.ignoreChanges ?? []), "tags.release"] };
}
