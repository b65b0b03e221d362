import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

interface LogGroupArgs {
  readonly name: string;
  readonly logKeyArn: pulumi.Input<string>;
  /** @default the provider's */
  readonly region?: string;
}

/** A log group encrypted under the stack's log key and kept for a year (PCI DSS 10.5.1 asks for twelve months). */
export function createLogGroup(parent: pulumi.Resource, name: string, args: LogGroupArgs): aws.cloudwatch.LogGroup {
  const { region } = args;
  const settings = { name: args.name, kmsKeyId: args.logKeyArn, retentionInDays: 365, ...(region && { region }) };
  return new aws.cloudwatch.LogGroup(name, settings, { parent });
}
