import type { StackConfig } from "../stacks/schema.ts";
import { DATA, DRILL } from "./data-permissions.ts";
import { EDGE } from "./edge-permissions.ts";
import { BOUNDARY, type Condition, DEPLOYING_POLICIES, type Grant, NODE_ROLE, on, see, when } from "./grants.ts";
import { CLUSTER_AND_ROLES, NETWORK } from "./platform-permissions.ts";

/** Where Pulumi Cloud's tokens come from, as IAM names it. */
export const CLOUD_ISSUER = "api.pulumi.com/oidc";
/** The project of the deployment, as `Pulumi.yaml` names it. */
export const PROJECT = "sparki";
/** The project of what follows a deployment, as `delivery/after/Pulumi.yaml` names it. */
export const AFTER = "sparki-after";
/** What follows a deployment, each task in a stack of its own: Pulumi Deployments runs commands only before an operation. */
const TASKS = ["verify", "watch"] as const;
export type Task = (typeof TASKS)[number];

/** Who in Pulumi Cloud may be a stack's roles. */
export interface CloudAccess {
  readonly organization: string;
  /** Pulumi Cloud may destroy the stack at a time that is set. */
  readonly ends: boolean;
}

/** The stack of a task that follows the deployments of another. */
export const afterStack = (stack: string, task: Task): string => `${stack}-${task}`;
/** The ESC environment that holds credentials of the role that plans. */
export const environmentName = (stack: string): string => `${stack}-plans`;

/** The audiences that Pulumi Cloud's tokens for AWS have: a deployment's, and an ESC environment's. */
export const audiencesOf = (organization: string): readonly [deployments: string, environments: string] => [
  organization,
  `aws:${organization}`,
];

/** Claims of tokens that are taken for a role; each of them all together. */
type Claims = Readonly<Record<string, string | readonly string[]>>;

/**
 * Whose tokens are taken for the stack's two roles: for the deploying one those of the stack's own deployments that update
 * it, look for drift or, where its end is set, destroy it; for the planning one those of what follows, and of the ESC
 * environment. No token of Pulumi Cloud says which branch or commit is deployed.
 * @see https://www.pulumi.com/docs/deployments/guides/oidc/
 */
function cloudClaims(
  stack: string,
  { organization, ends }: CloudAccess,
): { readonly deploying: readonly Claims[]; readonly planning: readonly Claims[] } {
  const [deployments, environments] = audiencesOf(organization);
  const subject = (project: string, name: string, operation: string) =>
    `pulumi:deploy:org:${organization}:project:${project}:stack:${name}:operation:${operation}:scope:write`;
  const operations = ["update", "detect-drift", ...(ends ? ["destroy"] : [])];
  const own = operations.map((operation) => subject(PROJECT, stack, operation));
  const after = TASKS.map((task) => subject(AFTER, afterStack(stack, task), "update"));
  const environment = `pulumi:environments:org:${organization}:env:${PROJECT}/${environmentName(stack)}`;
  return {
    deploying: [{ aud: deployments, sub: own }],
    planning: [
      { aud: deployments, sub: after },
      { aud: environments, sub: environment },
    ],
  };
}

/** Whose documents they are. */
export type Place = Pick<StackConfig, "accountId" | "region" | "domain"> & { readonly stack: string };

/** Characters of a managed policy, blanks not counted (IAM's quota). */
export const LONGEST_POLICY = 6144;
/** Managed policies that one role can bear (IAM's quota as it is by itself). */
export const MOST_POLICIES = 10;
/** Where Route 53 keeps its query logs and signing keys, whichever is the stack's region. */
const GLOBAL_REGION = "us-east-1";

/** What each resource type on AWS needs, by its type token. */
export const PERMISSIONS: Readonly<Record<string, readonly Grant[]>> = {
  ...NETWORK,
  ...CLUSTER_AND_ROLES,
  ...DATA,
  ...EDGE,
};

/** What the program and the command themselves ask AWS: the checklist, the troubleshooting guide, the take-over of what is there. */
const LOOKS: readonly Grant[] = [
  see(
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeAddresses",
    "ec2:DescribeVpcs",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeSecurityGroupRules",
    "eks:ListClusters",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeCacheSubnetGroups",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "rds:DescribeOrderableDBInstanceOptions",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeCertificates",
    "rds:DescribeDBInstances",
    "rds:DescribeDBParameterGroups",
    "rds:DescribeDBSubnetGroups",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetGroups",
    "wafv2:ListWebACLs",
    "servicequotas:GetServiceQuota",
    "servicequotas:GetAWSDefaultServiceQuota",
    "tag:GetResources",
    "acm:ListCertificates",
    "iam:ListRoles",
  ),
  // Whether it may do what the plan needs, and which services have made their own roles.
  on(["arn:aws:iam::{account}:role/*"], "iam:GetRole", "iam:SimulatePrincipalPolicy"),
  // Whether the policy is there under which alone it may make roles.
  on([BOUNDARY], "iam:GetPolicy", "iam:GetPolicyVersion"),
];

