import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Alarms } from "./alarms.ts";
import type { Account } from "./locked-bucket.ts";

export interface BreakGlassArgs extends Account {
  readonly principals: readonly string[];
  readonly alarms: Alarms;
}

const ROLE = "break-glass-sparki";
const SESSION_SECONDS = 3600;
/** How old a second factor may be. */
const MFA_SECONDS = "900";

/**
 * An administrator's role for when delivery itself is broken: a person takes it with a second factor just given, for an
 * hour, in the one region whose alarm tells everybody.
 */
export class BreakGlass extends pulumi.ComponentResource {
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: BreakGlassArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:BreakGlass", name, {}, options);
    const { accountId, region } = args;
    const trust = {
      Effect: "Allow",
      Principal: { AWS: args.principals },
      Action: "sts:AssumeRole",
      Condition: {
        Bool: { "aws:MultiFactorAuthPresent": "true" },
        NumericLessThan: { "aws:MultiFactorAuthAge": MFA_SECONDS },
        StringEquals: { "aws:RequestedRegion": region },
      },
    };
    const role = new aws.iam.Role(
      `${name}-role`,
      {
        name: ROLE,
        description: "For people, when nothing else goes: everybody is told that it was taken",
        assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
        maxSessionDuration: SESSION_SECONDS,
      },
      { parent: this },
    );
    new aws.iam.RolePolicyAttachment(
      `${name}-administers`,
      { role: role.name, policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
      { parent: this },
    );
    const roleArn = [`arn:aws:iam::${accountId}:role/${ROLE}`];
    args.alarms.on(
      "break-glass",
      {
        source: ["aws.sts"],
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: { eventName: ["AssumeRole"], requestParameters: { roleArn } },
      },
      "Somebody took the break-glass role, or tried to",
    );
    this.roleArn = role.arn;
    this.registerOutputs();
  }
}
