import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

interface WorkloadIdentityArgs {
  readonly stack: string;
  /** Known in preview, where policies judge who may assume the role. */
  readonly clusterArn: string;
  readonly clusterName: pulumi.Input<string>;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly secretArns: readonly pulumi.Input<string>[];
  readonly secretsKeyArn: pulumi.Input<string>;
}

/** Lets the pods of one service account read exactly the named secrets, by EKS Pod Identity. */
export class WorkloadIdentity extends pulumi.ComponentResource {
  constructor(name: string, args: WorkloadIdentityArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:WorkloadIdentity", name, {}, options);
    const role = createServiceRole(this, `${name}-role`, {
      name: `sparki-${args.stack}-${args.serviceAccount}`,
      service: "pods.eks.amazonaws.com",
      only: onlyFor(args),
      assumeActions: ["sts:AssumeRole", "sts:TagSession"],
      permissions: [
        {
          actions: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
          resources: args.secretArns,
        },
        { actions: ["kms:Decrypt"], resources: [args.secretsKeyArn] },
      ],
    });
    const subject = { namespace: args.namespace, serviceAccount: args.serviceAccount };
    new aws.eks.PodIdentityAssociation(
      `${name}-association`,
      { clusterName: args.clusterName, ...subject, roleArn: role.arn },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/**
 * Pods of this service account in this cluster, by the tags that Pod Identity puts on their session.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
function onlyFor({ clusterArn, namespace, serviceAccount }: WorkloadIdentityArgs): Condition {
  return {
    StringEquals: {
      "aws:RequestTag/eks-cluster-arn": clusterArn,
      "aws:RequestTag/kubernetes-namespace": namespace,
      "aws:RequestTag/kubernetes-service-account": serviceAccount,
    },
  };
}

/** Actions allowed on resources; neither may be a wildcard of a whole service. */
interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly pulumi.Input<string>[];
}

interface ServiceRoleArgs {
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

const ROLE = "aws:iam/role:Role";

/** Caps every role of a component's by this policy, where there is one: who deploys from CI may make none without it. */
export function boundedBy(boundary: string | undefined): pulumi.ResourceTransformation {
  return ({ type, props, opts }) =>
    boundary === undefined || type !== ROLE ? undefined : { props: { ...props, permissionsBoundary: boundary }, opts };
}

/**
 * The same for what a component of another package makes in a process of its own, beside what another transform changes.
 * One transform with the other: the second of two would get nothing for what a preview does not know.
 */
export function childrenBoundedBy(
  boundary: string | undefined,
  other: pulumi.ResourceTransform,
): pulumi.ResourceTransform {
  return async (args) => {
    const changed = await other(args);
    if (boundary === undefined || args.type !== ROLE) return changed;
    const { props, opts } = changed ?? args;
    return { props: { ...props, permissionsBoundary: boundary }, opts };
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