/** Who deploys cannot lift the cap on the stack's roles, nor change what it may do itself. */
const GUARD: readonly Grant[] = [
  { actions: ["iam:DeleteRolePermissionsBoundary"], resources: ["*"] },
  on(
    [BOUNDARY, DEPLOYING_POLICIES],
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
  ),
];

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: object;
}

/** A managed policy's document, as IAM takes it. */
export interface Document {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/**
 * The documents of a stack by their file's name: the deploying role's, one for each part of the deployment (two where
 * one would be longer than IAM takes), and the boundary of the roles that it makes. The same place gives the same text.
 */
export function documentsOf(place: Place): Readonly<Record<string, Document>> {
  const allowed = (grants: readonly Grant[]) => statements("Allow", grants, place);
  const tables = { network: NETWORK, cluster: CLUSTER_AND_ROLES, data: DATA, edge: EDGE };
  const parts = new Map<string, readonly Statement[]>(
    Object.entries(tables).map(([name, table]) => [name, allowed(Object.values(table).flat())]),
  );
  parts.set("guard", [...statements("Deny", GUARD, place), ...allowed(LOOKS)]);
  const all = [...parts.values()].flat();
  const deploying = [...parts].flatMap(([name, own]) =>
    inPolicies(own.flatMap((each) => withoutRepeated(each, all))).map(
      (document, index, { length }) =>
        [`deploying-role.${name}${length === 1 ? "" : `-${index + 1}`}`, document] as const,
    ),
  );
  const boundary = [...statements("Deny", BOUNDARY_DENIES, place), ...statements("Allow", BOUNDARY_ALLOWS, place)];
  const named = [...deploying, ["permission-boundary", documentOf(boundary)] as const];
  return Object.fromEntries(named.map(([name, document]) => [`${name}.${place.stack}.json`, document]));
}

/** What the role of a stack's scheduled restore drills may do beside reading. */
export function drillingDocument(place: Place): Document {
  return { Version: "2012-10-17", Statement: statements("Allow", DRILL, place) };
}

/** Every document of a stack that is kept for review in `delivery/documents`, by its file's name. */
export function keptDocuments(
  place: Place & { readonly numbered?: string },
  repository: string,
): Readonly<Record<string, object>> {
  const drilling = { [`drilling-role.${place.stack}.json`]: drillingDocument(place) };
  return { ...documentsOf(place), ...drilling, ...trustsOf(place, repository) };
}

/** Whom a role of a stack trusts, as IAM takes it. */
export interface TrustDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly {
    readonly Effect: "Allow";
    readonly Principal: { readonly Federated: string };
    readonly Action: "sts:AssumeRoleWithWebIdentity";
    readonly Condition: { readonly StringEquals: Claims };
  }[];
}

/** Where GitHub's tokens say that a job is from. */
export const ISSUER = "token.actions.githubusercontent.com";
const MAIN = "refs/heads/main";
/** The workflows that change a stack. */
const DEPLOYING_WORKFLOWS = ["deploy-stack.yml", "rollback.yml"];
/** The workflow that restores a stack's backups elsewhere by the clock. */
const DRILLING_WORKFLOW = "drill.yml";

/** The GitHub environment that a stack is deployed in. */
export const environmentOf = (stack: string): string => (stack === "prod" ? "production" : stack);

/**
 * Which of GitHub's jobs may be the stack's three roles, by the documents' file names: the deploying role only a job in the
 * stack's environment, on the main branch, of a workflow of the main branch that deploys or rolls back; the drilling role only
 * a job of the main branch's own drill; the planning role a pull request of the repository, and the main branch. Of a fork's pull request GitHub signs no token. The claims besides
 * `aud` and `sub` are those that STS compares since 2026-01. Of a repository with GitHub's numbers (`numbered`) both of
 * GitHub's forms of a subject are taken, with that number alone. With `cloud`, Pulumi Cloud may be the first and the last too.
 */
