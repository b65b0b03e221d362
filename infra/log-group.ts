import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** A log group encrypted under the stack's log key and kept for a year (PCI DSS 10.5.1 asks for twelve months). */
export function createLogGroup(
  parent: pulumi.Resource,
  name: string,
  args: { readonly name: string; readonly logKeyArn: pulumi.Input<string> },
): aws.cloudwatch.LogGroup {
  const settings = { name: args.name, kmsKeyId: args.logKeyArn, retentionInDays: 365 };
  return new aws.cloudwatch.LogGroup(name, settings, { parent });
}
