import * as pulumi from "@pulumi/pulumi";

/** The stack's own outputs as the last update left them: what was promoted, and on what evidence. */
export function previousOutputs(): pulumi.StackReference {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  return new pulumi.StackReference("previous-outputs", { name });
}
