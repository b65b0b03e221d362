import {
  type Declaration,
  declare,
  fill,
  hasBookkeeping,
  known,
  Matcher,
  matching,
  optional,
  parsedOnce,
  ref,
  same,
  type World,
  whereConfigured,
} from "./shape.ts";

/** What one statement may say, at most: fewer actions or resources are let pass, a wildcard only in the very same text. */
export interface Grant {
  /** @default "Allow" */
  readonly effect?: "Allow" | "Deny";
  /** Only in trust policies and in policies of resources. */
  readonly principal?: Readonly<Record<string, string>> | "*";
  readonly actions: readonly string[];
  /** `{any}` stands for a text without a wildcard that AWS makes up. Absent in trust policies. */
  readonly resources?: readonly string[];
  readonly condition?: Readonly<Record<string, unknown>>;
}

const STATEMENT_KEYS = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
const DOCUMENT_KEYS = ["Version", "Id", "Statement"];

/** An IAM document as JSON text, each of whose statements is covered by one of these grants. */
export function document(grants: readonly Grant[], ...sources: readonly string[]): Matcher {
  return new Matcher(
    `an IAM document of these grants: ${JSON.stringify(grants)}`,
    (value, world) => uncovered(value, grants, world).length === 0,
    { sources, mustRefer: sources.length > 0 },
  );
}

/** What of an IAM document no grant covers; a document that AWS refuses or that readers may read in two ways counts. */
export function uncovered(value: unknown, grants: readonly Grant[], world: World): string[] {
  const parsed = typeof value === "string" ? parsedOnce(value) : undefined;
  if (!isRecord(parsed) || hasBookkeeping(parsed) || !hasOnly(parsed, DOCUMENT_KEYS) || parsed.Version !== "2012-10-17")
    return ["document"];
  const statements = Array.isArray(parsed.Statement) ? parsed.Statement : [parsed.Statement];
  if (statements.length === 0) return ["Statement"];
  return statements.flatMap((statement, index) =>
    grants.some((grant) => covers(grant, statement, world)) ? [] : [`Statement[${index}]`],
  );
}

function covers(grant: Grant, statement: unknown, world: World): boolean {
  if (!isRecord(statement) || !hasOnly(statement, STATEMENT_KEYS)) return false;
  const { actions, resources, principal, condition, effect = "Allow" } = grant;
  return (
    statement.Effect === effect &&
    within(statement.Action, actions, world) &&
    (resources === undefined ? statement.Resource === undefined : within(statement.Resource, resources, world)) &&
    same(normalPrincipal(statement.Principal), normalPrincipal(filled(principal, world))) &&
    same(statement.Condition, filled(condition, world))
  );
}

/** Whether a text, or every text of a list, is one of those that the table has. */
function within(value: unknown, declared: readonly string[], world: World): boolean {
  const texts = Array.isArray(value) ? value : [value];
  return texts.length > 0 && texts.every((text) => declared.some((one) => isText(text, fill(one, world))));
}

