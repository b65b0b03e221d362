import * as pulumi from "@pulumi/pulumi";
import { isTagged, ORIGIN_TAG, originOf, TAGGED_WITH_ORIGIN } from "../stacks/tagging.ts";

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
