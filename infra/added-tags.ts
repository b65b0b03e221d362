import * as pulumi from "@pulumi/pulumi";

/** A resource's inputs with more tags beside its own. */
export function withTags(props: pulumi.Inputs, more: Readonly<Record<string, string>>): pulumi.Inputs {
  return { ...props, tags: pulumi.output(props.tags).apply((own: object | undefined) => ({ ...own, ...more })) };
}