function isText(text: unknown, declared: string): boolean {
  if (typeof text !== "string") return false;
  if (!declared.includes("{any}")) return text === declared;
  const parts = declared.split("{any}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[A-Za-z0-9!/_-]+")}$`).test(text);
}

/** `{Service: ["a"]}` says the same as `{Service: "a"}`. */
function normalPrincipal(principal: unknown): unknown {
  if (!isRecord(principal)) return principal;
  return Object.fromEntries(
    Object.entries(principal).map(([kind, names]) => [
      kind,
      Array.isArray(names) && names.length === 1 ? names[0] : names,
    ]),
  );
}

function filled(value: unknown, world: World): unknown {
  return value === undefined ? undefined : JSON.parse(fill(JSON.stringify(value), world));
}

function hasOnly(value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return Object.keys(value).every((key) => keys.includes(key));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Identity {
  /** Logical name of its role. */
  readonly role: string;
  /** Name in AWS; EKS's own roles get one from the engine. */
  readonly name: string | Matcher;
  readonly description?: string;
  /** Who may take it. */
  readonly trusts: string;
  readonly tagsSession?: boolean;
  /** For whom the service may take it. */
  readonly only?: Grant["condition"];
  /** What it may do, and the resources whose ARNs its policy is made of. */
  readonly grants?: readonly Grant[];
  readonly from?: readonly string[];
  /** AWS's own policies by name. */
  readonly managed?: readonly string[];
}

const madeUp = (name: string) => matching("a name that the engine makes up", new RegExp(`^${name}-[0-9a-f]{7}$`));

const secret = (path: string) => `arn:aws:secretsmanager:{region}:{account}:secret:sparki/{stack}/${path}`;
const CACHE_SECRET = secret("cache-{any}");
/** The secrets of every rotation of a database user's password. */
const ofUser = (purpose: string) => secret(`database/${purpose}-*`);

/** The pods of one service account, which may read these secrets. */
function workload(
  key: string,
  serviceAccount: string,
  resources: readonly string[],
  from: readonly string[] = [],
): Identity {
  return {
    role: `identities-${key}-role`,
    name: `sparki-{stack}-${serviceAccount}`,
    trusts: "pods.eks.amazonaws.com",
    tagsSession: true,
    only: {
      StringEquals: {
        "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:{region}:{account}:cluster/sparki-{stack}",
        "aws:RequestTag/kubernetes-namespace": "sparki-engine",
        "aws:RequestTag/kubernetes-service-account": serviceAccount,
      },
    },
    grants: [
      { actions: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], resources },
      { actions: ["kms:Decrypt"], resources: ["arn:aws:kms:{region}:{account}:key/{any}"] },
    ],
    from: ["keys-secrets", ...from],
  };
}

/** A service acts for this resource of this account and region, and for no other. */
const onBehalfOf = (service: string, resource: string) => ({
  StringEquals: { "aws:SourceAccount": "{account}" },
  ArnLike: { "aws:SourceArn": `arn:aws:${service}:{region}:{account}:${resource}` },
});

/** Every role of this deployment: who takes it, and all that it may do. */
export const IDENTITIES: readonly Identity[] = [
  workload("engine", "engine", [ofUser("application"), CACHE_SECRET], ["secrets-cache", "secrets-cache-value"]),
  workload("migrations", "migrations", [ofUser("migrations")]),
  workload(
    "database-users",
    "database-users",
    ["arn:aws:secretsmanager:{region}:{account}:secret:rds!db-{any}", ofUser("application"), ofUser("migrations")],
    ["database-instance"],
  ),
  {
    role: "network-flow-logs",
    name: "sparki-{stack}-flow-logs",
    trusts: "vpc-flow-logs.amazonaws.com",
    only: onBehalfOf("ec2", "vpc-flow-log/*"),
    grants: [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        resources: ["arn:aws:logs:{region}:{account}:log-group:/sparki/{stack}/vpc-flow-logs:*"],
      },
    ],
    from: ["network-flow-logs"],
  },
  {
    role: "database-monitoring",
    name: "sparki-{stack}-database-monitoring",
    trusts: "monitoring.rds.amazonaws.com",
    only: onBehalfOf("rds", "db:sparki-{stack}-database"),
    managed: ["service-role/AmazonRDSEnhancedMonitoringRole"],
  },
  {
    role: "cluster-eks-eksRole-role",
    name: madeUp("cluster-eks-eksRole-role"),
    description: "Allows EKS to manage clusters on your behalf.",
    trusts: "eks.amazonaws.com",
    tagsSession: true,
    managed: [
      "AmazonEKSBlockStoragePolicy",
      "AmazonEKSClusterPolicy",
      "AmazonEKSComputePolicy",
      "AmazonEKSLoadBalancingPolicy",
      "AmazonEKSNetworkingPolicy",
    ],
  },
  {
    role: "cluster-eks-nodeRole-role",
    name: madeUp("cluster-eks-nodeRole-role"),
    trusts: "ec2.amazonaws.com",
    managed: ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"],
  },
];

/** All that the pods of a service account may ask of AWS; nothing for one without a role. */
export function grantsOfPods(namespace: string, serviceAccount: string): readonly Grant[] {
  const isTheirs = ({ only }: Identity) => {
    const tags = Object(Object(only).StringEquals);
    return (
      tags["aws:RequestTag/kubernetes-namespace"] === namespace &&
      tags["aws:RequestTag/kubernetes-service-account"] === serviceAccount
    );
  };
  return IDENTITIES.filter(isTheirs).flatMap(({ grants = [] }) => grants);
}

const trustOf = ({ trusts, tagsSession, only }: Identity) =>
  document([
    {
      principal: { Service: trusts },
      actions: tagsSession === true ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"],
      ...(only === undefined ? {} : { condition: only }),
    },
  ]);

/** Of `cluster-eks-eksRole-role` the component names the attachments `cluster-eks-eksRole-<hash of the ARN>`. */
const ATTACHMENT_HASHES: Readonly<Record<string, string>> = {
  AmazonEKSLoadBalancingPolicy: "cluster-eks-eksRole-1587f79c",
  AmazonEKSBlockStoragePolicy: "cluster-eks-eksRole-1e381056",
  AmazonEKSClusterPolicy: "cluster-eks-eksRole-4b490823",
  AmazonEKSNetworkingPolicy: "cluster-eks-eksRole-9ae443cd",
  AmazonEKSComputePolicy: "cluster-eks-eksRole-d86a545b",
  AmazonEC2ContainerRegistryPullOnly: "cluster-eks-nodeRole-22021ef5",
  AmazonEKSWorkerNodeMinimalPolicy: "cluster-eks-nodeRole-7b85ae6b",
};

/** Where one is configured, a role without it could do whatever its policies are changed to. */
const BOUNDARY = whereConfigured("permissionsBoundary", ({ permissionsBoundary }) => permissionsBoundary);

function declared(identity: Identity): Declaration[] {
  const { role, name, description, grants, from = [], managed = [] } = identity;
  const roleProperties = {
    name,
    description: optional(description ?? "Managed by Pulumi"),
    assumeRolePolicy: trustOf(identity),
    forceDetachPolicies: optional(false),
    maxSessionDuration: optional(3600),
    path: optional("/"),
    permissionsBoundary: BOUNDARY,
  };
  const policy = grants && { name, policy: document(grants, ...from), role: ref(role) };
  const attachments = managed.map((policyName) => {
    const attachment = ATTACHMENT_HASHES[policyName] ?? `${role}-${policyName.slice(policyName.lastIndexOf("/") + 1)}`;
    const policyArn = known(`arn:aws:iam::aws:policy/${policyName}`, role);
    return declare("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {
      [attachment]: { policyArn, role: ref(role) },
    });
  });
  return [
    ...declare("aws:iam/role:Role", { [role]: roleProperties }),
    ...(policy === undefined ? [] : declare("aws:iam/rolePolicy:RolePolicy", { [`${role}-policy`]: policy })),
    ...attachments.flat(),
  ];
}

const ADMINISTERS: Grant = {
  principal: { AWS: "arn:aws:iam::{account}:root" },
  actions: ["kms:*"],
  resources: ["*"],
};
const LOGS_USE: Grant = {
  principal: { Service: "logs.{region}.amazonaws.com" },
  actions: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
  resources: ["*"],
  condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:{region}:{account}:log-group:*" } },
};
const SIGNS: readonly Grant[] = [
  {
    principal: { Service: "dnssec-route53.amazonaws.com" },
    actions: ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
    resources: ["*"],
    condition: {
      StringEquals: { "aws:SourceAccount": "{account}" },
      ArnLike: { "aws:SourceArn": "arn:aws:route53:::hostedzone/*" },
    },
  },
  {
    principal: { Service: "dnssec-route53.amazonaws.com" },
    actions: ["kms:CreateGrant"],
    resources: ["*"],
    condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
  },
];

const PURPOSES = ["cluster", "data", "secrets", "logs"];
const symmetric = (policy: Matcher) => ({
  description: matching("a description", /^Sparki [\w-]+: [\w ,]+$/),
  enableKeyRotation: true,
  deletionWindowInDays: 30,
  policy,
  customerMasterKeySpec: optional("SYMMETRIC_DEFAULT"),
  keyUsage: optional("ENCRYPT_DECRYPT"),
  isEnabled: optional(true),
  bypassPolicyLockoutSafetyCheck: optional(false),
});

const keys: readonly Declaration[] = [
  ...declare("aws:kms/key:Key", {
    ...Object.fromEntries(
      PURPOSES.map((purpose) => [
        `keys-${purpose}`,
        symmetric(document(purpose === "logs" ? [ADMINISTERS, LOGS_USE] : [ADMINISTERS])),
      ]),
    ),
    "edge-dns-dnssec": {
      description: "Sparki {stack}: DNSSEC signing of {domain}",
      deletionWindowInDays: 30,
      customerMasterKeySpec: "ECC_NIST_P256",
      keyUsage: "SIGN_VERIFY",
      policy: document([ADMINISTERS, ...SIGNS]),
      isEnabled: optional(true),
      enableKeyRotation: optional(false),
      bypassPolicyLockoutSafetyCheck: optional(false),
    },
  }),
  ...declare(
    "aws:kms/alias:Alias",
    Object.fromEntries(
      PURPOSES.map((purpose) => [
        `keys-${purpose}-alias`,
        { name: `alias/sparki-{stack}-${purpose}`, targetKeyId: ref(`keys-${purpose}`) },
      ]),
    ),
  ),
];

/** Roles, keys, and who lives by which role. */
export const identities: readonly Declaration[] = [
  ...IDENTITIES.flatMap(declared),
  ...keys,
  ...declare(
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    Object.fromEntries(
      ["engine", "migrations", "database-users"].map((serviceAccount) => [
        `identities-${serviceAccount}-association`,
        {
          clusterName: known("sparki-{stack}", "cluster-eks", "cluster-eks-eksCluster"),
          namespace: "sparki-engine",
          serviceAccount,
          roleArn: ref(`identities-${serviceAccount}-role`),
          disableSessionTags: optional(false),
        },
      ]),
    ),
  ),
];
