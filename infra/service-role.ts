import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Actions allowed on resources; neither may be a wildcard of a whole service. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly pulumi.Input<string>[];
}

export interface ServiceRoleArgs {
  /** Physical name. */
  readonly name: string;
  /** The AWS service that assumes the role, for example `vpc-flow-logs.amazonaws.com`. */
  readonly service: string;
  readonly permissions?: readonly Permission[];
  readonly managedPolicyArns?: readonly string[];
  /** For whom the service may assume it: without this, it could be made to by somebody else's resource. */
  readonly only: Condition;
  /** EKS Pod Identity also tags the session. @default ["sts:AssumeRole"] */
  readonly assumeActions?: readonly string[];
}

/** Operator, then key, then value, as in an IAM policy. */
export type Condition = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A service acts for its resource `resource` of this account and region, such as `db:sparki-prod-database`, and for no other. */
export function onBehalfOf(
  { accountId, region }: { readonly accountId: string; readonly region: string },
  service: string,
  resource: string,
): Condition {
  return {
    StringEquals: { "aws:SourceAccount": accountId },
    ArnLike: { "aws:SourceArn": `arn:aws:${service}:${region}:${accountId}:${resource}` },
  };
}

/** A role that one AWS service assumes, allowed only the named actions on the named resources. */
export function createServiceRole(parent: pulumi.Resource, name: string, args: ServiceRoleArgs): aws.iam.Role {
  const trust = {
    Effect: "Allow",
    Principal: { Service: args.service },
    Action: args.assumeActions ?? ["sts:AssumeRole"],
    Condition: args.only,
  };
  const role = new aws.iam.Role(
    name,
    { name: args.name, assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }) },
    { parent },
  );
  if (args.permissions !== undefined) {
    const statements = args.permissions.map(({ actions, resources }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
    }));
    const policy = pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
    new aws.iam.RolePolicy(`${name}-policy`, { name: args.name, role: role.id, policy }, { parent });
  }
  for (const policyArn of args.managedPolicyArns ?? []) {
    const suffix = policyArn.slice(policyArn.lastIndexOf("/") + 1);
    new aws.iam.RolePolicyAttachment(`${name}-${suffix}`, { role: role.name, policyArn }, { parent });
  }
  return role;
}