export function trustsOf(
  { stack, accountId, numbered }: Pick<Place, "stack" | "accountId"> & { readonly numbered?: string },
  repository: string,
  cloud?: CloudAccess,
): Readonly<Record<string, TrustDocument>> {
  const statement = (issuer: string, claims: Claims): TrustDocument["Statement"][number] => {
    const named = Object.entries(claims).map(([claim, value]) => [`${issuer}:${claim}`, value]);
    const Principal = { Federated: `arn:aws:iam::${accountId}:oidc-provider/${issuer}` };
    const Condition = { StringEquals: Object.fromEntries(named) };
    return { Effect: "Allow", Principal, Action: "sts:AssumeRoleWithWebIdentity", Condition };
  };
  const { deploying, planning } = cloud === undefined ? NO_CLAIMS : cloudClaims(stack, cloud);
  const trust = (claims: Claims, others: readonly Claims[]): TrustDocument => ({
    Version: "2012-10-17",
    Statement: [
      statement(ISSUER, { aud: "sts.amazonaws.com", ...claims, ...ids }),
      ...others.map((each) => statement(CLOUD_ISSUER, each)),
    ],
  });
  // A repository has one form now and the other one after a rename: by its number it is the same in both.
  const forms = numbered === undefined ? [repository] : [repository, numbered];
  const ids: Claims = numbered === undefined ? {} : { repository_id: numbered.slice(numbered.lastIndexOf("@") + 1) };
  const subject = (...endings: readonly string[]): Claims[string] => {
    const all = endings.flatMap((ending) => forms.map((form) => `repo:${form}:${ending}`));
    return all.length === 1 ? all.join() : all;
  };
  const onMain = (file: string) => `${repository}/.github/workflows/${file}@${MAIN}`;
  const workflows = DEPLOYING_WORKFLOWS.map(onMain);
  return {
    [`deploying-role-trust.${stack}.json`]: trust(
      { sub: subject(`environment:${environmentOf(stack)}`), ref: MAIN, job_workflow_ref: workflows },
      deploying,
    ),
    [`drilling-role-trust.${stack}.json`]: trust(
      { sub: subject(`ref:${MAIN}`), ref: MAIN, job_workflow_ref: onMain(DRILLING_WORKFLOW) },
      [],
    ),
    [`planning-role-trust.${stack}.json`]: trust({ sub: subject("pull_request", `ref:${MAIN}`) }, planning),
  };
}

const NO_CLAIMS: ReturnType<typeof cloudClaims> = { deploying: [], planning: [] };

/** How long IAM finds a document: without blanks. */
export const lengthOf = (document: Document): number => JSON.stringify(document).length;

const documentOf = (Statement: readonly Statement[]): Document => ({ Version: "2012-10-17", Statement });

/** One statement for all that is allowed of the same resources on the same condition. */
function statements(Effect: Statement["Effect"], grants: readonly Grant[], place: Place): Statement[] {
  const sameReach = Map.groupBy(grants, ({ resources, condition }) => JSON.stringify([resources, condition]));
  const merged = [...sameReach.values()].map((group) => ({
    ...group[0],
    actions: unique(group.flatMap((each) => each.actions)),
  }));
  const sameActions = Map.groupBy(merged, ({ actions, condition }) => JSON.stringify([actions, condition]));
  return [...sameActions.values()].map((group) => {
    const [first] = group;
    const resources = group.flatMap((each) => each.resources ?? []).map((each) => filled(each, place));
    const condition = first?.condition;
    return {
      Effect,
      Action: first?.actions ?? [],
      Resource: unique(resources),
      ...(condition === undefined ? {} : { Condition: withValues(condition, place) }),
    };
  });
}

/** The statement without what another one allows already, on the same condition; nothing where that is all of it. */
function withoutRepeated(statement: Statement, all: readonly Statement[]): Statement[] {
  const at = all.indexOf(statement);
  const sameCondition = JSON.stringify(statement.Condition);
  const isRepeated = (action: string) =>
    all.some(
      (other, index) =>
        other !== statement &&
        other.Effect === statement.Effect &&
        other.Action.includes(action) &&
        JSON.stringify(other.Condition) === sameCondition &&
        reaches(other, statement) &&
        (index < at || !reaches(statement, other)),
    );
  const Action = statement.Action.filter((action) => !isRepeated(action));
  return Action.length === 0 ? [] : [{ ...statement, Action }];
}

/** Whether all that one statement is about is also what another one is about. */
function reaches(wide: Statement, narrow: Statement): boolean {
  const patterns = wide.Resource.map(
    (each) => new RegExp(`^${each.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`),
  );
  return narrow.Resource.every((resource) => patterns.some((pattern) => pattern.test(resource)));
}

