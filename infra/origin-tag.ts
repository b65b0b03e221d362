import * as pulumi from "@pulumi/pulumi";
import { ORIGIN_TAG, originOf, TAGGED_WITH_ORIGIN } from "../stacks/origin-tag.ts";

/** Tags what AWS makes up the id of with the program's name for it, so that it can be found after an interrupted update. */
export const tagWithOrigin: pulumi.ResourceTransformation = ({ type, name, props, opts }) => {
  if (!TAGGED_WITH_ORIGIN.has(type)) return undefined;
  const tags = pulumi.output(props.tags).apply((own) => ({ ...own, [ORIGIN_TAG]: originOf(type, name) }));
  return { props: { ...props, tags }, opts };
};
