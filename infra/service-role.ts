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
  /** EKS Pod Identity also tags the session. @default ["sts:AssumeRole"] */
  readonly assumeActions?: readonly string[];
}

/** A role that one AWS service assumes, allowed only the named actions on the named resources. */
export function createServiceRole(parent: pulumi.Resource, name: string, args: ServiceRoleArgs): aws.iam.Role {
  const trust = {
    Effect: "Allow",
    Principal: { Service: args.service },
    Action: args.assumeActions ?? ["sts:AssumeRole"],
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
