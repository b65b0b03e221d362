import { boundaryArn } from "../stacks/stack-name.ts";

/** Operator, then key, then the values of which one must hold. */
export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/**
 * What may be done to which resources. Texts hold `{stack}`, `{account}`, `{region}`, `{domain}` and `{global}`, the
 * region in which Route 53 keeps its logs and keys.
 */
export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: Condition;
}

const tags = (of: "Request" | "Resource"): Condition => ({
  StringEquals: { [`aws:${of}Tag/project`]: "sparki", [`aws:${of}Tag/stack`]: "{stack}" },
});

/** Made with the provider's default tags. */
export const MARKED = tags("Request");
/** Bears them already: of what AWS names by itself, all that tells whose it is. */
export const OWN = tags("Resource");
/** For actions that AWS lets nobody narrow to a resource. */
const HERE: Condition = { StringEquals: { "aws:RequestedRegion": ["{region}", "{global}"] } };

/** Looks, which AWS grants for all resources of a region or none. */
export const see = (...actions: readonly string[]): Grant => ({ actions, resources: ["*"], condition: HERE });

export const on = (resources: readonly string[], ...actions: readonly string[]): Grant => ({ actions, resources });

export const when = (condition: Condition, grant: Grant): Grant => ({ ...grant, condition });

/** Services encrypt by the stack's keys, of these, in the name of who asks. */
export const useOfKeys = (keys: readonly string[]): readonly Grant[] => [
  when(OWN, on(keys, "kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")),
  when({ ...OWN, Bool: { "kms:GrantIsForAWSResource": "true" } }, on(keys, "kms:CreateGrant")),
];

/** EC2's resources of these kinds, in this account and region. */
export const ec2 = (...kinds: readonly string[]): readonly string[] =>
  kinds.map((kind) => `arn:aws:ec2:{region}:{account}:${kind}/*`);

const role = (name: string) => `arn:aws:iam::{account}:role/${name}`;
/** EKS's own roles get their names from the engine: the component's, and seven hex digits. */
export const CLUSTER_ROLE = role("cluster-eks-eksRole-role-*");
export const NODE_ROLE = role("cluster-eks-nodeRole-role-*");
export const STACK_ROLES = [role("sparki-{stack}-*"), CLUSTER_ROLE, NODE_ROLE];
export const BOUNDARY = boundaryArn({ stack: "{stack}", accountId: "{account}" });
/** The policies by which the deployment itself works; no name of the stack's own begins so. */
export const DEPLOYING_POLICIES = "arn:aws:iam::{account}:policy/deploys-sparki-{stack}-*";

/** Lets a service work by one of the stack's roles, and no other service. */
export const pass = (resource: string, ...services: readonly string[]): Grant =>
  when({ StringEquals: { "iam:PassedToService": services } }, on([resource], "iam:PassRole"));

/** AWS's own role for a service, which the first resource of its kind in an account makes. */
export const serviceLinked = (...services: readonly string[]): Grant =>
  when(
    { StringEquals: { "iam:AWSServiceName": services } },
    on([role("aws-service-role/*")], "iam:CreateServiceLinkedRole"),
  );

/** A role of the stack by its own name. */
export const stackRole = (name: string) => role(`sparki-{stack}-${name}`);
