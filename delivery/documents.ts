import type { StackConfig } from "../stacks/schema.ts";
import { BOUNDARY_ALLOWS, BOUNDARY_DENIES } from "./boundary.ts";
import { CLUSTER_AND_ROLES } from "./cluster-permissions.ts";
import { DATA } from "./data-permissions.ts";
import { EDGE } from "./edge-permissions.ts";
import { BOUNDARY, DEPLOYING_POLICIES, type Grant, on, see } from "./grants.ts";
import { NETWORK } from "./network-permissions.ts";

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
    "ec2:DescribeSecurityGroupRules",
    "eks:ListClusters",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "elasticache:DescribeReplicationGroups",
    "logs:DescribeLogGroups",
    "rds:DescribeOrderableDBInstanceOptions",
    "rds:DescribeDBInstances",
    "elasticloadbalancing:DescribeLoadBalancers",
    "servicequotas:GetServiceQuota",
    "servicequotas:GetAWSDefaultServiceQuota",
    "tag:GetResources",
    "acm:ListCertificates",
    "sts:GetCallerIdentity",
  ),
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
  const part = (name: string, table: Readonly<Record<string, readonly Grant[]>>, more: readonly Grant[] = []) =>
    inPolicies(statements("Allow", [...Object.values(table).flat(), ...more], place)).map(
      (document, index, { length }) =>
        [`deploying-role.${name}${length === 1 ? "" : `-${index + 1}`}`, document] as const,
    );
  const guarded = inPolicies([...statements("Deny", GUARD, place), ...statements("Allow", LOOKS, place)]);
  const boundary = [...statements("Deny", BOUNDARY_DENIES, place), ...statements("Allow", BOUNDARY_ALLOWS, place)];
  const named = [
    ...part("network", NETWORK),
    ...part("cluster", CLUSTER_AND_ROLES),
    ...part("data", DATA),
    ...part("edge", EDGE),
    ...guarded.map((document) => ["deploying-role.guard", document] as const),
    ["permission-boundary", documentOf(boundary)] as const,
  ];
  return Object.fromEntries(named.map(([name, document]) => [`${name}.${place.stack}.json`, document]));
}

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
