import * as pulumi from "@pulumi/pulumi";

/**
 * Texts as the `data` of a Secret: base64, as the API server keeps them. Of `stringData` the provider itself would make
 * `data`, but not while the cluster is unknown: policies would judge another thing in the deployment than in its preview.
 */
export function secretData(
  texts: Readonly<Record<string, pulumi.Input<string>>>,
): pulumi.Output<Record<string, string>> {
  return pulumi
    .all(texts)
    .apply((known) =>
      Object.fromEntries(Object.entries(known).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
    );
}
