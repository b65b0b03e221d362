import type * as pulumi from "@pulumi/pulumi";
import { isTagged } from "../stacks/tagging.ts";
import { withTags } from "./added-tags.ts";

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
