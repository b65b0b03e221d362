import type * as pulumi from "@pulumi/pulumi";
import { ORIGIN_TAG, originOf, TAGGED_WITH_ORIGIN } from "../stacks/origin-tag.ts";
import { withTags } from "./added-tags.ts";

/** Tags what AWS makes up the id of with the program's name for it, so that it can be found after an interrupted update. */
export const tagWithOrigin: pulumi.ResourceTransformation = ({ type, name, props, opts }) =>
  TAGGED_WITH_ORIGIN.has(type) ? { props: withTags(props, { [ORIGIN_TAG]: originOf(type, name) }), opts } : undefined;