function withValues(condition: NonNullable<Grant["condition"]>, place: Place): object {
  const filledIn = (value: string | readonly string[]) => {
    const values = unique([value].flat().map((each) => filled(each, place)));
    return values.length === 1 ? values[0] : values;
  };
  const keysOf = (keys: Readonly<Record<string, string | readonly string[]>>) =>
    Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, filledIn(value)]));
  return Object.fromEntries(Object.entries(condition).map(([operator, keys]) => [operator, keysOf(keys)]));
}

/** Statements in as few documents as their order allows. */
function inPolicies(all: readonly Statement[]): Document[] {
  const documents: Statement[][] = [[]];
  for (const statement of all) {
    const last = documents.at(-1) ?? [];
    if (last.length > 0 && lengthOf(documentOf([...last, statement])) > LONGEST_POLICY) documents.push([statement]);
    else last.push(statement);
  }
  return documents.map(documentOf);
}

function filled(text: string, { stack, accountId, region, domain }: Place): string {
  const values: Readonly<Record<string, string>> = {
    stack,
    account: accountId,
    region,
    domain,
    global: GLOBAL_REGION,
  };
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort();

const HERE: Condition = { StringEquals: { "aws:RequestedRegion": ["{region}", "{global}"] } };

const here = (...actions: readonly string[]): Grant => when(HERE, { actions, resources: ["*"] });

/**
 * The most that a role of the stack can do, whatever its own policies say: what pods, flow logs, the database's
 * monitoring, EKS and its nodes do. No identity is changed by it but the nodes' instance profiles, no key is deleted, and
 * nothing is done outside of the stack's regions.
 */
const BOUNDARY_ALLOWS: readonly Grant[] = [
  on(
    [
      "arn:aws:secretsmanager:{region}:{account}:secret:sparki/{stack}/*",
      "arn:aws:secretsmanager:{region}:{account}:secret:rds!db-*",
    ],
    "secretsmanager:GetSecretValue",
    "secretsmanager:DescribeSecret",
  ),
  on(["arn:aws:kms:{region}:{account}:key/*"], "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
  on(
    [
      "arn:aws:logs:{region}:{account}:log-group:/sparki/{stack}/*",
      "arn:aws:logs:{region}:{account}:log-group:/aws/eks/sparki-{stack}/*",
      "arn:aws:logs:{region}:{account}:log-group:RDS*",
    ],
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
  ),
  // EKS in Auto Mode makes nodes, their disks, templates and interfaces; AWS's own policies of its role say which.
  here(
    "ec2:Describe*",
    "ec2:CreateFleet",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:ModifyInstance*",
    "ec2:RebootInstances",
    "ec2:CreateLaunchTemplate*",
    "ec2:DeleteLaunchTemplate*",
    "ec2:GetInstanceTypesFromInstanceRequirements",
    "ec2:GetSecurityGroupsForVpc",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:CreateVolume",
    "ec2:DeleteVolume",
    "ec2:AttachVolume",
    "ec2:DetachVolume",
    "ec2:ModifyVolume",
    "ec2:EnableFastSnapshotRestores",
    "ec2:CreateSnapshot",
    "ec2:DeleteSnapshot",
    "ec2:CreateNetworkInterface*",
    "ec2:DeleteNetworkInterface*",
    "ec2:AttachNetworkInterface",
    "ec2:DetachNetworkInterface",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:AssignIpv6Addresses",
    "ec2:UnassignIpv6Addresses",
    "ec2:CreateSecurityGroup",
    "ec2:DeleteSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupIngress",
    "elasticloadbalancing:Describe*",
    "elasticloadbalancing:RegisterTargets",
    "elasticloadbalancing:DeregisterTargets",
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchImportUpstreamImage",
    "eks-auth:AssumeRoleForPodIdentity",
  ),
  on(
    ["arn:aws:iam::{account}:instance-profile/eks*"],
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:GetInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:AddRoleToInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
  ),
  when({ StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } }, on([NODE_ROLE], "iam:PassRole")),
  when(
    { StringEquals: { "iam:AWSServiceName": ["spot.amazonaws.com", "elasticloadbalancing.amazonaws.com"] } },
    on(["arn:aws:iam::{account}:role/aws-service-role/*"], "iam:CreateServiceLinkedRole"),
  ),
];

/** Stands against every other policy that a role may get. */
const BOUNDARY_DENIES: readonly Grant[] = [
  {
    actions: [
      "organizations:*",
      "account:*",
      "kms:ScheduleKeyDeletion",
      "kms:DisableKey",
      "kms:PutKeyPolicy",
      "ec2:CreateVpcPeeringConnection",
      "ec2:AcceptVpcPeeringConnection",
      "ec2:ModifySnapshotAttribute",
      "ec2:ModifyImageAttribute",
    ],
    resources: ["*"],
  },
];
